"""A reward model: a number for every answer, learned from which of two answers was preferred.

Bradley and Terry's model says that the chosen answer wins with probability σ(r(chosen) − r(rejected)). Its likelihood
is the loss. Only differences count, so the numbers have no zero of their own; `center` gives them one.

Convention: an answer's number is read after its last token, the mark that ends its turn.
Source: Christiano et al. 2017, "Deep reinforcement learning from human preferences", arXiv:1706.03741, section 2.2.3;
Stiennon et al. 2020, "Learning to summarize from human feedback", arXiv:2009.01325, section 3.4; Ouyang et al. 2022,
arXiv:2203.02155, section 3.5, equation 1 (with one pair a prompt), which also has the shift to a mean of 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.corpora.preferences import REQUEST, Comparison, true_reward
from helpers.models import ScalarHead
from helpers.sampling import Rollout
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.chat_template import CHAT_FORMATS
from helpers.training.batches import RandomPicks

END_OF_TURN = "<|end|>"

# --- stories as rollouts --------------------------------------------------------------------------------------


def story_prompts(beginnings: Sequence[str], tokenizer: BPETokenizer) -> list[list[int]]:
    """The ids of a chat in which a user asks for each story's ending, up to where the answer begins."""
    chat = CHAT_FORMATS["tales"]
    asked = [[{"role": "user", "content": REQUEST.format(beginning=begun)}] for begun in beginnings]
    return [chat.encode(messages, tokenizer, add_generation_prompt=True).ids for messages in asked]


def story_rollout(beginnings: Sequence[str], endings: Sequence[str], tokenizer: BPETokenizer) -> Rollout:
    """Endings that stand already as if a policy had written them, with the mark that ends its turn."""
    end = tokenizer.special[END_OF_TURN]
    answers = [[*ids, end] for ids in tokenizer.encode_batch(endings)]
    return Rollout.of(story_prompts(beginnings, tokenizer), answers, fill=end)


def story_endings(rollout: Rollout, tokenizer: BPETokenizer) -> list[str]:
    """What the policy wrote, as texts, without the mark that ends its turn."""
    end = tokenizer.special[END_OF_TURN]
    return [tokenizer.decode(i for i in answer if i != end).strip() for answer in rollout.answers()]


def true_scores(rollout: Rollout, tokenizer: BPETokenizer) -> Float[Tensor, " B"]:
    """The hidden true reward of each ending: what a reward model tries to find out from comparisons."""
    return torch.tensor([true_reward(text).total for text in story_endings(rollout, tokenizer)])


# --- the loss -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ComparisonBatch:
    """Two answers to each of several prompts: row by row the one that was chosen and the one that was not."""

    chosen: Rollout
    rejected: Rollout

    def __getitem__(self, rows: Tensor | slice) -> "ComparisonBatch":
        return ComparisonBatch(self.chosen[rows], self.rejected[rows])

    def __len__(self) -> int:
        return len(self.chosen)

    def to(self, device: torch.device | str) -> "ComparisonBatch":
        """The same batch on a device."""
        return ComparisonBatch(self.chosen.to(device), self.rejected.to(device))

    @property
    def n_tokens(self) -> int:
        """How many tokens are compared, both answers of each pair counted."""
        return self.chosen.n_tokens + self.rejected.n_tokens


def comparison_rollouts(comparisons: Sequence[Comparison], tokenizer: BPETokenizer) -> ComparisonBatch:
    """All comparisons as rollouts, the endings as answers to a user who asks for them."""
    beginnings, chosen, rejected = zip(*comparisons, strict=True)
    return ComparisonBatch(story_rollout(beginnings, chosen, tokenizer), story_rollout(beginnings, rejected, tokenizer))


class ComparisonBatches(RandomPicks[ComparisonBatch]):
    """Random picks from many comparisons."""

    noun = "comparisons"


def answer_scores(model: nn.Module, rollout: Rollout) -> Float[Tensor, " B"]:
    """The model's number after the last token of each answer."""
    return model(rollout.ids).gather(1, rollout.last[:, None]).squeeze(1)


def preference_loss(model: nn.Module, batch: ComparisonBatch) -> Float[Tensor, ""]:
    """Mean surprise at who was chosen, −log σ(r(chosen) − r(rejected)), in nats a pair; ln 2 if both score alike."""
    margin = answer_scores(model, batch.chosen) - answer_scores(model, batch.rejected)
    return -nn.functional.logsigmoid(margin).mean()


# --- using it -------------------------------------------------------------------------------------------------


@torch.no_grad()
def scores(model: nn.Module, rollout: Rollout, rows_at_once: int = 32) -> Float[Tensor, " B"]:
    """The number of each answer, without a gradient: the reward that a policy is tuned to."""
    device = next(model.parameters()).device
    pieces = [rollout[i : i + rows_at_once].to(device) for i in range(0, len(rollout), rows_at_once)]
    return torch.cat([answer_scores(model, piece) for piece in pieces])


@torch.no_grad()
def center(model: ScalarHead, reference: Rollout) -> ScalarHead:
    """Shift the head's bias, in place, so that the reference's answers score 0 on average: above 0 means better."""
    model.head.bias.sub_(scores(model, reference).mean())
    return model
