"""Texts that a policy wrote, and how likely each token of theirs is: what every reinforcement method begins with.

Convention: rows hold prompt and answer and are filled up on the right, where a causal model looks at nothing that
counts; the token that ends an answer is part of it, since a policy must learn to stop.
Source: Ouyang et al. 2022, "Training language models to follow instructions with human feedback", arXiv:2203.02155,
section 3.5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.sampling.generate import generate
from helpers.sampling.language_model import LanguageModel


@dataclass(frozen=True)
class Rollout:
    """Prompts with their answers, and which of the tokens the policy wrote."""

    ids: Int[Tensor, "B N"]
    is_written: Bool[Tensor, "B N"]

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], fill: int) -> "Rollout":
        """Answers that stand already, such as a labeler's two; `fill` is the token after the shorter rows."""
        rows = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [fill] * (longest - len(row)) for row in rows])
        columns = torch.arange(longest)
        starts = torch.tensor([len(prompt) for prompt in prompts])[:, None]
        ends = torch.tensor([len(row) for row in rows])[:, None]
        return cls(ids, (columns >= starts) & (columns < ends))

    def __getitem__(self, rows: Tensor | slice) -> "Rollout":
        return Rollout(self.ids[rows], self.is_written[rows])

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device | str) -> "Rollout":
        """The same rollout on a device."""
        return Rollout(self.ids.to(device), self.is_written.to(device))

    @property
    def last(self) -> Int[Tensor, " B"]:
        """The column of each answer's last token."""
        columns = torch.arange(self.ids.shape[1], device=self.ids.device)
        return (self.is_written * columns).amax(dim=1)

    @property
    def n_tokens(self) -> int:
        """How many tokens the policy wrote."""
        return int(self.is_written.sum())

    def answers(self) -> list[list[int]]:
        """The ids of each answer, the one that ends it included."""
        return [row[mask].tolist() for row, mask in zip(self.ids, self.is_written, strict=True)]


def roll_out(
    policy: LanguageModel,
    prompts: Sequence[Sequence[int]],
    n_new: int,
    *,
    stop: Iterable[int],
    generator: torch.Generator | None = None,
    temperature: float = 1.0,
) -> Rollout:
    """One answer of the policy to each prompt, at most `n_new` tokens long; repeat a prompt for more answers.

    At temperature 1 the answers are drawn from the very distribution whose gradient is taken.
    """
    ends = set(stop)
    written = generate(policy, prompts, n_new, stop=ends, generator=generator, temperature=temperature)
    answers = []
    for row in written.tolist():
        end = next((place for place, token in enumerate(row) if token in ends), len(row))
        answers.append(row[: end + 1])
    return Rollout.of(prompts, answers, fill=min(ends, default=0)).to(written.device)


def written_log_probs(model: nn.Module, rollout: Rollout) -> Float[Tensor, "B T"]:
    """log p of each written token after what stands before it, in nats; 0 at tokens that were not written.

    Column t belongs to token t + 1, so there is one column less than ids. The sum of a row is log p(answer | prompt).
    """
    log_probs = model(rollout.ids[:, :-1]).log_softmax(dim=-1)
    chosen = log_probs.gather(-1, rollout.ids[:, 1:, None]).squeeze(-1)
    return chosen * rollout.is_written[:, 1:]
