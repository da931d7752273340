"""A text's own hash decides whether it is held out, and near-duplicates decide together.

So a text stays on its side when the corpus grows or is shuffled, on every machine, without a list of who is where; and
no text is tested on whose copy was trained on.

Source: Lee et al. 2021, "Deduplicating Training Data Makes Language Models Better", arXiv:2107.06499: more than 4 % of
the validation texts of known corpora overlap with the training texts.
"""

import hashlib
from collections.abc import Sequence


def uniform_hash(text: str, salt: str = "") -> float:
    """A number from 0 to 1 that looks random and depends on the text and the salt alone."""
    digest = hashlib.blake2b(f"{salt}\n{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def is_held_out(
    texts: Sequence[str], cluster_of: Sequence[int] | None = None, share: float = 0.05, salt: str = ""
) -> list[bool]:
    """Which texts are for validation: those of about this share of the clusters; without clusters, of the texts.

    A cluster goes where its text with the smallest hash goes, so it does not matter in which order the texts come.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be a probability between 0 and 1, got {share}")
    hashes = [uniform_hash(text, salt) for text in texts]
    cluster_of = range(len(texts)) if cluster_of is None else cluster_of
    smallest: dict[int, float] = {}
    sizes: dict[int, int] = {}
    for cluster, value in zip(cluster_of, hashes, strict=True):
        smallest[cluster] = min(value, smallest.get(cluster, 1.0))
        sizes[cluster] = sizes.get(cluster, 0) + 1
    # The smallest of k hashes is below q with probability 1 − (1 − q)^k: a cluster's size must not change its chance.
    chosen = {cluster: 1 - (1 - value) ** sizes[cluster] < share for cluster, value in smallest.items()}
    return [chosen[cluster] for cluster in cluster_of]
