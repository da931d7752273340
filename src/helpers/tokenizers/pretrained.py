"""Tokenizers of others from their files: GPT-2's and Llama 3's vocabularies, read from a local folder.

Three formats hold the same things, the bytes of every id and the order of the merges. `tokenizer.json` is the one
file of the `tokenizers` library. `vocab.json` with `merges.txt` is GPT-2's pair. `tokenizer.model` in tiktoken's
format has one token per line and no merges: a token's rank is its id, and any two neighbours may merge that make a
token, the lowest rank first.
Nothing here adds a beginning or an end of text: `encode` gives the ids of the text alone.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2, the released
encoder.py; Grattafiori et al. 2024, "The Llama 3 Herd of Models", arXiv:2407.21783, section 3.2, the released
tokenizer.py.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.tokenizers.bpe import BPETokenizer
from helpers.tokenizers.byte_names import bytes_named
from helpers.tokenizers.byte_pairs import Pair
from helpers.tokenizers.pretokenize import GPT2_PATTERN, LLAMA_3_PATTERN
from helpers.tokenizers.special import LLAMA_3_END_OF_TEXT

LLAMA_3_SPECIAL_TOKENS = (
    "<|begin_of_text|>",
    LLAMA_3_END_OF_TEXT,
    *(f"<|reserved_special_token_{i}|>" for i in range(4)),
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|reserved_special_token_4|>",
    "<|eot_id|>",
    *(f"<|reserved_special_token_{i}|>" for i in range(5, 251)),
)


def load_tokenizer(folder: str | Path) -> BPETokenizer:
    """The tokenizer whose files lie in the folder.

    Looks for tokenizer.json, then vocab.json with merges.txt, then tokenizer.model, which it takes for Llama 3's.
    Raises FileNotFoundError if there is none of them, ValueError if a file is broken.
    """
    folder = Path(folder)
    if (folder / "tokenizer.json").is_file():
        return from_tokenizer_json(folder / "tokenizer.json")
    if (folder / "vocab.json").is_file():
        return from_vocab_and_merges(folder / "vocab.json", folder / "merges.txt")
    if (folder / "tokenizer.model").is_file():
        return from_tiktoken(folder / "tokenizer.model")
    raise FileNotFoundError(
        f"a tokenizer is tokenizer.json, or vocab.json with merges.txt, or tokenizer.model; {folder} has none of them: "
        "download one of these from the model's page into the folder"
    )


def from_vocab_and_merges(vocab: str | Path, merges: str | Path) -> BPETokenizer:
    """The tokenizer of GPT-2's pair of files. Entries that no merge makes, such as <|endoftext|>, are special."""
    id_of = dict(read_json(Path(vocab)))
    pairs = list(read_merges(Path(merges), id_of))
    made = {left + right for left, right in pairs}
    special = {name: i for name, i in id_of.items() if len(name) > 1 and name not in made}
    return assembled(id_of, pairs, special, GPT2_PATTERN)


def from_tokenizer_json(path: str | Path) -> BPETokenizer:
    """The tokenizer of one file of the `tokenizers` library, if it is a byte-level BPE with a pattern known here."""
    content = read_json(Path(path))
    refuse_what_would_change_ids(content, Path(path).name)
    model = content["model"]
    special = {token["content"]: token["id"] for token in content.get("added_tokens") or []}
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    for rank, pair in enumerate(pairs):
        check_pair(pair, model["vocab"], f"{Path(path).name}, merge {rank}")
    whole_pieces = bool(model.get("ignore_merges"))
    return assembled(model["vocab"], pairs, special, pattern_of(content, Path(path).name), whole_pieces)


def from_tiktoken(
    path: str | Path, special_tokens: Sequence[str] = LLAMA_3_SPECIAL_TOKENS, pattern: str = LLAMA_3_PATTERN
) -> BPETokenizer:
    """The tokenizer of a file in tiktoken's format, Llama 3's unless told otherwise.

    The file holds no special tokens; they get the ids after it. Llama 3.1 renamed some of its reserved ones.
    """
    vocabulary = read_ranks(Path(path))
    return BPETokenizer(merges_by_rank(vocabulary), special_tokens, pattern, vocabulary, whole_pieces=True)


def assembled(
    id_of: Mapping[str, int],
    pairs: Iterable[Sequence[str]],
    special: Mapping[str, int],
    pattern: str,
    whole_pieces: bool = False,
) -> BPETokenizer:
    """The tokenizer of a vocabulary and merges in GPT-2's spelling."""
    vocabulary = {i: bytes_named(name) for name, i in id_of.items() if name not in special}
    merges = [(id_of[left], id_of[right]) for left, right in pairs]
    return BPETokenizer(merges, special, pattern, vocabulary, whole_pieces)


