"""An encoder with a small head that reads the vector of the first token: BERT's way to use it for a task.

Unlike a decoder's classifier it reads the first place, not the last: in an encoder every place has seen the whole text.

Source: Devlin et al. 2018, "BERT", arXiv:1810.04805, section 3.2 and figure 4.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.models.encoder import Encoder


class EncoderClassifier(nn.Module):
    """One score per class for a whole text. The encoder may be trained or fresh; both learn on."""

    def __init__(self, encoder: Encoder, n_classes: int):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.d_model, n_classes)

    def forward(self, inputs: Int[Tensor, "B T"], last: Int[Tensor, " B"]) -> Float[Tensor, "B C"]:
        """Scores from the pooled vector; what stands after each text's last token is padding."""
        is_token = torch.arange(inputs.shape[1], device=inputs.device) <= last[:, None]
        return self.head(self.encoder.pooled(self.encoder(inputs, mask=is_token)))
