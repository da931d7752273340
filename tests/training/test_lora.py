"""A difference of low rank: nothing changes at first, little is learned and stored, and merging changes nothing."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from helpers.models import Decoder, DecoderConfig
from helpers.training import Batch, adamw, next_token_loss, train
from helpers.training.lora import LoRALinear, adapters, add_lora, load_lora, merge_lora, save_lora, unmerge_lora

CONFIG = DecoderConfig(vocab_size=17, context_length=12, d_model=16, n_layers=2, n_heads=4, n_kv_heads=2)
IDS = torch.arange(20).view(2, 10) % 17
BATCH = Batch(IDS[:, :-1], IDS[:, 1:])


def base():
    torch.manual_seed(0)
    return Decoder(CONFIG)


def adapted(rank=3, alpha=6.0, is_trained=True, **words):
    model = base()
    add_lora(model, rank, alpha, **words)
    if is_trained:
        generator = torch.Generator().manual_seed(1)
        for _, layer in adapters(model):
            nn.init.normal_(layer.A, std=0.5, generator=generator)
            nn.init.normal_(layer.B, std=0.5, generator=generator)
    return model.eval()


def learn(model, n_steps, **options):
    optimizer = adamw(model, lr=0.1, **options)
    return list(train(model, [BATCH] * n_steps, next_token_loss, optimizer, lambda step: 1.0, n_steps))


def test_at_the_start_nothing_has_changed():
    assert torch.equal(adapted(is_trained=False)(IDS), base()(IDS))
    assert not torch.allclose(adapted()(IDS), base()(IDS))


def test_only_r_times_the_sum_of_the_sides_learns():
    for rank in (1, 3):
        model = adapted(rank)
        d_kv = CONFIG.n_kv_heads * CONFIG.d_head
        learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert learning == CONFIG.n_layers * rank * ((16 + 16) + (16 + d_kv))


def test_the_layer_is_its_formula():
    linear = nn.Linear(2, 3)
    layer = LoRALinear(linear, rank=1, alpha=2.0)
    layer.A.data, layer.B.data = torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0], [0.0], [2.0]])
    x = torch.tensor([[3.0, 1.0]])  # A x = 2, B A x = (2, 0, 4), and α/r is 2
    torch.testing.assert_close(layer(x), linear(x) + torch.tensor([[4.0, 0.0, 8.0]]))


def test_alpha_over_rank_is_the_scale_of_the_difference():
    layer = LoRALinear(nn.Linear(4, 4), rank=2, alpha=8.0)
    nn.init.ones_(layer.B)
    torch.testing.assert_close(layer.difference, 4.0 * layer.B @ layer.A)


def test_a_merged_model_says_the_same_and_unmerged_it_is_the_base_again():
    model, plain = adapted(), base()
    before = model(IDS)
    merge_lora(model)
    merge_lora(model)  # once is enough
    merged = copy.deepcopy(model.state_dict())
    torch.testing.assert_close(model(IDS), before)
    unmerge_lora(model)
    unmerge_lora(model)
    torch.testing.assert_close(model(IDS), before)
    for name, weight in plain.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], weight)
    plain.load_state_dict({k: v for k, v in merged.items() if not k.endswith((".A", ".B"))})
    torch.testing.assert_close(plain(IDS), before)  # a plain model with the merged weights


def test_training_moves_the_adapters_and_not_one_bit_of_the_base():
    model, before = adapted(is_trained=False), base().state_dict()
    records = learn(model, n_steps=15, weight_decay=0.5)
    assert records[-1]["loss"] < records[0]["loss"] - 0.1
    after = model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert all(layer.B.abs().max() > 0 for _, layer in adapters(model))


def test_frozen_weights_have_no_gradient_and_no_optimizer_state():
    model = adapted(is_trained=False)
    optimizer = adamw(model, lr=0.1)
    next_token_loss(model, BATCH).backward()
    optimizer.step()
    learning = {p for _, layer in adapters(model) for p in (layer.A, layer.B)}
    assert {p for p in model.parameters() if p.grad is not None} == learning
    assert set(optimizer.state) == learning


@pytest.mark.parametrize(("rank", "is_enough"), [(2, True), (1, False)])
def test_rank_r_is_enough_for_a_difference_of_rank_r_and_less_is_not(rank, is_enough):
    torch.manual_seed(0)
    linear, wanted = nn.Linear(8, 6, bias=False), torch.randn(6, 2) @ torch.randn(2, 8)
    layer = LoRALinear(linear, rank, alpha=float(rank))
    optimizer = torch.optim.Adam([layer.A, layer.B], lr=0.05)
    for _ in range(600):
        error = (layer.difference - wanted).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert (error < 1e-4) == is_enough
    assert torch.linalg.matrix_rank(layer.difference) == rank


def test_only_the_adapters_are_saved_and_loading_them_onto_the_base_gives_the_model_back(tmp_path):
    model, again = adapted(rank=2), base()
    save_lora(tmp_path / "lora.safetensors", model)
    load_lora(tmp_path / "lora.safetensors", again)
    assert torch.equal(again(IDS), model(IDS))
    assert (tmp_path / "lora.safetensors").stat().st_size < 4096
    assert all(a.scale == b.scale for (_, a), (_, b) in zip(adapters(model), adapters(again), strict=True))


def test_adapters_of_another_model_are_refused_and_leave_the_base_as_it_was(tmp_path):
    save_lora(tmp_path / "lora.safetensors", adapted())
    other = Decoder(DecoderConfig(vocab_size=17, context_length=12, d_model=8, n_layers=2, n_heads=2))
    with pytest.raises(ValueError, match="made for another model"):
        load_lora(tmp_path / "lora.safetensors", other)
    assert not list(adapters(other))
    assert all(p.requires_grad for p in other.parameters())


def test_what_cannot_be_adapted_is_refused():
    with pytest.raises(ValueError, match=r"which has .*q_proj.*; got \('query',\)"):
        add_lora(base(), 2, 2.0, targets=("query",))
    with pytest.raises(ValueError, match="stands already"):
        add_lora(adapted(), 2, 2.0)
    with pytest.raises(ValueError, match="got rank=17 for 16 × 16"):
        add_lora(base(), 17, 2.0, targets=("q_proj",))
    with pytest.raises(ValueError, match="no adapters to save"):
        save_lora("nowhere", base())


@pytest.mark.equals("helpers.training.lora.add_lora", "peft.LoraModel", "logits and gradients with the same A and B")
def test_logits_and_gradients_are_pefts(tmp_path):
    ours, theirs = adapted(rank=2, alpha=5.0), base().eval()
    wrapped = get_peft_model(
        nn.ModuleDict({"model": theirs}), LoraConfig(r=2, lora_alpha=5, target_modules=["q_proj", "v_proj"])
    )
    layers = {path: layer for path, layer in theirs.named_modules() if hasattr(layer, "lora_A")}
    assert layers.keys() == dict(adapters(ours)).keys()
    for path, layer in adapters(ours):
        layers[path].lora_A["default"].weight.data.copy_(layer.A)
        layers[path].lora_B["default"].weight.data.copy_(layer.B)
    torch.testing.assert_close(ours(IDS), theirs(IDS))
    for model in (ours, theirs):
        next_token_loss(model, BATCH).backward()
    for path, layer in adapters(ours):
        torch.testing.assert_close(layer.A.grad, layers[path].lora_A["default"].weight.grad)
        torch.testing.assert_close(layer.B.grad, layers[path].lora_B["default"].weight.grad)
    assert sum(p.numel() for p in wrapped.parameters() if p.requires_grad) == sum(
        p.numel() for p in ours.parameters() if p.requires_grad
    )
