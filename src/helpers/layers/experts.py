"""Mixture of experts: many feed-forward networks, of which each token visits only a few.

A router scores the experts for every token; the `n_active` best are run and their results added up, weighted by the
scores. The model holds the parameters of all experts but pays, per token, only for those it visits. "softmax" scoring
takes the softmax over the chosen scores, as Mixtral does: the same as a softmax over all of them, renormalised over
the chosen. "sigmoid" scores every expert by itself, as DeepSeek-V3 does. A shared expert is visited by every token.

Source: Jiang et al. 2024, "Mixtral of Experts", arXiv:2401.04088, section 2.1; Fedus, Zoph and Shazeer 2021, "Switch
Transformers", arXiv:2101.03961, section 2.2; Dai et al. 2024, "DeepSeekMoE", arXiv:2401.06066, section 3.2;
DeepSeek-AI 2024, "DeepSeek-V3", arXiv:2412.19437, equations 12 to 15.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.layers.mlp import SwiGLU


def softmax_scores(chosen_logits: Float[Tensor, "N k"]) -> Float[Tensor, "N k"]:
    """Shares among the chosen experts, in which they compete: one expert's gain is another's loss."""
    return chosen_logits.softmax(dim=-1)


def sigmoid_scores(chosen_logits: Float[Tensor, "N k"]) -> Float[Tensor, "N k"]:
    """How well each chosen expert fits, judged by itself; with several, as shares that sum to one."""
    if chosen_logits.shape[-1] == 1:
        return chosen_logits.sigmoid()
    return nn.functional.logsigmoid(chosen_logits).softmax(dim=-1)  # σ / Σσ, where σ alone would round to 0 / 0


SCORINGS: dict[str, Callable[[Tensor], Tensor]] = {"softmax": softmax_scores, "sigmoid": sigmoid_scores}


def scoring_rule(word: str) -> Callable[[Tensor], Tensor]:
    """The way of that name to turn the chosen logits into weights."""
    if word not in SCORINGS:
        raise ValueError(f"scoring must be one of {', '.join(sorted(SCORINGS))}, got {word!r}")
    return SCORINGS[word]


def route(
    router_logits: Float[Tensor, "N E"], n_active: int, scoring: str = "softmax"
) -> tuple[Float[Tensor, "N k"], Int[Tensor, "N k"]]:
    """For each token: the weights of the experts it visits, best first, and which these are."""
    logits, chosen = router_logits.topk(n_active, dim=-1)
    return scoring_rule(scoring)(logits.float()).to(logits.dtype), chosen  # in 16 bits, near ties would blur


def load_balancing_loss(router_logits: Float[Tensor, "N E"], chosen: Int[Tensor, "N k"]) -> Float[Tensor, ""]:
    """How unevenly tokens fall on experts: `n_active` when all get the same share, `n_experts` when the router puts
    all its trust in one.

    Added to the training loss with a small factor (0.01 in Switch, 0.02 in Mixtral), it takes probability away
    from the experts that are chosen most. The counts carry no gradient; the probabilities do.

    Source: Fedus et al. 2021, equations 4 to 6, for one expert per token: there 1 is even. With more, every visit
    counts, as in the released Mixtral.
    """
    n_tokens, n_experts = router_logits.shape
    visits = chosen.flatten().bincount(minlength=n_experts) / n_tokens
    probabilities = router_logits.float().softmax(dim=-1).mean(dim=0)
    return n_experts * (visits * probabilities).sum()


class MixtureOfExperts(nn.Module):
    """Unlike one feed-forward network: `n_experts` of them, each token computed by `n_active`.

    `n_shared` experts more are visited by every token; they are built as one network of their joint width. With one
    active expert its softmax share is always 1, so the router learns from the balance loss only: use "sigmoid" there.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        n_experts: int,
        n_active: int,
        *,
        n_shared: int = 0,
        mlp: type[nn.Module] = SwiGLU,
        bias: bool = False,
        scoring: str = "softmax",
    ):
        super().__init__()
        if not 1 <= n_active <= n_experts:
            raise ValueError(f"each token visits from 1 to n_experts experts, got {n_active=} and {n_experts=}")
        scoring_rule(scoring)  # an unknown word is refused here, not at the first token
        self.n_active, self.scoring = n_active, scoring
        self.router = nn.Linear(d_model, n_experts, bias=False)
        self.experts = nn.ModuleList(mlp(d_model, d_ff, bias) for _ in range(n_experts))
        self.shared = mlp(d_model, n_shared * d_ff, bias) if n_shared else None
        self._routing: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        tokens = x.reshape(-1, x.shape[-1])
        logits = self.router(tokens)
        weights, chosen = route(logits, self.n_active, self.scoring)
        self._routing = logits, chosen
        mixed = self._visit(tokens, weights, chosen)
        if self.shared is not None:
            mixed = mixed + self.shared(tokens)
        return mixed.view_as(x)

    def _visit(
        self, tokens: Float[Tensor, "N D"], weights: Float[Tensor, "N k"], chosen: Int[Tensor, "N k"]
    ) -> Float[Tensor, "N D"]:
        """Sort the visits by expert, so that each expert works once, on all of its tokens together."""
        order = chosen.flatten().argsort()
        visitors = order // self.n_active
        n_visits = chosen.flatten().bincount(minlength=len(self.experts)).tolist()
        groups = zip(self.experts, tokens[visitors].split(n_visits), strict=True)
        results = torch.cat([expert(group) for expert, group in groups if len(group)])
        return results.new_zeros(tokens.shape).index_add(0, visitors, results * weights.flatten()[order, None])

    @property
    def balance_loss(self) -> Float[Tensor, ""]:
        """The load-balancing loss of the last call, with its gradient."""
        if self._routing is None:
            raise RuntimeError("balance_loss belongs to a call, and there was none yet: run the model first")
        return load_balancing_loss(*self._routing)

    def __getstate__(self) -> dict[str, object]:
        """A copy starts without the last call's routing: torch cannot copy tensors that have a history."""
        return {**self.__dict__, "_routing": None}
