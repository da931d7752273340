"""Documents one after the other fill every window to the last token, and a mask keeps them strangers to each other.

One document a row, filled up to the longest, spends computation on filler. Packed, documents follow each other with
one end-of-text token between them, and the stream is cut into windows. Without a mask a token also looks at whatever
document happened to stand before its own; with a mask and positions that restart, a packed document is read as if it
stood alone. What a cut leaves for the next window is read there without its beginning.

A window of T + 1 tokens asks for T predictions. So 4,096 tokens give 4,095 of them: take 4,097, and let the last token
of a window be the first of the next, or the prediction across the cut is lost.

Convention: a document's input begins with the end-of-text token, from which its first word is predicted, and its last
target is the end-of-text token. The last window is filled up with targets of −100.

Source: Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, appendix B (packing without a
mask); Grattafiori et al. 2024, "The Llama 3 Herd of Models", arXiv:2407.21783, section 3.2 (the mask).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.attention.masks import causal_mask, document_mask, positions_within_documents
from helpers.training.batches import IGNORE, Batch, batch_chance


@dataclass(frozen=True)
class PackedBatch(Batch):
    """Windows of several documents: which document each input token belongs to; −1 is filler.

    It is a `Batch` too: `next_token_loss` takes it for naive packing, where every token sees all that came before it.
    """

    documents: Int[Tensor, "B T"]

    def to(self, device: torch.device | str) -> "PackedBatch":
        """The same batch on a device."""
        return PackedBatch(self.inputs.to(device), self.targets.to(device), self.documents.to(device))

    @property
    def mask(self) -> Bool[Tensor, "B 1 T T"]:
        """Who may look where: at itself and back, within its own document."""
        return document_mask(self.documents) & causal_mask(self.documents.shape[1], device=self.documents.device)

    @property
    def positions(self) -> Int[Tensor, "B T"]:
        """How far each token stands from the start of its document, or of the window if the document was cut."""
        return positions_within_documents(self.documents)


def packed(documents: Sequence[Sequence[int]], context_length: int, eot_id: int) -> PackedBatch:
    """All windows of the documents in this order: each token of each document is asked for exactly once.

    `documents` are ids without end-of-text tokens.
    """
    if not documents:
        raise ValueError("packing needs at least one document, got none")
    stream = [eot_id, *(token for ids in documents for token in (*ids, eot_id))]
    n_windows = -(-(len(stream) - 1) // context_length)
    n_filler = n_windows * context_length - (len(stream) - 1)
    owners = [number for number, ids in enumerate(documents) for _ in range(len(ids) + 1)]

    def windows(values: list[int], filler: int) -> Int[Tensor, "B T"]:
        return torch.tensor([*values, *[filler] * n_filler]).view(n_windows, context_length)

    return PackedBatch(windows(stream[:-1], eot_id), windows(stream[1:], IGNORE), windows(owners, -1))


def packed_loss(model: nn.Module, batch: PackedBatch) -> Float[Tensor, ""]:
    """Mean surprise at the next token, in nats a token, each document read as if it stood alone."""
    logits = model(batch.inputs, mask=batch.mask, positions=batch.positions)
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORE)


def filler_share(batch: Batch) -> float:
    """The share of a batch's places that ask for nothing: computed in vain."""
    return 1 - batch.n_tokens / batch.targets.numel()


class PackedBatches:
    """Epoch after epoch all documents, in a new order each time, packed; every epoch has `steps_per_epoch` batches.

    The last batch of an epoch may be smaller.
    """

    def __init__(
        self, documents: Sequence[Sequence[int]], batch_size: int, context_length: int, eot_id: int, seed: int = 0
    ):
        if not documents or batch_size < 1 or context_length < 1:
            raise ValueError(
                "packing needs documents, batch_size >= 1 and context_length >= 1, "
                f"got {len(documents)} documents, {batch_size=}, {context_length=}"
            )
        self.documents, self.batch_size, self.context_length = documents, batch_size, context_length
        self.eot_id, self.seed = eot_id, seed
        n_windows = -(-sum(len(ids) + 1 for ids in documents) // context_length)
        self.steps_per_epoch = -(-n_windows // batch_size)
        self._epoch: tuple[int, PackedBatch] | None = None

    def __getitem__(self, step: int) -> PackedBatch:
        epoch, place = divmod(step, self.steps_per_epoch)
        windows = self._windows(epoch)
        rows = slice(place * self.batch_size, (place + 1) * self.batch_size)
        return PackedBatch(windows.inputs[rows], windows.targets[rows], windows.documents[rows])

    def _windows(self, epoch: int) -> PackedBatch:
        """An epoch's windows; those of the latest epoch are kept, for an epoch is asked for step by step."""
        if self._epoch is None or self._epoch[0] != epoch:
            order = torch.randperm(len(self.documents), generator=batch_chance(self.seed, epoch))
            shuffled = [self.documents[i] for i in order.tolist()]
            self._epoch = epoch, packed(shuffled, self.context_length, self.eot_id)
        return self._epoch[1]
