import math

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, WatermarkDetector, WatermarkingConfig, WatermarkLogitsProcessor

from helpers.sampling.watermark import Watermark, green_list, z_score

V = 97
TEXT = torch.randint(1, V, (3, 200), generator=torch.Generator().manual_seed(1))


def detector(share, ignore_repeated):
    words = WatermarkingConfig(greenlist_ratio=share, bias=2.0, hashing_key=15485863, seeding_scheme="lefthash")
    return WatermarkDetector(LlamaConfig(vocab_size=V, bos_token_id=0), "cpu", words, ignore_repeated)


@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.equals(
    "helpers.sampling.watermark.Watermark", "transformers.WatermarkLogitsProcessor", "the raised logits, bit by bit"
)
def test_logits_are_raised_where_transformers_raises_them(share):
    logits = torch.randn(3, V, generator=torch.Generator().manual_seed(2))
    theirs = WatermarkLogitsProcessor(V, "cpu", share, 2.0)(TEXT, logits)
    assert torch.equal(Watermark(V, share=share)(logits, TEXT[:, -1]), theirs)


@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.equals(
    "helpers.sampling.watermark.Watermark",
    "transformers.WatermarkDetector",
    "the z score of a text, repeated pairs left out",
)
def test_texts_are_judged_as_transformers_judges_them(share):
    theirs = detector(share, ignore_repeated=True)(TEXT, return_dict=True).z_score
    ours = [Watermark(V, share=share).z(row.tolist()) for row in TEXT]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_a_list_has_its_share_of_tokens_and_another_key_another_list():
    lists = torch.stack([green_list(p, 200, 0.25, key=11) for p in range(1, 60)])
    assert (lists.sum(1) == 50).all()
    assert torch.equal(green_list(5, 200, 0.25, key=11), lists[4])
    assert not torch.equal(green_list(5, 200, 0.25, key=12), lists[4])
    together = (lists[:-1] & lists[1:]).double().mean()
    assert together.item() == pytest.approx(1 / 16, abs=0.01)  # neighbouring lists know nothing of each other


def test_a_text_that_knows_no_key_scores_as_a_coin_does():
    scores = torch.tensor([Watermark(V, key=k).z(row.tolist()) for k in range(1, 60) for row in TEXT])
    assert abs(scores.mean().item()) < 4 / math.sqrt(len(scores))
    assert scores.std().item() == pytest.approx(1, abs=0.2)


def test_a_text_drawn_with_the_bias_has_the_share_of_green_that_the_bias_asks_for():
    mark, chance = Watermark(V, bias=1.0), torch.Generator().manual_seed(3)
    text = [5]
    for _ in range(4000):
        probs = mark(torch.zeros(V), torch.tensor(text[-1])).softmax(-1)
        text.append(int(torch.multinomial(probs, 1, generator=chance)))
    raised = math.e * (V // 2)
    assert mark.is_green[text[:-1], text[1:]].double().mean().item() == pytest.approx(
        raised / (raised + V - V // 2), abs=0.03
    )
    assert mark.z(text) > 10


def test_a_pair_counts_once_and_the_first_token_never():
    mark = Watermark(V)
    colours = mark.colours([1, 2, 1, 2, 3])
    assert [c is None for c in colours] == [True, False, False, True, False]
    assert mark.z([1, 2, 1, 2, 1, 2]) == mark.z([1, 2, 1])


def test_the_score_by_hand():
    assert z_score(60, 100, 0.5) == 2.0
    assert z_score(25, 100, 0.25) == 0.0


def test_senseless_marks_and_texts_are_refused():
    with pytest.raises(ValueError, match=r"above 0 and below 1, got 1\.0"):
        Watermark(V, share=1.0)
    with pytest.raises(ValueError, match="at least 2 tokens"):
        Watermark(V).z([3])
    assert Watermark(V).colours([]) == []
