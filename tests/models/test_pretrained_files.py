import json
import re
from fnmatch import fnmatch

import pytest
import torch
import transformers
from huggingface_hub.errors import LocalEntryNotFoundError
from models.foreign import IDS, LLAMA, random_decoder, random_model, same_state
from safetensors.torch import load_file, save_file

from helpers.models import PRESETS, Classifier, Decoder, DecoderConfig, preset
from helpers.models.foreign_names import FAMILIES
from helpers.models.foreign_settings import family_of
from helpers.models.foreign_tensors import fill
from helpers.models.pretrained import from_hugging_face, save_hugging_face, to_hugging_face
from helpers.positions.rope_scaling import Llama3Scaling, NtkScaling

BERT_SIZES = dict(
    vocab_size=57, max_position_embeddings=24, hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
    intermediate_size=36,
)  # fmt: skip
OLD_LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0)
SMALL = DecoderConfig(vocab_size=31, context_length=16, d_model=24, n_layers=2, n_heads=4)


def saved(folder, kind="gpt2", **options):
    theirs = random_decoder(kind)
    theirs.save_pretrained(folder, **options)
    return theirs


def rewrite(folder, change_names=None, drop=(), add=None, settings=None):
    """Change a saved folder as an older release, or an accident, would have left it."""
    file, config = folder / "model.safetensors", folder / "config.json"
    tensors = {name: tensor for name, tensor in load_file(file).items() if name not in drop} | (add or {})
    rename = change_names or (lambda name: name)
    save_file({rename(name): tensor for name, tensor in tensors.items()}, file, metadata={"format": "pt"})
    config.write_text(json.dumps((settings or (lambda words: words))(json.loads(config.read_text()))))


