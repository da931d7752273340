"""Training steps at equal architecture: our decoder beside `transformers`, same sizes, same batch, same AdamW.

Tokens a second of forward, backward and update, GPT-2's words and LLaMA's, at nanoGPT's CPU size.
"""

from collections.abc import Callable

import torch
from peers import gpt2, llama
from side_by_side import median_seconds
from torch import nn

from helpers.models.pretrained import from_hugging_face
from helpers.runtime import n_parameters, seed_everything
from helpers.training import adamw

VOCAB, CONTEXT, BATCH, N_STEPS = 65, 64, 12, 5


def steps(model: nn.Module, logits: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], None]:
    """A few training steps of a model."""
    ids, optimizer = torch.randint(VOCAB, (BATCH, CONTEXT + 1)), adamw(model, 1e-4)

    def work() -> None:
        for _ in range(N_STEPS):
            loss = nn.functional.cross_entropy(logits(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return work


def main() -> None:
    seed_everything(0)
    n_tokens = N_STEPS * BATCH * CONTEXT
    print(f"training tokens a second, {torch.get_num_threads()} threads")
    print(f"{'':6} {'parameters':>11} {'helpers':>10} {'transformers':>14} {'times as fast':>14}")
    for name, model in {"GPT-2": gpt2, "LLaMA": llama}.items():
        theirs = model(VOCAB, CONTEXT)
        ours = from_hugging_face(theirs)
        assert n_parameters(ours) == n_parameters(theirs)
        ours.train()
        seconds = median_seconds(
            {"helpers": steps(ours, ours), "transformers": steps(theirs, lambda ids, m=theirs: m(ids).logits)}
        )
        a, b = (n_tokens / s for s in seconds.values())
        print(f"{name:6} {n_parameters(ours):11,} {a:10,.0f} {b:14,.0f} {a / b:14.2f}")


if __name__ == "__main__":
    main()
