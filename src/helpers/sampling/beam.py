"""Beam search: keep the few most likely texts at every step, not only the one that begins best.

A text that stops is compared by log-probability / length ** `length_penalty`; 1 compares the mean per token, 0 the
text as a whole, which favours short ones. A prompt is done when none of its open beams scores better than the worst
of `n_beams` finished ones.

Source: Sutskever et al. 2014, "Sequence to Sequence Learning with Neural Networks", arXiv:1409.3215, section 3.2;
Wu et al. 2016, "Google's Neural Machine Translation System", arXiv:1609.08144, section 7 (length normalisation; we
divide by a plain power of the length, as is common now).
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from helpers.sampling.language_model import LanguageModel, device_of, evaluating, n_that_fit
from helpers.sampling.prompts import Ids, left_padded
from helpers.sampling.reader import Reader


class Beams(NamedTuple):
    """K texts for each prompt, the best first, with their log-probabilities in nats.

    `lengths` counts the tokens written, the stop token included; after it, it is repeated. A log-probability of −∞
    marks a place that no text has taken.
    """

    ids: Int[Tensor, "B K N"]
    log_probs: Float[Tensor, "B K"]
    lengths: Int[Tensor, "B K"]

    def scores(self, length_penalty: float) -> Float[Tensor, "B K"]:
        """What finished texts are compared by."""
        return self.log_probs / self.lengths**length_penalty

    def pick(self, index: Int[Tensor, "B M"]) -> "Beams":
        """These of each prompt's texts, in this order."""
        rows = torch.arange(len(index), device=index.device)[:, None]
        return Beams(*(field[rows, index] for field in self))

    def only(self, allowed: Bool[Tensor, "B K"]) -> "Beams":
        """The others become impossible."""
        return self._replace(log_probs=self.log_probs.masked_fill(~allowed, float("-inf")))

    def best(self, n: int, length_penalty: float = 0.0) -> tuple["Beams", Int[Tensor, "B M"]]:
        """The n that score best, and which they were."""
        index = self.scores(length_penalty).topk(min(n, self.log_probs.shape[1])).indices
        return self.pick(index), index


def beam_search(
    model: LanguageModel,
    ids: Ids,
    n_new: int,
    n_beams: int,
    *,
    length_penalty: float = 1.0,
    stop: Iterable[int] = (),
) -> Beams:
    """The `n_beams` most likely continuations of each prompt that the search finds; one beam is greedy.

    Texts end at a `stop` token, after `n_new` tokens, or where the model's context is full.
    """
    if n_beams < 1:
        raise ValueError(f"a search needs at least one beam, got {n_beams=}")
    prompts = left_padded(ids, device_of(model))
    batch, start = prompts.ids.shape
    end = start + n_that_fit(model, start, n_new)
    with evaluating(model), torch.inference_mode():
        reader = Reader(model, batch, end, prompts.n_padding)
        found = _search(reader, prompts.ids, end, n_beams, length_penalty, torch.tensor(sorted(stop)).to(prompts.ids))
        written = torch.arange(found.lengths.max().item(), device=prompts.ids.device)
        repeated = torch.minimum(written, found.lengths[..., None] - 1)
        found = found._replace(ids=found.ids[:, :, start:].gather(2, repeated))
    return Beams(*(field.clone() for field in found))


def _search(
    reader: Reader, prompts: Int[Tensor, "B T"], end: int, n_beams: int, length_penalty: float, stop: Int[Tensor, " _"]
) -> Beams:
    """Finished texts, prompts included, the best first."""
    batch, start = prompts.shape
    text = torch.cat([prompts, prompts.new_zeros(batch, end - start)], dim=1)[:, None]
    running = Beams(text, torch.zeros_like(prompts[:, :1], dtype=torch.float), torch.zeros_like(prompts[:, :1]))
    if start == end:
        return running
    finished = running.pick(prompts[:, :0])
    is_done = torch.zeros_like(prompts[:, 0], dtype=torch.bool)
    n_candidates = n_beams * max(2, 1 + len(stop))  # so many that n_beams of them go on, whatever stops
    for column in range(start, end):
        n_open = running.log_probs.shape[1]
        candidates, parents = _extended(running, reader, column, n_candidates)
        ended = torch.isin(candidates.ids[:, :, column], stop) | (column == end - 1)
        may_finish = ended & ~is_done[:, None]
        may_finish[:, n_beams:] = False
        finished, _ = _joined(finished, candidates.only(may_finish)).best(n_beams, length_penalty)
        running, chosen = candidates.only(~ended).best(n_beams)
        is_done |= running.scores(length_penalty)[:, 0] <= finished.scores(length_penalty)[:, -1]
        if is_done.all():
            break
        reader.select((parents.gather(1, chosen) + n_open * torch.arange(batch, device=stop.device)[:, None]).flatten())
    return finished


def _extended(running: Beams, reader: Reader, column: int, n: int) -> tuple[Beams, Int[Tensor, "B M"]]:
    """The n most likely texts that are one token longer, the best first, and which text each continues."""
    log_probs = reader(running.ids.flatten(0, 1)[:, :column])[:, -1].float().log_softmax(dim=-1)
    totals = (running.log_probs.flatten()[:, None] + log_probs).reshape(len(running.ids), -1)
    best = totals.topk(min(n, totals.shape[1]))
    parents, tokens = best.indices // log_probs.shape[1], best.indices % log_probs.shape[1]
    texts = running.pick(parents)
    texts.ids[:, :, column] = tokens
    return Beams(texts.ids, best.values, texts.lengths + 1), parents


def _joined(a: Beams, b: Beams) -> Beams:
    """Both sets of texts, prompt by prompt."""
    return Beams(*(torch.cat(pair, dim=1) for pair in zip(a, b, strict=True)))
