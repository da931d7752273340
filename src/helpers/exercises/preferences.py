"""Checks for the chapter on preferences: comparisons, advantages, tilted policies, DPO, groups."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check
from helpers.training.advantages import gae

Solve = Callable[..., Any]


@check
def check_best_accuracy(solve: Solve) -> Iterator[Claim]:
    """`solve(differences, temperature)` is the share of labels that the best possible guess gets right."""
    answer = float(called(solve, [1.0, -1.0], 0.5))
    yield not math.isclose(answer, 0.5, rel_tol=1e-3), "the best guess follows the better one, whichever side it is on"
    yield (
        not math.isclose(answer, 0.6225, rel_tol=1e-3),
        "that multiplies by the noise: the difference is divided by it",
    )
    yield not math.isclose(answer, 0.7311, rel_tol=1e-3), "the noise is missing: 1 is two units of a noise of 0.5"
    yield math.isclose(answer, 0.8808, rel_tol=1e-3), f"both are guessed with σ(2) = 0.88, got {answer:.3f}"
    yield math.isclose(float(called(solve, [0.0], 1.0)), 0.5), "two equal answers are a coin flip, whatever the noise"
    uneven = float(called(solve, [0.0, 1.0, -1.0, 0.0], 0.5))
    yield (
        math.isclose(uneven, 0.6904, rel_tol=1e-3),
        f"take the mean over all pairs: 0.69 for two close, got {uneven:.3f}",
    )


@check
def check_pairs_of(solve: Solve) -> Iterator[Claim]:
    """`solve(ranking)` lists all (better, worse) pairs of a ranking, best first."""
    answer = list(map(tuple, called(solve, ["a", "b", "c"])))
    yield ("a", "a") not in answer, "an answer is not compared with itself"
    yield ("b", "a") not in answer, "the better one stands first, and each pair counts once"
    yield ("a", "c") in answer, "not only neighbours: a ranking says of every two answers which is better"
    yield sorted(answer) == [("a", "b"), ("a", "c"), ("b", "c")], f"a, b, c give three pairs, got {answer}"
    yield len(called(solve, list("abcdefghi"))) == 36, "nine answers give 36 pairs"


@check
def check_advantages(solve: Solve) -> Iterator[Claim]:
    """`solve(rewards, values, gae_lambda)` are the advantages of one answer's tokens, without discount."""
    rewards, values = [0.0, 0.0, 1.0], [0.5, 0.25, 0.5]
    answer = torch.as_tensor(called(solve, rewards, values, 0.0))
    yield answer.shape == (3,), f"three tokens have three advantages, got {answer.tolist()}"
    yield (
        not torch.allclose(answer, torch.tensor([0.25, -0.25, -0.5])),
        "the advantage is what came less what was expected: turn the sign",
    )
    yield (
        torch.allclose(answer, torch.tensor([-0.25, 0.25, 0.5])),
        f"with λ = 0 only a token's own surprise counts: −0.25, 0.25, 0.5; got {answer.tolist()}",
    )
    answer = torch.as_tensor(called(solve, rewards, values, 1.0))
    yield (
        not torch.allclose(answer, torch.tensor([-0.25, 0.0, 0.5])),
        "surprises that come later count for the tokens before, not the other way round",
    )
    yield (
        torch.allclose(answer, torch.tensor([0.5, 0.75, 0.5])),
        f"with λ = 1 it is return less value: 0.5, 0.75, 0.5; got {answer.tolist()}",
    )
    chance = torch.Generator().manual_seed(0)
    some, expected = torch.randn(2, 7, generator=chance)
    wanted = gae(some[None], expected[None], torch.ones(1, 7, dtype=torch.bool), 1.0, 0.9)[0]
    ours = torch.as_tensor(called(solve, some.tolist(), expected.tolist(), 0.9), dtype=torch.float32)
    yield (
        torch.allclose(ours, wanted, atol=1e-5),
        "right at both ends of λ, but at 0.9 a surprise n tokens later weighs 0.9ⁿ",
    )


