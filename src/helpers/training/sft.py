"""Supervised fine-tuning: the next token as before, but asked only where the assistant speaks.

A conversation is one text. Its prompt is read and never asked for: targets of −100 leave it out of `next_token_loss`,
so the prompt's predictions get exactly zero gradient. The mark that ends an answer is asked for: a model must learn
to stop. Nothing else differs from pre-training.

Conversations are padded on the right, or packed: several in one row, strangers to each other, none of them cut.
Convention: the loss is the mean over all answer tokens of a batch, so a long answer weighs more than a short one.

Source: Ouyang et al. 2022, "Training language models to follow instructions with human feedback", arXiv:2203.02155,
section 3.5; Touvron et al. 2023, "Llama 2", arXiv:2307.09288, section 3.1, for zero loss on the tokens of the prompt.
"""

from collections.abc import Callable, Sequence

import torch

from helpers.models import Decoder
from helpers.tokenizers.chat_template import CHAT_FORMATS, ChatFormat, EncodedChat, Message, Tokenizer
from helpers.tokenizers.special import END_OF_TEXT
from helpers.training.batches import IGNORE, Batch, batch_seed, padded
from helpers.training.packing import PackedBatch

Conversation = Sequence[Message]


def answer_targets(chat: EncodedChat) -> list[int]:
    """The ids that the assistant wrote, each at its own place, and −100 for those of the prompt."""
    return [token if is_written else IGNORE for token, is_written in zip(*chat, strict=True)]


def chat_batch(chats: Sequence[EncodedChat], context_length: int) -> Batch:
    """One conversation a row, filled up on the right; what exceeds the context is cut off."""
    ids = padded([chat.ids[: context_length + 1] for chat in chats], 0)
    targets = padded([answer_targets(chat)[: context_length + 1] for chat in chats], IGNORE)
    return Batch(ids[:, :-1], targets[:, 1:])


def packed_chats(chats: Sequence[EncodedChat], context_length: int) -> PackedBatch:
    """The same predictions in fewer rows: each conversation goes whole into the first row that has room for it.

    The longest go first. Take `packed_loss` for it, which keeps the conversations of a row apart.
    """
    rows: list[list[EncodedChat]] = []
    for chat in sorted(chats, key=lambda chat: -len(chat.ids)):
        room = (row for row in rows if sum(len(c.ids) - 1 for c in row) + len(chat.ids) - 1 <= context_length)
        row = next(room, None)
        if row is None:
            rows.append([chat])
        else:
            row.append(chat)
    parts = [[chat_batch([chat], context_length) for chat in row] for row in rows]
    inputs = [[token for part in row for token in part.inputs[0].tolist()] for row in parts]
    targets = [[token for part in row for token in part.targets[0].tolist()] for row in parts]
    owners = [[number for number, part in enumerate(row) for _ in range(part.inputs.shape[1])] for row in parts]
    return PackedBatch(padded(inputs, 0), padded(targets, IGNORE), padded(owners, -1))


@torch.no_grad()
def introduce_marks(model: Decoder, tokenizer: Tokenizer, noise: float = 0.0) -> None:
    """Let a user's turn begin as a text begins, and an answer end as a text ends: copies of what is known already.

    A base has never seen the marks of a chat, and has learned above all that they never come. All weights together
    unlearn that in some tens of steps; adapters that leave embedding and head alone hardly can. And they could never
    tell two ends apart whose rows in the head are equal, so they need `noise`, in deviations of the row: 0.5, say.
    Of the format "tales".
    """
    end_of_text, user, end = (tokenizer.special[mark] for mark in (END_OF_TEXT, "<|user|>", "<|end|>"))
    model.token_embedding.weight[user] = model.token_embedding.weight[end_of_text]
    row = model.lm_head.weight[end_of_text]
    model.lm_head.weight[end] = row + noise * row.std() * torch.randn_like(row) if noise else row


class ChatBatches:
    """Fresh conversations at every step: `conversations(seed)` gives those of one batch, new ones for every seed.

    Texts that `replay(seed)` gives are mixed in as in pre-training, asked for as a whole, so that they stay known.
    """

    def __init__(
        self,
        conversations: Callable[[int], Sequence[Conversation]],
        tokenizer: Tokenizer,
        context_length: int,
        seed: int = 0,
        *,
        replay: Callable[[int], Sequence[str]] | None = None,
        chat_format: ChatFormat = CHAT_FORMATS["tales"],
    ):
        self.conversations, self.replay, self.chat_format = conversations, replay, chat_format
        self.tokenizer, self.context_length, self.seed = tokenizer, context_length, seed

    def __getitem__(self, step: int) -> PackedBatch:
        seed = batch_seed(self.seed, step)
        chats = [self.chat_format.encode(messages, self.tokenizer) for messages in self.conversations(seed)]
        if self.replay:
            chats += [self._whole(text) for text in self.replay(seed)]
        return packed_chats(chats, self.context_length)

    def _whole(self, text: str) -> EncodedChat:
        """A text between two end-of-text tokens, every token of it asked for."""
        end = self.tokenizer.special[END_OF_TEXT]
        ids = [end, *self.tokenizer.encode(text), end]
        return EncodedChat(ids, [True] * len(ids))