@pytest.mark.parametrize("kind", ["gpt2", "mixtral"])
def test_shards_are_read_like_one_file(kind, tmp_path):
    theirs = saved(tmp_path, kind, max_shard_size="10KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 2
    assert same_state(from_hugging_face(tmp_path), from_hugging_face(theirs))


def test_a_lost_shard_is_named(tmp_path):
    saved(tmp_path, max_shard_size="10KB")
    lost = sorted(tmp_path.glob("model-*.safetensors"))[1]
    lost.unlink()
    with pytest.raises(FileNotFoundError, match=f"has no {re.escape(lost.name)}"):
        from_hugging_face(tmp_path)


def test_what_does_not_fit_changes_nothing():
    theirs = random_decoder("gpt2")
    tensors = theirs.state_dict() | {"transformer.ln_f.weight": torch.zeros(21)}
    ours = Decoder(from_hugging_face(theirs).config)
    before = {name: parameter.clone() for name, parameter in ours.named_parameters()}
    with pytest.raises(
        ValueError, match=r"ln_f.weight must have shape \(20,\) to fill our final_norm.weight, got \(21,\)"
    ):
        fill(ours, tensors, FAMILIES["gpt2"])
    assert all(torch.equal(parameter, before[name]) for name, parameter in ours.named_parameters())


def test_an_empty_folder_and_an_unknown_family_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        from_hugging_face(tmp_path)
    saved(tmp_path)
    rewrite(tmp_path, settings=lambda words: words | {"model_type": "parrot"})
    with pytest.raises(ValueError, match=r"openai-gpt, gpt2, .*, got 'parrot'"):
        from_hugging_face(tmp_path)


def test_a_missing_tensor_is_named_by_their_name_and_ours(tmp_path):
    saved(tmp_path)
    rewrite(tmp_path, drop=["transformer.h.1.ln_2.bias", "transformer.h.2.attn.c_attn.weight"])
    with pytest.raises(
        ValueError, match=r"missing: transformer.h.1.ln_2.bias \(our blocks.1.mlp_norm.bias\), "
    ) as told:
        from_hugging_face(tmp_path)
    q, k, v = (f"blocks.2.attention.{letter}_proj.weight" for letter in "qkv")
    assert f"transformer.h.2.attn.c_attn.weight (our {q}, {k}, {v}); unknown: none" in str(told.value)


def test_a_tensor_that_no_part_of_ours_holds_is_named_and_a_long_list_is_cut(tmp_path):
    saved(tmp_path)
    rewrite(tmp_path, add={f"transformer.h.{layer}.attn.sink": torch.zeros(4) for layer in range(7)})
    with pytest.raises(ValueError, match=r"missing: none; unknown: transformer.h.0.attn.sink, .* and 2 more"):
        from_hugging_face(tmp_path)


def test_a_misshapen_tensor_is_named_with_both_shapes_in_the_layout_of_the_file(tmp_path):
    saved(tmp_path)
    rewrite(tmp_path, add={"transformer.h.0.mlp.c_fc.weight": torch.zeros(80, 20)})  # not transposed
    message = r"h.0.mlp.c_fc.weight must have shape \(20, 80\) to fill our blocks.0.mlp.up_proj.weight, got \(80, 20\)"
    with pytest.raises(ValueError, match=message):
        from_hugging_face(tmp_path)


BUFFERS = {
    "gpt1": ["transformer.h.0.attn.bias"],
    "gpt2": ["transformer.h.0.attn.bias", "transformer.h.0.attn.masked_bias", "lm_head.weight"],
    "gpt-neox": [f"gpt_neox.layers.1.attention.{name}" for name in ("bias", "masked_bias", "rotary_emb.inv_freq")],
    "bloom": ["lm_head.weight"],
    "llama 1": ["model.layers.0.self_attn.rotary_emb.inv_freq"],
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_masks_and_frequencies_of_old_files_are_left_behind(kind, tmp_path):
    theirs = saved(tmp_path, kind)
    rewrite(tmp_path, add={name: torch.ones(3) for name in BUFFERS[kind]})
    assert same_state(from_hugging_face(tmp_path), from_hugging_face(theirs))


@pytest.mark.parametrize("kind", ["gpt1", "gpt2", "gpt-neox", "bloom", "llama 1", "mixtral"])
def test_names_are_known_without_their_prefix_too(kind, tmp_path):
    theirs = saved(tmp_path, kind)
    rewrite(tmp_path, lambda name: name.partition(".")[2] if name.startswith(("transf", "gpt_", "model")) else name)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors") or kind in ("llama 1", "mixtral")
    assert same_state(from_hugging_face(tmp_path), from_hugging_face(theirs))


def test_the_first_files_of_bert_call_the_norms_gamma_and_beta(tmp_path):
    theirs = random_model("BertForPreTraining", BERT_SIZES)
    theirs.save_pretrained(tmp_path)
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    decoder = {"cls.predictions.decoder.weight": torch.ones(2), "bert.embeddings.position_ids": torch.ones(2)}

    def rename(name):
        for new, old_name in old.items():
            name = name.replace(new, old_name)
        return name

    rewrite(tmp_path, rename, add=decoder)
    assert "cls.predictions.transform.LayerNorm.gamma" in load_file(tmp_path / "model.safetensors")
    assert same_state(from_hugging_face(tmp_path), from_hugging_face(theirs))


def test_rope_is_read_from_old_settings_as_from_new(tmp_path):
    def old(words):
        words.pop("rope_parameters")
        return words | {"rope_theta": 500.0, "rope_scaling": OLD_LLAMA3 | {"original_max_position_embeddings": 8}}

    theirs = saved(tmp_path, "llama 3.2, tied")
    rewrite(tmp_path, settings=old)
    ours = from_hugging_face(tmp_path)
    assert ours.config == from_hugging_face(theirs).config
    assert ours.config.rope_base == 500.0
    assert ours.config.rope_scaling == Llama3Scaling(4.0, 1.0, 4.0, 8)


def test_rope_scaling_without_an_original_context_takes_the_whole_one(tmp_path):
    saved(tmp_path, "llama 1")
    rewrite(tmp_path, settings=lambda words: words | {"rope_scaling": OLD_LLAMA3, "rope_parameters": None})
    assert from_hugging_face(tmp_path).config.rope_scaling.original_context == 32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_kept_unless_another_is_asked_for(dtype, tmp_path):
    theirs = random_decoder("llama 1").to(dtype)
    theirs.save_pretrained(tmp_path)
    for source in (theirs, tmp_path):
        half, single = from_hugging_face(source), from_hugging_face(source, dtype=torch.float32)
        assert {p.dtype for p in half.parameters()} == {dtype}
        assert {p.dtype for p in single.parameters()} == {torch.float32}
        assert torch.equal(half.lm_head.weight.float(), single.lm_head.weight)
    save_hugging_face(half, tmp_path / "back")
    assert same_state(transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "back"), theirs)


def test_a_hub_name_is_fetched_without_the_copies_that_repositories_carry(tmp_path, monkeypatch):
    theirs, asked = saved(tmp_path), {}

    def snapshot_download(name, allow_patterns):
        asked.update(name=name, patterns=allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert same_state(from_hugging_face("somebody/gpt2-tiny"), from_hugging_face(theirs))
    assert asked["name"] == "somebody/gpt2-tiny"
    wanted = ["config.json", "model.safetensors", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]
    others = ["consolidated.safetensors", "pytorch_model.bin", "original/consolidated.00.pth", "flax_model.msgpack"]
    matched = [name for name in wanted + others if any(fnmatch(name, pattern) for pattern in asked["patterns"])]
    assert matched == wanted


def test_a_name_that_is_neither_a_folder_nor_on_the_hub_says_so(monkeypatch):
    def snapshot_download(name, allow_patterns):
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(FileNotFoundError, match=r"'models/gpt-two' is no folder here, and .*: no connection"):
        from_hugging_face("models/gpt-two")


REFUSED = [
    (
        "gpt2",
        {"scale_attn_by_inverse_layer_idx": True},
        "can only build scale_attn_by_inverse_layer_idx=False, got True",
    ),
    ("gpt2", {"activation_function": "tanh"}, "no part of ours computes activation_function='tanh'"),
    ("gpt1", {"afn": "swish"}, "computes afn='swish'; known are gelu, relu"),
    ("bloom", {"apply_residual_connection_post_layernorm": True}, "apply_residual_connection_post_layernorm=False"),
    ("gpt-neox", {"attention_bias": False}, "attention_bias=True, got False"),
    ("llama 1", {"hidden_act": "gelu"}, "computes hidden_act='gelu'; known are silu"),
    ("llama 1", {"attention_bias": True}, "mlp_bias=False contradicts .* one word bias"),
    ("llama 1", {"rope_parameters": {"rope_type": "longrope", "factor": 2.0}}, "got 'longrope'"),
    ("llama 1", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, "default, linear, yarn, llama3, got"),
    ("llama 1", {"rope_parameters": {"rope_type": "linear"}}, "rope_type 'linear' needs a factor"),
    ("llama, yarn", {"rope_scaling": {"attention_factor": 2.0}}, "computes the rope setting attention_factor=2.0"),
    ("llama, yarn", {"rope_scaling": {"truncate": False}}, "computes the rope setting truncate=False"),
    ("qwen2", {"use_sliding_window": True}, "use_sliding_window=False, got True"),
    ("llama 1", {"hidden_size": None}, "must give hidden_size"),
]


@pytest.mark.parametrize(("kind", "change", "message"), REFUSED)
def test_what_our_parts_cannot_do_is_an_error_and_never_ignored(kind, change, message, tmp_path):
    saved(tmp_path, kind)
    rewrite(tmp_path, settings=lambda words: words | change)
    with pytest.raises(ValueError, match=message):
        from_hugging_face(tmp_path)


def test_the_yarn_factor_that_follows_from_the_others_may_be_written_out(tmp_path):
    theirs = saved(tmp_path, "llama, yarn")
    factor = from_hugging_face(theirs).config.rope_scaling.attention_factor
    rewrite(tmp_path, settings=lambda words: words | {"rope_scaling": {"attention_factor": factor, "truncate": True}})
    assert from_hugging_face(tmp_path).config == from_hugging_face(theirs).config


def test_the_experts_of_mixtral_are_read_stacked_from_memory_and_one_by_one_from_files(tmp_path):
    theirs = saved(tmp_path, "mixtral")
    in_memory, in_files = theirs.state_dict(), load_file(tmp_path / "model.safetensors")
    assert in_memory["model.layers.0.mlp.experts.gate_up_proj"].shape == (4, 72, 24)
    assert "model.layers.0.block_sparse_moe.experts.3.w1.weight" in in_files
    assert same_state(from_hugging_face(theirs), from_hugging_face(tmp_path))


def test_a_tied_model_without_its_head_is_read_and_an_untied_one_names_the_head():
    theirs = random_decoder("gpt2")
    ours = from_hugging_face(theirs.transformer)
    torch.testing.assert_close(ours(IDS), theirs(IDS).logits)
    with pytest.raises(ValueError, match=r"missing: lm_head.weight \(our lm_head.weight\)"):
        from_hugging_face(random_decoder("llama 1").model)


FAMILY_OF_PRESET = {
    "gpt1": "openai-gpt",
    "gpt2-xl": "gpt2",
    "gpt3-175b": "gpt2",
    "gpt-neox-20b": "gpt_neox",
    "bloom-176b": "bloom",
    "llama-1-65b": "llama",
    "llama-2-70b": "llama",
    "llama-3.1-405b": "llama",
    "llama-3.2-1b": "llama",
    "mistral-7b": "mistral",
    "mixtral-8x22b": "mixtral",
    "qwen3-0.6b": "qwen3",
    "bert-large": "bert",
    "t5-11b": "t5",
}


@pytest.mark.parametrize(("name", "family"), FAMILY_OF_PRESET.items())
def test_every_published_model_goes_to_its_own_family(name, family):
    assert family_of(preset(name)) == family


def test_what_no_family_can_say_is_named_beside_the_closest_one(tmp_path):
    refused = {
        SMALL.but(mlp="relu_squared", norm="rms_norm"): r"closest is gpt2, which cannot have norm='rms_norm'",
        PRESETS["llama-2-7b"].but(
            rope_scaling=NtkScaling(2.0)
        ): r"closest is llama, which cannot have rope_scaling=Ntk",
        PRESETS["deepseek-v3"]: r"the closest is llama, which cannot have .* or latent=LatentConfig",
        PRESETS["transformer-base"]: r"the closest is t5",
    }
    for config, message in refused.items():
        with pytest.raises(ValueError, match=message):
            family_of(config)
    with pytest.raises(ValueError, match="can be written, got a Classifier"):
        save_hugging_face(Classifier(Decoder(SMALL), 2), tmp_path)


def test_settings_become_our_words():
    assert from_hugging_face(random_decoder("llama 3.2, tied")).config == DecoderConfig(
        vocab_size=57,
        context_length=32,
        d_model=24,
        n_layers=3,
        n_heads=4,
        n_kv_heads=2,
        d_ff=36,
        norm="rms_norm",
        norm_eps=1e-6,
        positions="rope",
        rope_base=500.0,
        rope_scaling=Llama3Scaling(factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_context=8),
        mlp="swiglu",
        bias=False,
    )


def test_what_comes_back_is_ready_to_be_used():
    ours = from_hugging_face(random_decoder("gpt2").train())
    theirs = to_hugging_face(ours.train())
    assert not from_hugging_face(theirs).training
    assert not theirs.training  # GPT-2 has dropout there
    assert theirs.config.eos_token_id is None  # GPT-2's own would lie outside this vocabulary
    assert theirs.config.activation_function == "gelu_new"


def test_written_settings_are_those_of_older_releases_too(tmp_path):
    save_hugging_face(from_hugging_face(random_decoder("llama 3.2, tied")), tmp_path)
    words = json.loads((tmp_path / "config.json").read_text())
    assert words["rope_theta"] == 500.0
    assert words["rope_scaling"] == OLD_LLAMA3 | {"original_max_position_embeddings": 8}
    assert words["num_key_value_heads"] == LLAMA["num_key_value_heads"]


def test_a_head_size_that_old_families_do_not_know_leads_to_one_that_does(tmp_path):
    words = dict(norm="rms_norm", positions="rope", mlp="swiglu", bias=False, tie_embeddings=False)
    model = Decoder(DecoderConfig(50, 64, 40, 2, 3, d_head=16, **words))
    save_hugging_face(model, tmp_path)
    assert from_hugging_face(tmp_path).config == model.config
