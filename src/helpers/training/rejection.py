"""Rejection sampling: of several answers to a prompt keep the best, learn it as if a person had written it, go again.

Nothing but the usual next-token loss is needed; the reward model only chooses. One round can reach no further than
the best of n of the present policy, so rounds follow each other, each with new answers and, where people help, new
comparisons.

Source: Touvron et al. 2023, "Llama 2", arXiv:2307.09288, section 3.2.3; rounds with fresh comparisons: Bai et al.
2022, "Training a Helpful and Harmless Assistant with RLHF", arXiv:2204.05862.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from helpers.sampling.language_model import LanguageModel
from helpers.sampling.rollouts import Rollout, roll_out
from helpers.training.batches import IGNORE, Batch, RandomPicks


def best_of(rollout: Rollout, scores: Float[Tensor, " B"], n: int) -> Rollout:
    """The best answer of every n that stand in a row; the first of them where several are equally good."""
    if len(rollout) % n:
        raise ValueError(f"every prompt needs {n=} answers, one after another, got {len(rollout)} answers")
    first = torch.arange(0, len(rollout), n, device=scores.device)
    return rollout[first + scores.view(-1, n).argmax(dim=1)]


def draw_best(
    policy: LanguageModel,
    prompts: Sequence[Sequence[int]],
    n: int,
    n_new: int,
    reward: Callable[[Rollout], Float[Tensor, " B"]],
    *,
    stop: Iterable[int],
    generator: torch.Generator | None = None,
) -> Rollout:
    """For each prompt the best, by `reward`, of n answers of the policy, each at most `n_new` tokens long."""
    repeated = [prompt for prompt in prompts for _ in range(n)]
    drawn = roll_out(policy, repeated, n_new, stop=stop, generator=generator)
    return best_of(drawn, reward(drawn), n)


def answer_batch(rollout: Rollout) -> Batch:
    """The answers as something to imitate: only what was written is asked for, the prompt is only read."""
    return Batch(rollout.ids[:, :-1], rollout.ids[:, 1:].masked_fill(~rollout.is_written[:, 1:], IGNORE))


class AnswerBatches(RandomPicks[Any]):
    """Random picks from answers worth imitating; for `next_token_loss`."""

    noun = "answers"

    def __getitem__(self, step: int) -> Batch:
        return answer_batch(super().__getitem__(step))


class Round(NamedTuple):
    """What one round gave: the answers that the labeler chose and those that lost, and how many rounds are done."""

    n_done: int
    chosen: Rollout
    rejected: Rollout


def rounds(
    write: Callable[[int], Rollout],
    prefers_first: Callable[[Rollout], Bool[Tensor, " P"]],
    learn: Callable[[Rollout, Rollout], None],
    n_rounds: int,
) -> Iterator[Round]:
    """Rounds of feedback: the present policy writes two answers to each prompt, a labeler compares, the policy learns.

    `write(round)` gives the answers, the two to a prompt one after the other; `prefers_first` says of each pair whether
    the first is better; `learn(chosen, rejected)` moves the policy that writes, by DPO or by way of a reward model.
    Yields when the policy of a round is ready.
    """
    for number in range(n_rounds):
        pairs = write(number)
        chosen, rejected = compared(pairs, prefers_first(pairs))
        learn(chosen, rejected)
        yield Round(number + 1, chosen, rejected)


def compared(pairs: Rollout, prefers_first: Bool[Tensor, " P"]) -> tuple[Rollout, Rollout]:
    """The chosen and the rejected answers, from pairs that stand one after the other."""
    if len(pairs) != 2 * len(prefers_first):
        raise ValueError(f"every two answers need one choice, got {len(pairs)} answers, {len(prefers_first)} choices")
    first = torch.arange(0, len(pairs), 2, device=prefers_first.device)
    return pairs[first + ~prefers_first], pairs[first + prefers_first]
