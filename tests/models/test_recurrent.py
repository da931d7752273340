import math

import pytest
import torch
from transformers import MambaConfig, MambaForCausalLM

from helpers.models.recurrent import RecurrentConfig, RecurrentDecoder
from helpers.runtime import n_parameters
from helpers.sampling import generate

CONFIGS = {
    "selective_ssm": RecurrentConfig(31, d_model=16, n_layers=3, d_state=5),
    "linear_attention": RecurrentConfig(31, d_model=16, n_layers=3, mixer="linear_attention", n_heads=2),
    "selective_ssm and feed-forward": RecurrentConfig(31, d_model=16, n_layers=2, d_ff=24, tie_embeddings=False),
}
each_model = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def random_model(config):
    torch.manual_seed(0)
    model = RecurrentDecoder(config)
    for p in model.parameters():  # biases and norms too: a swapped pair would go unseen
        torch.nn.init.normal_(p, std=0.3)
    return model


def some_ids(length=12, batch=2):
    return torch.randint(31, (batch, length), generator=torch.Generator().manual_seed(0))


@each_model
def test_future_tokens_change_nothing_in_the_past(config):
    model, ids = random_model(config), some_ids()
    before = model(ids)
    ids[:, 7:] = (ids[:, 7:] + 1) % 31
    after = model(ids)
    assert torch.equal(before[:, :7], after[:, :7])
    assert (before[:, 7:] != after[:, 7:]).any(dim=-1).all()


@each_model
def test_the_last_token_still_hears_of_the_first(config):
    model, ids = random_model(config), some_ids()
    before = model(ids)
    ids[:, 0] = (ids[:, 0] + 1) % 31
    assert not torch.allclose(model(ids)[:, -1], before[:, -1])


@each_model
@pytest.mark.parametrize("cut", range(1, 12))
def test_cached_logits_equal_uncached_for_any_split_of_the_prompt(config, cut):
    model, ids = random_model(config).double(), some_ids()
    cache = model.new_cache(batch=2)
    parts = [model(ids[:, :cut], cache), model(ids[:, cut:], cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids))
    assert cache.length == 12


@each_model
def test_one_token_at_a_time_gives_what_all_at_once_give(config):
    model, ids = random_model(config).double(), some_ids(40)
    cache = model.new_cache(batch=2)
    torch.testing.assert_close(torch.cat([model(one, cache) for one in ids.split(1, dim=1)], dim=1), model(ids))


@each_model
@torch.no_grad()
def test_the_memory_after_a_thousand_tokens_is_as_large_as_before_the_first(config):
    model = random_model(config)
    cache = model.new_cache(batch=1, capacity=3)
    empty, sizes = cache.n_bytes, []
    for n in (1, 10, 1000):
        model(some_ids(n, batch=1), cache)
        sizes.append(sum(t.untyped_storage().nbytes() for state in cache.states for t in state))
    assert sizes == [empty] * 3
    assert cache.n_bytes == empty
    assert cache.length == 1011


def test_the_bytes_of_a_state_are_these():
    ssm, linear = (RecurrentDecoder(CONFIGS[name]).new_cache(batch=2) for name in ("selective_ssm", "linear_attention"))
    assert ssm.n_bytes == 4 * 2 * 3 * 32 * (5 + 3)  # float32, rows, layers, channels, memory and recent inputs
    assert linear.n_bytes == 4 * 2 * 3 * 2 * (8 * 8 + 8)  # float32, rows, layers, heads, d × d and the sum of keys


@each_model
def test_selected_rows_go_on_as_they_would_have(config):
    model, ids = random_model(config).double(), some_ids(batch=3)
    cache = model.new_cache(batch=3)
    model(ids[:, :8], cache)
    rows = torch.tensor([2, 0, 2, 1])
    cache.select(rows)
    torch.testing.assert_close(model(ids[rows, 8:], cache), model(ids)[rows, 8:])


def test_tokens_cannot_be_taken_back():
    model = RecurrentDecoder(CONFIGS["selective_ssm"])
    cache = model.new_cache()
    model(some_ids(5, batch=1), cache)
    cache.cut(5)
    with pytest.raises(ValueError, match="it has read 5 and cannot go to 3"):
        cache.cut(3)


