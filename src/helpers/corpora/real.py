"""Real text beside the invented: the Python manual offline, Tiny Shakespeare and TinyStories by download.

A downloaded text is looked for in this order: the folder that the environment variable HELPERS_DATA names,
the cache of earlier downloads, the original address, its mirrors. Its checksum must be right wherever it comes
from, for the book's numbers belong to exactly these texts.

Source: Karpathy 2015, char-rnn (Tiny Shakespeare); Eldan and Li 2023, "TinyStories", arXiv:2305.07759, licence
CDLA-Sharing-1.0.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pooch
from requests import RequestException

DATA_VARIABLE = "HELPERS_DATA"
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class TextFile:
    """A text on the web: its file name here, its checksum, and every address that serves exactly it."""

    name: str
    sha256: str
    urls: tuple[str, ...]


TINY_SHAKESPEARE = TextFile(
    name="tinyshakespeare.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    urls=(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "https://raw.githubusercontent.com/jcjohnson/torch-rnn/master/data/tiny-shakespeare.txt",
        "https://cdn.jsdelivr.net/gh/karpathy/char-rnn@master/data/tinyshakespeare/input.txt",
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
    ),
)

_STORIES = "datasets/roneneldan/TinyStories/resolve/main"
TINY_STORIES = {
    "validation": TextFile(
        name="TinyStoriesV2-GPT4-valid.txt",
        sha256="6874bae9a4c1a4e7edcf0e53b86c17817e9cf881fc75ff2368da457b80c0585d",
        urls=(
            f"https://huggingface.co/{_STORIES}/TinyStoriesV2-GPT4-valid.txt",
            f"https://hf-mirror.com/{_STORIES}/TinyStoriesV2-GPT4-valid.txt",
        ),
    ),
    "train": TextFile(
        name="TinyStoriesV2-GPT4-train.txt",
        sha256="6418d412de72888f52b5142c761ac21a582f7d1166f0bfbdb5f03ccfdec90443",
        urls=(
            f"https://huggingface.co/{_STORIES}/TinyStoriesV2-GPT4-train.txt",
            f"https://hf-mirror.com/{_STORIES}/TinyStoriesV2-GPT4-train.txt",
        ),
    ),
}


def python_manual() -> str:
    """The help texts that every Python carries, topic after topic by name: real English without a download.

    About 400,000 characters. Each Python version has its own manual: the text differs between 3.11, 3.12, 3.13.
    Topics quote each other at length. Only the first copy of a paragraph is kept, or a part held back for
    validation would contain what was trained on.
    """
    from pydoc_data.topics import topics

    paragraphs = (paragraph for name in sorted(topics) for paragraph in topics[name].strip().split("\n\n"))
    return "\n\n".join(_without_copies(paragraphs)) + "\n"


def tiny_shakespeare() -> str:
    """About 1.1 million characters of Shakespeare's plays, as in the character-level experiments of char-rnn.

    Raises FileNotFoundError, with what to do, if it is neither on this machine nor to be downloaded.
    """
    return load_text(TINY_SHAKESPEARE)


def has_tiny_shakespeare() -> bool:
    """Whether `tiny_shakespeare()` needs no network; never touches the network itself."""
    return any(_is_right(path, TINY_SHAKESPEARE) for path in _places(TINY_SHAKESPEARE))


def tiny_stories(split: str = "validation") -> str:
    """Short stories written by GPT-4 in a small child's words, separated by `<|endoftext|>`.

    'validation' is 22.5 MB, 'train' 2.2 GB. Errors as for `tiny_shakespeare`.
    """
    if split not in TINY_STORIES:
        raise ValueError(f"split must be one of {sorted(TINY_STORIES)}, got {split!r}")
    return load_text(TINY_STORIES[split])


def load_text(file: TextFile) -> str:
    """The text from the first place that has it. Raises ValueError for a local file with another content."""
    path = next((path for path in _places(file) if path.exists()), None)
    if path is None:
        path = _download(file)
    if not _is_right(path, file):
        raise ValueError(
            f"{file.name} must have the sha256 {file.sha256}, got another text in {path}: "
            "delete that file and call again to download it anew"
        )
    # Bytes, not text mode: translated line ends would change the text.
    return path.read_bytes().decode("utf-8")


def _places(file: TextFile) -> Iterator[Path]:
    if folder := os.environ.get(DATA_VARIABLE):
        yield Path(folder) / file.name
    yield _cache_folder() / file.name


def _cache_folder() -> Path:
    return Path(pooch.os_cache("from-gpt-to-llama"))


def _is_right(path: Path, file: TextFile) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def _download(file: TextFile) -> Path:
    """The path in the cache, filled from the first address that serves the right text."""
    pooch.get_logger().setLevel("WARNING")  # its notice would print this machine's paths into notebooks
    failures = []
    for url in file.urls:
        try:
            path = pooch.retrieve(
                url,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=_cache_folder(),
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
            )
            return Path(path)
        except RequestException as error:
            failures.append(f"{url} (no answer: {type(error).__name__})")
        except ValueError:  # pooch's word for a wrong checksum; it has deleted the file
            failures.append(f"{url} (another text: wrong checksum)")
    raise FileNotFoundError(_what_to_do(file, failures))


def _what_to_do(file: TextFile, failures: list[str]) -> str:
    folder = os.environ.get(DATA_VARIABLE)
    looked = f"the folder {folder!r} that {DATA_VARIABLE} names" if folder else "a folder of yours (none is named)"
    tried = "\n  ".join(failures)
    return (
        f"{file.name} must be on this machine or be downloaded. It is not in {looked}, "
        f"nor in the cache, and no address served it:\n  {tried}\n"
        f"Either connect to the network and call again, or get {file.urls[0]} on another machine, "
        f"save it as {file.name}, and set the environment variable {DATA_VARIABLE} to the folder it is in."
    )


def _without_copies(paragraphs: Iterator[str], shortest: int = 80) -> Iterator[str]:
    """The paragraphs, less those of at least `shortest` characters that came before, however indented."""
    seen = set()
    for paragraph in paragraphs:
        words = " ".join(paragraph.split())
        if len(words) < shortest or words not in seen:
            yield paragraph.rstrip()
        seen.add(words)
