"""The encoder-decoder before attention: all that was read must pass through one vector.

Unlike the Transformer, each side is a recurrent network, a GRU, that reads its tokens one after the other. The
decoder begins with the encoder's last state and never looks at the source again.

Source: Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", arXiv:1406.1078, section 2;
Sutskever et al. 2014, "Sequence to Sequence Learning with Neural Networks", arXiv:1409.3215, section 2.
"""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.models.inputs import check_rows, embedded
from helpers.runtime import n_parameters


class RecurrentEncoderDecoder(nn.Module):
    """Reads a source into a state of `d_model` numbers, and writes the target from it."""

    def __init__(self, vocab_size: int, d_model: int):
        super().__init__()
        self.token_embedding = nn.Embedding(vocab_size, d_model)
        self.encoder = nn.GRU(d_model, d_model, batch_first=True)
        self.decoder = nn.GRU(d_model, d_model, batch_first=True)
        self.lm_head = nn.Linear(d_model, vocab_size, bias=False)

    def forward(
        self,
        source_ids: Int[Tensor, "B S"],
        target_ids: Int[Tensor, "B T"],
        source_mask: Bool[Tensor, "B S"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the next target token at every position; sources of one batch are equally long."""
        check_rows(source_ids, source_mask=source_mask)
        if source_mask is not None and not source_mask.all():
            raise ValueError("a padded source would be read to its padded end: give sources of equal length")
        _, state = self.encoder(embedded(self.token_embedding, source_ids))
        hidden, _ = self.decoder(embedded(self.token_embedding, target_ids), state)
        return self.lm_head(hidden)

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns."""
        return n_parameters(self)
