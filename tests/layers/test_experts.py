import copy

import pytest
import torch
from torch import nn
from transformers import DeepseekV3Config, MixtralConfig
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3MoE
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from helpers.layers import GeluMLP, MixtureOfExperts, SwiGLU, load_balancing_loss, route


def randomised(module, seed=0):
    chance = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5, generator=chance)
    return module


def random_stream(*shape, seed=9):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def take_experts(ours, theirs):
    """Other libraries keep the experts in one tensor, gate above up."""
    with torch.no_grad():
        ours.router.weight.copy_(theirs.gate.weight)
        for expert, gate_up, down in zip(
            ours.experts, theirs.experts.gate_up_proj, theirs.experts.down_proj, strict=True
        ):
            gate, up = gate_up.chunk(2)
            for projection, weight in ((expert.gate_proj, gate), (expert.up_proj, up), (expert.down_proj, down)):
                projection.weight.copy_(weight)


@pytest.mark.equals(
    "helpers.layers.MixtureOfExperts",
    "transformers.models.mixtral.modeling_mixtral.MixtralSparseMoeBlock",
    "mixed outputs of the chosen experts",
)
def test_the_mixture_equals_mixtrals():
    theirs = randomised(
        MixtralSparseMoeBlock(
            MixtralConfig(hidden_size=8, intermediate_size=16, num_local_experts=5, num_experts_per_tok=2)
        )
    ).eval()
    ours = MixtureOfExperts(8, 16, 5, 2)
    take_experts(ours, theirs)
    x = random_stream(2, 7, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals(
    "helpers.layers.MixtureOfExperts",
    "transformers.models.deepseek_v3.modeling_deepseek_v3.DeepseekV3MoE",
    "sigmoid scoring and shared experts, without correction bias and groups",
)
def test_sigmoid_scoring_and_shared_experts_equal_deepseeks():
    config = DeepseekV3Config(
        hidden_size=8,
        moe_intermediate_size=16,
        n_routed_experts=6,
        num_experts_per_tok=3,
        n_shared_experts=2,
        n_group=1,
        topk_group=1,
        routed_scaling_factor=1.0,
        norm_topk_prob=True,
    )
    theirs = randomised(DeepseekV3MoE(config)).eval()
    ours = MixtureOfExperts(8, 16, 6, 3, n_shared=2, scoring="sigmoid")
    take_experts(ours, theirs)
    ours.shared.load_state_dict(theirs.shared_experts.state_dict())
    x = random_stream(2, 7, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals(
    "helpers.layers.load_balancing_loss",
    "transformers.models.mixtral.modeling_mixtral.load_balancing_loss_func",
    "load-balancing loss of one layer",
)
@pytest.mark.parametrize("n_active", [1, 2, 3])
def test_the_balance_loss_equals_mixtrals(n_active):
    logits = 2 * random_stream(40, 6)
    chosen = logits.topk(n_active).indices
    torch.testing.assert_close(
        load_balancing_loss(logits, chosen), load_balancing_loss_func((logits,), num_experts=6, top_k=n_active)
    )


@pytest.mark.parametrize("scoring", ["softmax", "sigmoid"])
def test_it_equals_the_sum_over_all_experts_with_weight_zero_for_those_not_chosen(scoring):
    moe, x = randomised(MixtureOfExperts(8, 16, 5, 2, scoring=scoring)), random_stream(2, 7, 8)
    weights, chosen = route(moe.router(x.flatten(0, 1)), 2, scoring)
    all_weights = torch.zeros(14, 5).scatter(1, chosen, weights).view(2, 7, 5)
    dense = sum(all_weights[..., e, None] * expert(x) for e, expert in enumerate(moe.experts))
    torch.testing.assert_close(moe(x), dense)


def test_softmax_shares_are_those_of_all_experts_renormalised_over_the_chosen():
    logits = random_stream(30, 6)
    weights, chosen = route(logits, 2)
    everyone = logits.softmax(-1).gather(1, chosen)
    torch.testing.assert_close(weights, everyone / everyone.sum(-1, keepdim=True))


def test_the_chosen_are_the_best_scored_first():
    weights, chosen = route(torch.tensor([[0.0, 3.0, -1.0, 2.0]]), 2)
    assert chosen.tolist() == [[1, 3]]
    torch.testing.assert_close(weights, torch.tensor([[3.0, 2.0]]).softmax(-1))


def test_sigmoid_with_one_expert_keeps_its_own_score_and_with_several_sums_to_one():
    logits = random_stream(30, 6)
    torch.testing.assert_close(route(logits, 1, "sigmoid")[0], logits.max(-1, keepdim=True).values.sigmoid())
    torch.testing.assert_close(route(logits, 3, "sigmoid")[0].sum(-1), torch.ones(30))


def test_equal_experts_that_are_all_active_are_one_network():
    moe, x = randomised(MixtureOfExperts(8, 16, 4, 4)), random_stream(2, 7, 8)
    for expert in moe.experts:
        expert.load_state_dict(moe.experts[0].state_dict())
    torch.testing.assert_close(moe(x), moe.experts[0](x))


def test_a_token_changes_only_by_the_experts_it_visits():
    moe, x = randomised(MixtureOfExperts(8, 16, 5, 2)), random_stream(1, 20, 8)
    visits_third = (route(moe.router(x[0]), 2)[1] == 3).any(-1)
    before = moe(x)[0]
    moe.experts[3].down_proj.weight.data.zero_()
    changed = (moe(x)[0] != before).any(-1)
    assert torch.equal(changed, visits_third)
    assert 0 < changed.sum() < 20


def test_experts_nobody_chose_are_not_computed():
    moe = randomised(MixtureOfExperts(8, 16, 5, 2))
    visited = []
    for e, expert in enumerate(moe.experts):
        expert.register_forward_hook(lambda *_, e=e: visited.append(e))
    x = random_stream(1, 1, 8)
    moe(x)
    assert sorted(visited) == sorted(route(moe.router(x[0]), 2)[1][0].tolist())


def test_shared_experts_add_what_they_make_of_every_token():
    moe, x = randomised(MixtureOfExperts(8, 16, 4, 2, n_shared=3)), random_stream(2, 7, 8)
    assert moe.shared.up_proj.out_features == 3 * 16
    with_shared, shared = moe(x), moe.shared(x)
    moe.shared = None
    torch.testing.assert_close(with_shared, moe(x) + shared)


def test_even_use_costs_as_much_as_experts_are_active_and_one_favourite_as_there_are_experts():
    each_once = torch.arange(6).view(6, 1)
    torch.testing.assert_close(load_balancing_loss(torch.zeros(6, 6), each_once), torch.tensor(1.0))
    torch.testing.assert_close(load_balancing_loss(torch.zeros(3, 6), each_once.view(3, 2)), torch.tensor(2.0))
    favourite = torch.tensor([[50.0, 0, 0, 0, 0, 0]]).expand(6, 6)
    torch.testing.assert_close(load_balancing_loss(favourite, torch.zeros(6, 1).long()), torch.tensor(6.0))


def test_training_on_the_balance_loss_alone_evens_out_the_visits():
    moe, x = randomised(MixtureOfExperts(8, 4, 4, 1)), random_stream(200, 8)
    descent = torch.optim.Adam(moe.router.parameters(), lr=0.05)

    def most_visits():
        return route(moe.router(x), 1)[1].flatten().bincount(minlength=4).max().item()

    before = most_visits()
    for _ in range(40):
        moe(x)
        descent.zero_grad()
        moe.balance_loss.backward()
        descent.step()
    assert most_visits() < before
    assert moe.balance_loss < 1.05


@pytest.mark.parametrize(("scoring", "n_active"), [("softmax", 2), ("sigmoid", 1), ("sigmoid", 2)])
def test_the_gradient_reaches_the_router_through_the_weights(scoring, n_active):
    moe = randomised(MixtureOfExperts(8, 16, 4, n_active, scoring=scoring))
    moe(random_stream(2, 7, 8)).square().sum().backward()
    assert moe.router.weight.grad.abs().sum() > 1e-3


def test_with_one_active_expert_a_softmax_gives_the_router_no_gradient():
    moe = randomised(MixtureOfExperts(8, 16, 4, 1))
    moe(random_stream(2, 7, 8)).square().sum().backward()
    assert moe.router.weight.grad.abs().sum() == 0


def test_the_experts_may_be_any_feed_forward_network_with_bias():
    moe, x = randomised(MixtureOfExperts(8, 16, 3, 3, mlp=GeluMLP, bias=True)), random_stream(4, 8)
    assert all(isinstance(expert, GeluMLP) and expert.up_proj.bias is not None for expert in moe.experts)
    shares = moe.router(x).softmax(-1)
    torch.testing.assert_close(moe(x), sum(shares[:, e, None] * moe.experts[e](x) for e in range(3)))


def test_router_and_experts_work_in_sixteen_bits():
    moe, x = randomised(MixtureOfExperts(8, 16, 4, 2, n_shared=1)), random_stream(2, 7, 8)
    short = copy.deepcopy(moe).bfloat16()(x.bfloat16())
    assert short.dtype == torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert moe(x).shape == x.shape


def test_a_model_can_be_copied_after_a_training_step():
    moe = randomised(MixtureOfExperts(8, 16, 4, 2))
    moe(random_stream(2, 7, 8))
    twin = copy.deepcopy(moe)
    x = random_stream(2, 7, 8, seed=1)
    torch.testing.assert_close(twin(x), moe(x))


def test_the_balance_loss_of_no_call_is_an_error():
    with pytest.raises(RuntimeError, match="run the model first"):
        _ = MixtureOfExperts(8, 16, 4, 2).balance_loss


@pytest.mark.parametrize("n_active", [0, 5])
def test_more_active_experts_than_there_are_is_an_error_that_says_both_numbers(n_active):
    with pytest.raises(ValueError, match=f"n_active={n_active} and n_experts=4"):
        MixtureOfExperts(8, 16, 4, n_active)


def test_an_unknown_scoring_lists_the_known_ones():
    with pytest.raises(ValueError, match="sigmoid, softmax, got 'tanh'"):
        MixtureOfExperts(8, 16, 4, 2, scoring="tanh")


def test_the_default_expert_is_swiglu_without_bias():
    moe = MixtureOfExperts(8, 16, 4, 2)
    assert all(isinstance(expert, SwiGLU) for expert in moe.experts)
    assert sum(p.numel() for p in moe.parameters()) == 4 * 3 * 8 * 16 + 4 * 8


def test_sigmoid_shares_survive_scores_that_round_to_nothing():
    weights, _ = route(torch.full((1, 4), -110.0), 2, "sigmoid")
    torch.testing.assert_close(weights, torch.full((1, 2), 0.5))