@each_model
def test_writing_with_the_state_equals_reading_everything_again(config):
    model, ids = random_model(config), some_ids()
    assert torch.equal(
        generate(model, ids, 20, temperature=0), generate(model, ids, 20, temperature=0, use_cache=False)
    )


@pytest.mark.equals(
    "helpers.models.recurrent.RecurrentDecoder",
    "transformers.MambaForCausalLM",
    "logits, whole and token by token, and greedy continuation",
)
@pytest.mark.parametrize("tied", [True, False])
def test_logits_equal_those_of_transformers(tied):
    ours = random_model(RecurrentConfig(31, d_model=16, n_layers=3, d_state=5, tie_embeddings=tied)).eval()
    config = MambaConfig(vocab_size=31, hidden_size=16, num_hidden_layers=3, state_size=5, tie_word_embeddings=tied)
    theirs = MambaForCausalLM(config).eval()
    names = {"token_embedding": "embeddings", "blocks": "layers", "mixer_norm": "norm", "final_norm": "norm_f"}
    state = {}
    for name, tensor in ours.state_dict().items():
        name = ".".join(names.get(part, part) for part in name.split("."))
        state[name if name.startswith("lm_head") else f"backbone.{name}"] = tensor
    theirs.load_state_dict(state)
    ids = some_ids(40)
    expected = theirs(ids).logits
    torch.testing.assert_close(ours(ids), expected)
    cache = ours.new_cache(batch=2)
    torch.testing.assert_close(torch.cat([ours(one, cache) for one in ids.split(1, dim=1)], dim=1), expected)
    continued = theirs.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=0, eos_token_id=None)
    assert torch.equal(generate(ours, ids, 8, temperature=0), continued[:, 40:])


@each_model
def test_a_fresh_model_knows_nothing_and_learns_what_came_before(config):
    torch.manual_seed(0)
    model = RecurrentDecoder(config)
    ids = some_ids(6, batch=8).repeat(1, 2)  # the second half repeats the first: only memory can tell

    def loss():
        log_probs = model(ids)[:, :-1].log_softmax(-1)
        return -log_probs.gather(2, ids[:, 1:, None])[:, 6:].mean()

    assert abs(loss().item() - math.log(31)) < 0.1
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss() < 0.5


@each_model
def test_the_meta_device_counts_what_a_real_model_has(config):
    n_real = n_parameters(RecurrentDecoder(config))
    with torch.device("meta"):
        assert RecurrentDecoder(config).n_parameters == n_real


def test_the_smallest_published_mamba_has_as_many_parameters_as_its_checkpoint():
    with torch.device("meta"):
        model = RecurrentDecoder(RecurrentConfig(50280, d_model=768, n_layers=24))
        theirs = MambaForCausalLM(MambaConfig(hidden_size=768, num_hidden_layers=24, vocab_size=50280))
    assert model.n_parameters == n_parameters(theirs) == 129_135_360


def test_a_config_names_what_is_wrong():
    for change, message in [
        ({"mixer": "lstm"}, "mixer must be one of linear_attention, selective_ssm, got 'lstm'"),
        ({"mlp": "sigmoid"}, "mlp must be one of .*, got 'sigmoid'"),
        ({"n_layers": 0}, "n_layers counts something, so it must be at least 1, got 0"),
        ({"mixer": "linear_attention", "n_heads": 5}, "n_heads=5 and d_model=16"),
    ]:
        with pytest.raises(ValueError, match=message):
            RecurrentConfig(**{"vocab_size": 31, "d_model": 16, "n_layers": 3} | change)
    with pytest.raises(ValueError, match=r"from 0 to 30, got 31"):
        RecurrentDecoder(CONFIGS["selective_ssm"])(torch.tensor([[31]]))


def test_feed_forward_is_what_linear_attention_wants_and_mamba_does_not():
    assert CONFIGS["linear_attention"].d_ff == 64
    assert CONFIGS["selective_ssm"].d_ff == 0
