"""Train the desk of the toy shop, a decoder of 160 thousand weights that turns requests into formal text, and ship it.

It stands apart from the models of tales, in a folder of its own: it knows no tale.
"""

import time
from pathlib import Path
from typing import Any

from helpers import checkpoints
from helpers.corpora import programs, shop
from helpers.evaluation import mean_with_error
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import progress, seed_everything, training_note
from helpers.sampling import LocalChat
from helpers.tokenizers import CHAT_FORMATS, END_OF_TEXT, BPETokenizer
from helpers.training import ChatBatches, muon_and_adamw, packed_loss, train, warmup_linear
from helpers.training.recipes import silence_outputs

FOLDER = Path(checkpoints.__file__).parent / "tasks"
WORDS: dict[str, Any] = {
    "context_length": 128, "d_model": 64, "n_layers": 2, "n_heads": 4, "norm": "rms_norm", "positions": "rope",
    "rope_fraction": 0.5, "rope_base": 1000.0, "mlp": "relu_squared", "bias": False, "tie_embeddings": False,
}  # fmt: skip
# Orders and programs take longest to learn; a query is learned at once.
MIX = ("record", "query", "cost", "program", "program", "record", "cost", "head")
N_STEPS, N_REQUESTS, MUON_LR, SEED, UNSEEN = 1200, 32, 0.02, 0, 10**7


def desk_tokenizer() -> BPETokenizer:
    """Few merges, so that numbers stay digits and names stay syllables."""
    texts = [m["content"] for request in shop.requests(600, seed=10**6) for m in request.messages]
    return BPETokenizer.train(texts, n_merges=200, special_tokens=(END_OF_TEXT, *CHAT_FORMATS["tales"].special_tokens))


def conversations(seed: int) -> list[Any]:
    """One step's requests with their answers."""
    return [request.messages for request in shop.requests(N_REQUESTS, seed, MIX)]


def share_right(chat: LocalChat, kind: str, n: int = 200, *, new_phrasings: bool = False) -> list[float]:
    """How often the first answer is right, on requests that training did not see."""
    asked = shop.requests(n, UNSEEN, [kind], new_phrasings=new_phrasings, held_out=True)
    answers = chat.answers([request.messages[:1] for request in asked])
    if kind == "program":
        right = [programs.is_right(request.truth, answer) for request, answer in zip(asked, answers, strict=True)]
    else:
        right = [request.answer == answer for request, answer in zip(asked, answers, strict=True)]
    return list(mean_with_error([float(r) for r in right]))


if __name__ == "__main__":
    began = time.process_time()
    seed_everything(SEED)
    tokenizer = desk_tokenizer()
    model = Decoder(DecoderConfig(tokenizer.vocab_size, **WORDS))
    silence_outputs(model)
    batches = ChatBatches(conversations, tokenizer, model.config.context_length, SEED + 1)
    optimizer = muon_and_adamw(model, MUON_LR, 0.3 * MUON_LR, momentum=0.9)
    steps = train(model, batches, packed_loss, optimizer, warmup_linear(N_STEPS, 20), N_STEPS)
    for r in progress(steps, total=N_STEPS, title="shop-desk", note=training_note):
        if r["step"] % 100 == 0:
            print(r["step"], r["loss"], round(time.process_time() - began), flush=True)
    chat = LocalChat(model.eval(), tokenizer)
    right = {kind: share_right(chat, kind) for kind in shop.KINDS}
    anew = {kind: share_right(chat, kind, new_phrasings=True) for kind in shop.KINDS}
    print(right, anew, flush=True)
    FOLDER.mkdir(exist_ok=True)
    settings = {"seed": SEED, "n_steps": N_STEPS, "n_requests": N_REQUESTS, "muon_lr": MUON_LR}
    checkpoints.save(FOLDER, "shop-desk", model, tokenizer, right=right, new_phrasings=anew, **settings)
