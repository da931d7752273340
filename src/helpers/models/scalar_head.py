"""A decoder that gives one number after each token instead of the next word: a reward model reads the number at the
end of an answer, a critic the number at every token.

Source: Ouyang et al. 2022, arXiv:2203.02155, section 3.5: "final unembedding layer removed ... output a scalar reward".
"""

from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.models.decoder import Decoder


class ScalarHead(nn.Module):
    """One number after each token. It begins at 0 everywhere; the decoder under it learns on."""

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder
        self.head = nn.Linear(decoder.config.d_model, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T"]:
        """The number after each token, from that token and those before it."""
        hidden = self.decoder.hidden(self.decoder.token_embedding(ids))
        return self.head(hidden).squeeze(-1)
