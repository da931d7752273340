"""A tokenizer that several tests share, trained once on text with awkward parts."""

import pytest

from helpers.corpora.real import python_manual
from helpers.tokenizers import BPETokenizer
from tests.tokenizers.awkward import AWKWARD


@pytest.fixture(scope="session")
def manual() -> str:
    return python_manual()


@pytest.fixture(scope="session")
def tokenizer(manual: str) -> BPETokenizer:
    return BPETokenizer.train([manual[:100_000], *AWKWARD.values()], n_merges=500)
