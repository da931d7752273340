"""The loop that writes: ask for the next token, draw it, append it, ask again.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2, equation 1.
"""

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from helpers.sampling.draw import Sampler
from helpers.sampling.language_model import LanguageModel, device_of, evaluating, n_that_fit
from helpers.sampling.prompts import Ids, Prompts, left_padded
from helpers.sampling.reader import Reader


def generate(
    model: LanguageModel,
    ids: Ids,
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    repetition_penalty: float = 1.0,
    stop: Iterable[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    slide: bool = False,
) -> Int[Tensor, "B N"]:
    """The continuation only, at most `n_new` tokens a row. Everything is as in `stream`, which it collects."""
    sampler = Sampler(temperature, top_k, top_p, min_p, repetition_penalty, generator)
    prompts = left_padded(ids, device_of(model))
    written = list(_write(model, prompts, n_new, sampler, stop, use_cache, slide))
    return torch.stack(written, dim=1) if written else prompts.ids[:, :0]


def stream(
    model: LanguageModel,
    ids: Ids,
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    repetition_penalty: float = 1.0,
    stop: Iterable[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    slide: bool = False,
) -> Iterator[Int[Tensor, " B"]]:
    """Each step's tokens, one a row, as soon as they are drawn; the model is in evaluation while you ask for more.

    Prompts of different lengths are given as a list; each row gets what it would get alone. A row that draws a
    `stop` token ends there and repeats it until all have stopped. Temperature 0 is greedy. Writing ends when the
    longest row fills the model's context; with `slide` it goes on, and the model sees the newest tokens that fit.
    """
    sampler = Sampler(temperature, top_k, top_p, min_p, repetition_penalty, generator)
    return _write(model, left_padded(ids, device_of(model)), n_new, sampler, stop, use_cache, slide)


def _write(
    model: LanguageModel,
    prompts: Prompts,
    n_new: int,
    sampler: Sampler,
    stop: Iterable[int],
    use_cache: bool,
    slide: bool,
) -> Iterator[Int[Tensor, " B"]]:
    """The steps of `stream`, checked before the first one is asked for."""
    batch, start = prompts.ids.shape
    last = start + n_that_fit(model, start, n_new, slide)
    reader = Reader(model, batch, last, prompts.n_padding, use_cache)
    text = torch.cat([prompts.ids, prompts.ids.new_zeros(batch, last - start)], dim=1)
    return _steps(reader, text, start, sampler, torch.tensor(sorted(stop), dtype=text.dtype, device=text.device))


def _steps(
    reader: Reader, text: Int[Tensor, "B N"], start: int, sampler: Sampler, stop: Int[Tensor, " _"]
) -> Iterator[Int[Tensor, " B"]]:
    """Fill the columns of `text` from `start` on, and yield each."""
    has_stopped = torch.zeros_like(text[:, 0], dtype=torch.bool)
    with evaluating(reader.model):
        for column in range(start, text.shape[1]):
            with torch.inference_mode():  # not around the yield: the mode would reach the caller
                so_far = text[:, :column]
                drawn = sampler(reader(so_far)[:, -1].float(), so_far)
                if len(stop):
                    drawn = torch.where(has_stopped, so_far[:, -1], drawn)
                    has_stopped = torch.isin(drawn, stop)
                text[:, column] = drawn
            yield text[:, column].clone()
            if len(stop) and has_stopped.all():
                return