def merges_by_rank(vocabulary: Mapping[int, bytes]) -> list[Pair]:
    """Every pair of tokens that makes a token, those of the lowest rank first: the merges of a file that has none."""
    id_of = {token: i for i, token in vocabulary.items()}
    return [
        (id_of[token[:cut]], id_of[token[cut:]])
        for _, token in sorted(vocabulary.items())
        for cut in range(1, len(token))
        if token[:cut] in id_of and token[cut:] in id_of
    ]


def read_json(path: Path) -> dict[str, Any]:
    """The content of a JSON file, which must be one object."""
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} must be JSON, got {error.msg} in line {error.lineno}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} must hold one JSON object, got a {type(content).__name__}")
    return content


def read_merges(path: Path, id_of: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The pairs of merges.txt: two tokens per line, after a first line that may name the version."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line or (number == 1 and line.startswith("#version")):
            continue
        pair = tuple(line.removesuffix("\r").split(" "))
        check_pair(pair, id_of, f"{path.name}, line {number}")
        yield pair[0], pair[1]


def read_ranks(path: Path) -> dict[int, bytes]:
    """The bytes of every id of a file in tiktoken's format: per line a token in base64, a space, its rank."""
    vocabulary: dict[int, bytes] = {}
    line_of: dict[bytes, int] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        token, rank = read_rank(line, f"{path.name}, line {number}")
        if rank in vocabulary:
            raise ValueError(f"{path.name}, line {number}: each rank stands once, got {rank} a second time")
        if token in line_of:
            raise ValueError(f"{path.name}, line {number}: {token!r} has a rank already, in line {line_of[token]}")
        vocabulary[rank], line_of[token] = token, number
    return vocabulary


def read_rank(line: str, place: str) -> tuple[bytes, int]:
    """The token and the rank of one line."""
    try:
        token, rank = line.split(" ")
        return base64.b64decode(token, validate=True), int(rank)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"{place}: a line is a token in base64, a space and its rank, got {line!r}") from error


def read_text(path: Path) -> str:
    """The text of a file; the errors say which file, and what else it might be."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is missing in {path.parent}")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} must be a text file, got bytes that are no UTF-8: LLAMA 1 and 2 have a tokenizer.model of "
            "another kind (SentencePiece), which is not byte-level BPE"
        ) from error


def check_pair(pair: Sequence[str], id_of: Mapping[str, int], place: str) -> None:
    """Raise ValueError unless the two tokens and what they make are in the vocabulary."""
    if len(pair) != 2 or not all(pair):
        raise ValueError(f"{place}: a merge is two tokens with one space between, got {' '.join(pair)!r}")
    for name in (*pair, "".join(pair)):
        if name not in id_of:
            raise ValueError(
                f"{place}: a merge joins two tokens of the vocabulary into a third, but {name!r} is not in it: are "
                "merges and vocabulary of the same tokenizer?"
            )


def pattern_of(content: Mapping[str, Any], name: str) -> str:
    """The pattern that tokenizer.json cuts its texts with: GPT-2's, or Llama 3's."""
    step = content.get("pre_tokenizer") or {}
    steps = step.get("pretokenizers", [step])
    known = {GPT2_PATTERN: GPT2_PATTERN, LLAMA_3_PATTERN: LLAMA_3_PATTERN}
    match [(s.get("type"), s.get("use_regex", True), s.get("add_prefix_space")) for s in steps]:
        case [("ByteLevel", True, False)]:
            return GPT2_PATTERN
        case [("Split", _, _), ("ByteLevel", False, False)] if is_plain_split(steps[0], known):
            return known[steps[0]["pattern"]["Regex"]]
    raise ValueError(
        f"{name}: the text must be cut by GPT-2's or Llama 3's pattern, with no space added in front, got the "
        f"pre_tokenizer {json.dumps(step)}"
    )


def is_plain_split(step: Mapping[str, Any], known: Iterable[str]) -> bool:
    """Whether a step cuts out each match of a known pattern as a piece of its own."""
    return step["pattern"].get("Regex") in known and step["behavior"] == "Isolated" and not step["invert"]


def refuse_what_would_change_ids(content: Mapping[str, Any], name: str) -> None:
    """Raise ValueError if tokenizer.json asks for something this package does not do, rather than ignore it."""
    model = content.get("model") or {}
    if model.get("type") != "BPE":
        raise ValueError(f"{name}: the model must be BPE, got {model.get('type')!r}")
    extras = ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
    wanted = [extra for extra in extras if model.get(extra)]
    wanted += ["normalizer"] if content.get("normalizer") else []
    for token in content.get("added_tokens") or []:
        options = [option for option in ("single_word", "lstrip", "rstrip") if token.get(option)]
        wanted += [f"{option} of {token['content']!r}" for option in options]
        wanted += [] if token.get("special") else [f"{token['content']!r}, added but not special"]
    if wanted:
        raise ValueError(f"{name}: only plain byte-level BPE is read here, got {', '.join(wanted)}")
