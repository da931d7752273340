"""The loop that writes: ask for the next token, draw it, append it, ask again.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2, equation 1.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Int
from torch import Tensor

from helpers.models.decoder import Decoder
from helpers.sampling.filters import next_token_probs


@torch.inference_mode()
def generate(
    model: Decoder,
    ids: Int[Tensor, "B T"],
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: Iterable[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Int[Tensor, "B N"]:
    """The continuation only, at most `n_new` tokens a row; the prompts of a batch have one length.

    A row that draws a `stop` token ends there, and the stop token fills the rest of its row. Temperature 0 is
    greedy. Writing ends at the model's context length.
    """
    if ids.shape[1] < 1:
        raise ValueError("a prompt needs at least one token to continue from, got an empty one")
    n_new = min(n_new, model.config.context_length - ids.shape[1])
    stop_ids = torch.tensor(sorted(stop), dtype=ids.dtype, device=ids.device)
    cache = model.new_cache(ids.shape[0], ids.shape[1] + n_new) if use_cache and n_new > 0 else None
    written: list[Tensor] = []
    was_training, fresh = model.training, ids
    model.eval()
    for _ in range(n_new):
        logits = model(fresh, cache)[:, -1]
        if temperature == 0:  # greedy: nothing is drawn
            drawn = logits.argmax(dim=-1, keepdim=True)
        else:
            drawn = torch.multinomial(next_token_probs(logits, temperature, top_k, top_p), 1, generator=generator)
        if len(stop_ids) and written:  # a row that has stopped repeats its stop token
            drawn = torch.where(torch.isin(written[-1], stop_ids), written[-1], drawn)
        written.append(drawn)
        fresh = drawn if cache else torch.cat([fresh, drawn], dim=1)
        if len(stop_ids) and torch.isin(drawn, stop_ids).all():
            break
    model.train(was_training)
    return torch.cat(written, dim=1) if written else ids[:, :0]
