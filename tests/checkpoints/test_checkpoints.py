import pytest
import torch

from helpers import checkpoints, evaluation, training
from helpers.corpora import tales
from helpers.models import Decoder, DecoderConfig
from helpers.tokenizers import BPETokenizer


@pytest.mark.parametrize("name", checkpoints.names())
def test_a_shipped_model_predicts_unseen_tales_better_than_a_bigram_and_no_better_than_the_truth(name):
    model, tokenizer = checkpoints.load(name)
    stories = tales.stories(20, seed=987_654)
    batch = training.story_batch(stories, tokenizer, model.config.context_length)
    nats = evaluation.row_nats(model, batch.inputs, batch.targets)
    gap = evaluation.mean_with_error([n + tales.log_prob(s) for n, s in zip(nats, stories, strict=True)])
    assert -4 * gap.error < gap.value < 100  # a bigram is about 300 nats a story above the floor


def test_there_is_a_shipped_model_and_an_unknown_name_lists_them():
    assert "gpt-tales" in checkpoints.names()
    with pytest.raises(FileNotFoundError, match="gpt-tales"):
        checkpoints.load("gpt-5")


@pytest.mark.parametrize("name", checkpoints.names())
def test_a_shipped_model_tells_how_it_came_about(name):
    assert {"seed", "n_steps"} <= checkpoints.about(name).keys()


def test_saving_and_loading_keeps_every_weight_to_half_precision(tmp_path):
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=300, context_length=8, d_model=16, n_layers=1, n_heads=2)).eval()
    checkpoints.save(tmp_path, "tiny", model, BPETokenizer.train("low lower lowest", n_merges=3), seed=0)
    again, tokenizer = checkpoints.load_from(tmp_path, "tiny")
    assert again.config == model.config
    assert again.lm_head.weight is again.token_embedding.weight
    for a, b in zip(again.parameters(), model.parameters(), strict=True):
        assert torch.equal(a, b.half().float())
    assert tokenizer.decode(tokenizer.encode("lower")) == "lower"


def test_a_file_that_lacks_a_weight_is_refused_by_name(tmp_path):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    model = Decoder(DecoderConfig(vocab_size=300, context_length=8, d_model=16, n_layers=1, n_heads=2))
    checkpoints.save(tmp_path, "tiny", model, BPETokenizer([]))
    file = tmp_path / "tiny.safetensors"
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    tensors = {k: t for k, t in load_file(file).items() if k != "final_norm.bias"}
    save_file(tensors, file, metadata=metadata)
    with pytest.raises(ValueError, match=r"lacks \['final_norm.bias'\]"):
        checkpoints.load_from(tmp_path, "tiny")
