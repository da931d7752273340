"""The first neural language model: the last few words as vectors, side by side, through one hidden layer.

Unlike an n-gram it does not ask whether exactly this context was seen: words that are used alike get vectors that are
alike, and what was learned about one context serves its neighbours. Unlike a Transformer it sees only a fixed number
of words, each at a place with weights of its own.

Source: Bengio et al. 2003, "A Neural Probabilistic Language Model", JMLR 3, section 2, equation 1, with the direct
connections W left out, as the paper allows. Before the first word of a row stands a vector of its own.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.runtime import n_parameters


class MLPLanguageModel(nn.Module):
    """Logits for the next word from the last `n_words`: embed, join, tanh, read off."""

    def __init__(self, vocab_size: int, n_words: int, d_embedding: int, d_hidden: int):
        super().__init__()
        if n_words < 1:
            raise ValueError(f"the model looks at 1 word at least, got {n_words=}")
        self.n_words = n_words
        self.token_embedding = nn.Embedding(vocab_size + 1, d_embedding)  # the last stands before the first word
        nn.init.normal_(self.token_embedding.weight, std=0.1)  # small: what is learned must outweigh chance
        self.hidden = nn.Linear(n_words * d_embedding, d_hidden)
        self.lm_head = nn.Linear(d_hidden, vocab_size)

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """At every place the logits of the word after it."""
        n, before = self.n_words, self.token_embedding.num_embeddings - 1
        padded = nn.functional.pad(ids, (n - 1, 0), value=before)
        windows = padded.unfold(1, n, 1)  # B T n: each place with the words before it
        joined = self.token_embedding(windows).flatten(2)
        return self.lm_head(torch.tanh(self.hidden(joined)))

    @property
    def n_parameters(self) -> int:
        """How many numbers it learns."""
        return n_parameters(self)
