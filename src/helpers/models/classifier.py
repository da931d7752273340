"""A decoder with a small head that reads the last token's vector: GPT-1's way to use a language model for a task.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 3.2, equation 3.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.models.decoder import Decoder


class Classifier(nn.Module):
    """One score per class for a whole text. The decoder may be trained or fresh; both learn on."""

    def __init__(self, decoder: Decoder, n_classes: int):
        super().__init__()
        self.decoder = decoder
        self.head = nn.Linear(decoder.config.d_model, n_classes)

    def forward(self, inputs: Int[Tensor, "B T"], last: Int[Tensor, " B"]) -> Float[Tensor, "B C"]:
        """Scores from the vector at each text's last token; what stands after it is padding."""
        hidden = self.decoder.hidden(self.decoder.token_embedding(inputs))
        return self.head(hidden[range(len(last)), last])
