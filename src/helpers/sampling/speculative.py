"""Speculative decoding: a small model drafts a few tokens, the large one judges them all in a single call.

A drafted token x is kept with probability min(1, p(x) / q(x)), p the large model's distribution and q the draft's.
At the first refusal one token is drawn from what p has more than q. So every text is exactly as likely as if the
large model had written it alone, however bad the draft: a bad draft only costs time.

Source: Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", arXiv:2211.17192,
algorithm 1; Chen et al. 2023, "Accelerating Large Language Model Decoding with Speculative Sampling",
arXiv:2302.01318, algorithm 2.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.sampling.draw import Sampler, draw
from helpers.sampling.language_model import LanguageModel, device_of, evaluating, n_that_fit
from helpers.sampling.prompts import Ids, left_padded
from helpers.sampling.reader import Reader


class Speculated(NamedTuple):
    """What was written, and how much of it the draft had guessed.

    `acceptance_rate` is the share of the drafted tokens that were kept, 0 if none was drafted.
    """

    ids: Int[Tensor, "1 N"]
    acceptance_rate: float


def speculative(
    model: LanguageModel,
    draft: LanguageModel,
    ids: Ids,
    n_new: int,
    n_ahead: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    stop: Iterable[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Speculated:
    """The continuation of one prompt as `model` would write it, drafted `n_ahead` tokens at a time by `draft`.

    The filters reshape both models' distributions. Writing ends after `n_new` tokens, after a `stop` token, or
    where the model's context is full; the draft may have a shorter one, and then sees the newest tokens only. A
    model with a window throws away what it would have to go back to: past the window it needs `use_cache=False`.
    """
    if n_ahead < 1:
        raise ValueError(f"the draft must guess at least one token ahead, got {n_ahead=}")
    if len(ids) != 1:
        raise ValueError(f"rows would accept different numbers of tokens, so pass one prompt, got {len(ids)}")
    sampler = Sampler(temperature, top_k, top_p, min_p, generator=generator)
    text = left_padded(ids, device_of(model)).ids
    start = text.shape[1]
    end = start + n_that_fit(model, start, n_new)
    large, small = (Reader(reads, 1, end, use_cache=use_cache) for reads in (model, draft))
    with evaluating(model), evaluating(draft), torch.inference_mode():
        text, rate = _write(large, small, text, end, n_ahead, sampler, torch.tensor(sorted(stop)).to(text))
    return Speculated(text[:, start:].clone(), rate)


def _write(
    large: Reader,
    small: Reader,
    text: Int[Tensor, "1 T"],
    end: int,
    n_ahead: int,
    sampler: Sampler,
    stop: Int[Tensor, " _"],
) -> tuple[Int[Tensor, "1 N"], float]:
    """The whole text, and the share of the drafted tokens that were kept."""
    n_drafted = n_kept = 0
    while (length := text.shape[1]) < end:
        guess, q = _drafted(small, text, min(n_ahead, end - length - 1), sampler)
        p = sampler.probs(large(guess)[0, -len(q) - 1 :].float())
        if q and len(q[0]) != p.shape[1]:
            raise ValueError(f"model and draft must share one vocabulary, got {p.shape[1]} and {len(q[0])} tokens")
        kept = _n_kept(p, q, guess[0, length:], sampler.generator)
        following = draw(p[kept] if kept == len(q) else _surplus(p[kept], q[kept]), sampler.generator)
        text = torch.cat([guess[:, : length + kept], following[None, None]], dim=1)
        n_drafted, n_kept = n_drafted + len(q), n_kept + kept
        stops = torch.isin(text[0, length:], stop).nonzero()
        if len(stops):
            n_kept -= max(0, kept - int(stops[0]) - 1)  # what was drafted after the stop is not part of the text
            text = text[:, : length + int(stops[0]) + 1]
            break
        for reader in (large, small):
            reader.cut(length + kept)  # the token that follows is read in the next round
    return text, n_kept / max(n_drafted, 1)


def _drafted(
    small: Reader, text: Int[Tensor, "1 T"], n: int, sampler: Sampler
) -> tuple[Int[Tensor, "1 N"], list[Float[Tensor, " V"]]]:
    """The text with n tokens more, and the distribution each was drawn from."""
    q: list[Tensor] = []
    for _ in range(n):
        q.append(sampler.probs(small(text)[0, -1].float()))
        text = torch.cat([text, draw(q[-1], sampler.generator)[None, None]], dim=1)
    return text, q


def _n_kept(
    p: Float[Tensor, "N V"],
    q: list[Float[Tensor, " V"]],
    drafted: Int[Tensor, " M"],
    generator: torch.Generator | None,
) -> int:
    """How many drafted tokens stand before the first refusal."""
    if not q:
        return 0
    places = torch.arange(len(q), device=p.device)
    ratios = p[places, drafted] / torch.stack(q)[places, drafted]
    chances = torch.rand(len(q), generator=generator, device=p.device)
    return int((chances < ratios).cumprod(dim=0).sum())


def _surplus(p: Float[Tensor, " V"], q: Float[Tensor, " V"]) -> Float[Tensor, " V"]:
    """What p has more than q, as a distribution."""
    more = (p - q).clamp(min=0)
    total = more.sum()
    return torch.where(total > 0, more / total, p)  # equal but for rounding: nothing is left, and p is right