@check
def check_tilted(solve: Solve) -> Iterator[Claim]:
    """`solve(probs, rewards, beta)` is the policy that is best for the rewards at KL weight beta."""
    probs, rewards = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.0, math.log(2), math.log(4)])
    answer = called(solve, probs, rewards, 1.0)
    yield getattr(answer, "shape", None) == (3,), f"three probabilities go in, three come out, got {answer}"
    yield math.isclose(answer.sum(), 1, rel_tol=1e-5), f"the result must sum to 1, got {float(answer.sum()):.3f}"
    alone = torch.allclose(answer, torch.tensor([1.0, 2.0, 4.0]) / 7)
    yield not alone, "that forgets the reference: it multiplies the weights exp(R/β)"
    yield (
        torch.allclose(answer, torch.tensor([0.25, 0.25, 0.5])),
        f"weights ½, ½, 1 make ¼, ¼, ½; got {answer.tolist()}",
    )
    cold = called(solve, probs, rewards, 0.5)
    yield (
        not torch.allclose(cold, torch.tensor([0.3694, 0.2612, 0.3694]), atol=1e-3),
        "R is divided by β, not multiplied",
    )
    yield torch.allclose(cold, torch.tensor([1.0, 2.0, 8.0]) / 11), "at β = ½ the weights exp(R/β) are 1, 4 and 16"
    far = called(solve, probs, 1000 * rewards, 1.0)
    yield bool(far.isfinite().all()), "exp of 1,000 is too large for a float: take the softmax of log p + R/β"


@check
def check_dpo(solve: Solve) -> Iterator[Claim]:
    """`solve(chosen, rejected, chosen_reference, rejected_reference, beta)` is DPO's loss of one pair."""
    answer = float(called(solve, -12.0, -15.0, -12.0, -15.0, 0.1))
    yield (
        not math.isclose(answer, 0.5544, rel_tol=1e-3),
        "where is the reference? Only what the policy has changed counts",
    )
    yield math.isclose(answer, math.log(2), rel_tol=1e-4), f"policy = reference gives ln 2 = 0.693, got {answer:.3f}"
    answer = float(called(solve, -11.0, -16.0, -12.0, -15.0, 0.5))
    yield not math.isclose(answer, 1.3133, rel_tol=1e-3), "the sign is turned: the chosen answer should win"
    yield not math.isclose(answer, 0.1269, rel_tol=1e-3), "beta is missing: the margin is β times the change"
    yield math.isclose(answer, 0.3133, rel_tol=1e-3), f"the margin is 0.5 · 2 = 1, the loss 0.313; got {answer:.3f}"
    far = float(called(solve, -3000.0, -1.0, -1.0, -1.0, 1.0))
    yield math.isclose(far, 2999, rel_tol=1e-3), "exp of 2,999 is too large for a float: use logsigmoid"


@check
def check_leave_one_out(solve: Solve) -> Iterator[Claim]:
    """`solve(scores, group_size)` compares each answer with the mean of the others in its group."""
    scores = torch.tensor([1.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 3.0])
    answer = called(solve, scores, 4)
    yield getattr(answer, "shape", None) == (8,), f"eight answers have eight advantages, got {answer}"
    own = torch.allclose(answer[:4], torch.tensor([0.75, -0.25, -0.25, -0.25]))
    yield not own, "that is the mean of all four: an answer is no judge of itself, take the other three"
    crossed = torch.allclose(answer, scores - (scores.sum() - scores) / 7)
    yield not crossed, "each group has its own mean: an easy question must not judge a hard one"
    wanted = torch.tensor([1.0, -1 / 3, -1 / 3, -1 / 3])
    yield torch.allclose(answer[:4], wanted), f"1, −⅓, −⅓, −⅓ in the first group, got {answer[:4].tolist()}"
    yield torch.allclose(answer[4:], torch.zeros(4), atol=1e-6), "where all are equally good nobody is better: zeros"
