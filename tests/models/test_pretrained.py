import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, OpenAIGPTConfig, OpenAIGPTLMHeadModel

from helpers.models.pretrained import from_hugging_face
from helpers.sampling import generate

SIZES = dict(vocab_size=57, n_positions=24, n_embd=20, n_layer=3, n_head=4, bos_token_id=0, eos_token_id=0)
IDS = torch.randint(57, (2, 15), generator=torch.Generator().manual_seed(0))


def random_model(config_class, model_class):
    torch.manual_seed(0)
    model = model_class(config_class(**SIZES)).eval()
    for p in model.parameters():  # biases and norms start at 0 and 1: a swapped pair would go unseen
        torch.nn.init.normal_(p, std=0.3)
    return model


@pytest.mark.parametrize(("config", "model"), [(GPT2Config, GPT2LMHeadModel), (OpenAIGPTConfig, OpenAIGPTLMHeadModel)])
def test_logits_equal_those_of_transformers(config, model):
    theirs = random_model(config, model)
    torch.testing.assert_close(from_hugging_face(theirs)(IDS), theirs(IDS).logits)


def test_attention_maps_equal_those_of_transformers():
    theirs, maps = random_model(GPT2Config, GPT2LMHeadModel), []
    theirs.set_attn_implementation("eager")
    from_hugging_face(theirs)(IDS, maps=maps)
    for ours, expected in zip(maps, theirs(IDS, output_attentions=True).attentions, strict=True):
        torch.testing.assert_close(ours, expected)


def test_greedy_writing_equals_that_of_transformers():
    theirs = random_model(GPT2Config, GPT2LMHeadModel)
    expected = theirs.generate(IDS, max_new_tokens=8, do_sample=False, pad_token_id=0, eos_token_id=None)
    assert torch.equal(generate(from_hugging_face(theirs), IDS, 8, temperature=0), expected[:, 15:])


def test_a_saved_folder_is_read_like_the_model_itself(tmp_path):
    theirs = random_model(GPT2Config, GPT2LMHeadModel)
    theirs.save_pretrained(tmp_path)
    torch.testing.assert_close(from_hugging_face(tmp_path)(IDS), theirs(IDS).logits)


def test_a_missing_or_misshapen_tensor_is_named(tmp_path):
    from safetensors.torch import load_file, save_file

    random_model(GPT2Config, GPT2LMHeadModel).save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    without = {name: t for name, t in tensors.items() if name != "transformer.h.1.ln_2.bias"}
    save_file(without, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"missing: \['blocks.1.mlp_norm.bias'\]"):
        from_hugging_face(tmp_path)
    save_file({**tensors, "transformer.wte.weight": torch.zeros(58, 20)}, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"token_embedding.weight must have shape \(57, 20\), got \(58, 20\)"):
        from_hugging_face(tmp_path)


def test_an_unknown_family_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        from_hugging_face(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "parrot"}')
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="openai-gpt, gpt2, got 'parrot'"):
        from_hugging_face(tmp_path)
