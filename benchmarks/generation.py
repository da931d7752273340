"""Writing 200 tokens with the same weights: `helpers.sampling.generate` beside `transformers.generate`, in one run.

Both use a key/value cache, both write greedily, and both must write the same tokens. Times are the best of five.
"""

import time
from collections.abc import Callable

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from helpers.models.pretrained import from_hugging_face
from helpers.runtime import seed_everything
from helpers.sampling import generate

N_NEW = 200


def best_seconds(write: Callable[[], torch.Tensor], repeats: int = 5) -> float:
    """The shortest of several runs: noise only ever adds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        write()
        times.append(time.perf_counter() - start)
    return min(times)


def compare(batch: int) -> None:
    """One line of the table."""
    seed_everything(0)
    shape = dict(vocab_size=1025, n_positions=256, n_embd=96, n_layer=3, n_head=3, bos_token_id=0, eos_token_id=0)
    theirs = GPT2LMHeadModel(GPT2Config(**shape)).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    ours, prompt = from_hugging_face(theirs), torch.randint(1025, (batch, 8))
    options = dict(max_new_tokens=N_NEW, do_sample=False, eos_token_id=None, pad_token_id=0)

    def write_ours() -> torch.Tensor:
        return generate(ours, prompt, N_NEW, temperature=0)

    def write_theirs() -> torch.Tensor:
        return theirs.generate(prompt, attention_mask=torch.ones_like(prompt), **options)

    assert torch.equal(write_ours(), write_theirs()[:, 8:])
    seconds, peer = best_seconds(write_ours), best_seconds(write_theirs)
    uncached = best_seconds(lambda: generate(ours, prompt, N_NEW, temperature=0, use_cache=False), repeats=2)
    per_token = [1000 * s / N_NEW for s in (seconds, peer, uncached)]
    print(f"{batch:5} {per_token[0]:10.2f} {per_token[1]:14.2f} {peer / seconds:8.1f} {per_token[2]:16.2f}")


if __name__ == "__main__":
    print(f"{torch.get_num_threads()} threads, milliseconds a step")
    print("batch    helpers   transformers    ratio   helpers, no cache")
    for size in (1, 16):
        compare(size)
