import torch
from torch import nn

from helpers.evaluation import recall, token_spans
from helpers.tokenizers import BPETokenizer

TEXT = "Leo met Ida. Then 小熊 came, and Ida smiled."
TOKENIZER = BPETokenizer.train([TEXT] * 3, n_merges=20)


class Copycat(nn.Module):
    """Always says that the token it has just seen comes again."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, ids):
        return nn.functional.one_hot(ids, TOKENIZER.vocab_size).float()


def test_spans_in_tokens_cover_exactly_the_characters_asked_for():
    ids = TOKENIZER.encode(TEXT)
    for word in ("Leo", "小熊", "smiled"):
        start = TEXT.index(word)
        [(name, first, last)] = token_spans(TEXT, ids, TOKENIZER, [("word", start, start + len(word))])
        assert name == "word"
        assert TOKENIZER.decode(ids[first:last]).strip().startswith(word)
        assert word not in TOKENIZER.decode(ids[:first] + ids[last:])


def test_a_hit_is_the_true_token_predicted_from_the_tokens_before_it():
    text = "aab"
    plain = BPETokenizer([])
    hits = recall(Copycat(), plain, [text], [[("again", 1, 2), ("new", 2, 3), ("start", 0, 1)]])
    assert hits == {"again": [True], "new": [False], "start": [False]}
