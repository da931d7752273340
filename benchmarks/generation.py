"""Writing with the same weights: `helpers.sampling.generate` beside `transformers.generate`, in one run.

Both keep keys and values, both write greedily, and both must write the same tokens. Then the cache against reading
everything again, at 64, 256 and 1,024 tokens.
"""

import torch
from peers import gpt2, llama
from side_by_side import median_seconds
from transformers import PreTrainedModel

from helpers.models import Decoder, DecoderConfig
from helpers.models.pretrained import from_hugging_face
from helpers.runtime import seed_everything
from helpers.sampling import generate

N_NEW, N_PROMPT, VOCAB = 200, 8, 1025


def beside_transformers(name: str, theirs: PreTrainedModel, batch: int) -> None:
    """One line of the first table."""
    theirs = theirs.eval()
    for parameter in theirs.parameters():  # fresh weights would write one token for ever
        torch.nn.init.normal_(parameter, std=0.2)
    ours, prompt = from_hugging_face(theirs), torch.randint(VOCAB, (batch, N_PROMPT))
    options = dict(max_new_tokens=N_NEW, do_sample=False, eos_token_id=None, pad_token_id=0)

    def write_ours() -> torch.Tensor:
        return generate(ours, prompt, N_NEW, temperature=0)

    def write_theirs() -> torch.Tensor:
        return theirs.generate(prompt, attention_mask=torch.ones_like(prompt), **options)

    assert torch.equal(write_ours(), write_theirs()[:, N_PROMPT:]), "both must write the same"
    seconds = median_seconds({"helpers": write_ours, "transformers": write_theirs})
    speeds = [batch * N_NEW / s for s in seconds.values()]
    ratio = seconds["transformers"] / seconds["helpers"]
    print(f"{name:6} batch {batch:2} {speeds[0]:10,.0f} {speeds[1]:14,.0f} {ratio:10.1f}")


def cache_or_not(n_tokens: int) -> None:
    """One line of the second table."""
    words = dict(norm="rms_norm", positions="rope", mlp="swiglu", bias=False, tie_embeddings=False)
    sizes = dict(vocab_size=VOCAB, context_length=1024 + N_PROMPT, d_model=128, n_layers=4, n_heads=4, d_ff=344)
    model, prompt = Decoder(DecoderConfig(**sizes, **words)), torch.randint(VOCAB, (1, N_PROMPT))

    def write(use_cache: bool) -> torch.Tensor:
        return generate(model, prompt, n_tokens, temperature=0, use_cache=use_cache)

    seconds = median_seconds({"cache": lambda: write(True), "none": lambda: write(False)}, n_rounds=3)
    speeds = [n_tokens / s for s in seconds.values()]
    print(f"{n_tokens:5,} tokens {speeds[0]:10,.0f} {speeds[1]:14,.0f} {seconds['none'] / seconds['cache']:10.1f}")


def main() -> None:
    seed_everything(0)
    print(f"tokens a second, {torch.get_num_threads()} threads, 4 layers, width 128, {N_NEW} new tokens")
    print(f"{'':15} {'helpers':>10} {'transformers':>14} {'times as fast':>10}")
    for batch in (1, 16):
        for name, model in {"GPT-2": gpt2, "LLaMA": llama}.items():
            beside_transformers(name, model(VOCAB, 256), batch)
    print(f"{'':12} {'with cache':>10} {'without':>14} {'times as fast':>10}")
    for n_tokens in (64, 256, 1024):
        cache_or_not(n_tokens)


if __name__ == "__main__":
    main()
