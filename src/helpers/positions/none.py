"""No position encoding at all: the base of every scheme, and an experiment of its own.

There are three places where positions can enter a Transformer. This class leaves all three alone; a scheme
overrides the ones it needs.

Source: Kazemnejad et al. 2023, "The Impact of Positional Encoding on Length Generalization in Transformers",
arXiv:2305.19466, section 3.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn


class NoPositions(nn.Module):
    """The embeddings, queries, keys and scores as they are: word order is seen through the causal mask only.

    `positions` is one row for all of a batch, or one row each when texts are padded differently.
    """

    def add_to_embeddings(self, x: Float[Tensor, "B T D"], positions: Int[Tensor, "*#B T"]) -> Float[Tensor, "B T D"]:
        """The embeddings once positions have been added: here unchanged."""
        return x

    def rotate(
        self, q: Float[Tensor, "B H T d"], k: Float[Tensor, "B G T d"], positions: Int[Tensor, "*#B T"]
    ) -> tuple[Float[Tensor, "B H T d"], Float[Tensor, "B G T d"]]:
        """Queries and keys once they have been turned by their positions: here unchanged."""
        return q, k

    def score_bias(
        self, query_positions: Int[Tensor, " T"], key_positions: Int[Tensor, " S"]
    ) -> Float[Tensor, "H T S"] | None:
        """What is added to the attention scores before the softmax: here nothing."""
        return None
