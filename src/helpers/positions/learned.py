"""A table with one learned vector per position, added to the token embeddings: the choice of GPT-1, 2 and 3.

The table ends at `context_length`: there is no row for the position after it, so the model cannot go on.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 4.1;
Gehring et al. 2017, "Convolutional Sequence to Sequence Learning", arXiv:1705.03122, section 3.1.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.positions.none import NoPositions


class LearnedPositions(NoPositions):
    """Unlike no positions: the same word gets another vector at another place."""

    def __init__(self, context_length: int, d_model: int):
        super().__init__()
        self.table = nn.Embedding(context_length, d_model)

    def add_to_embeddings(self, x: Float[Tensor, "B T D"], positions: Int[Tensor, "*#B T"]) -> Float[Tensor, "B T D"]:
        """The embeddings plus one learned vector per position."""
        try:
            return x + self.table(positions)
        except IndexError:  # raised on the CPU only: asking before every call would make a GPU wait
            raise ValueError(
                f"the table of positions has rows 0 to {self.table.num_embeddings - 1}, got positions "
                f"{int(positions.min())} to {int(positions.max())}: pass fewer tokens, or build the model with a "
                f"longer context_length"
            ) from None
