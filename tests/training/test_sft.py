"""A conversation is asked for where the assistant speaks, and nowhere else."""

import math

import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from helpers.models import Decoder, DecoderConfig
from helpers.tokenizers import CHAT_FORMATS
from helpers.tokenizers.chat_template import EncodedChat
from helpers.training import Batch, adamw, next_token_loss, train
from helpers.training.packing import filler_share, packed_loss
from helpers.training.sft import ChatBatches, answer_targets, chat_batch, introduce_marks, packed_chats

CONFIG = DecoderConfig(
    vocab_size=14,
    context_length=24,
    d_model=16,
    n_layers=1,
    n_heads=2,
    positions="rope",
    norm="rms_norm",
    tie_embeddings=False,
)
MARKS = {"<|endoftext|>": 0, "<|system|>": 1, "<|user|>": 2, "<|assistant|>": 3, "<|end|>": 4}


class Words:
    """Words a … i are the ids 5 … 13."""

    special = MARKS

    def encode(self, text):
        return [5 + "abcdefghi".index(word) for word in text.split()]


def said(*texts):
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant") * 9, texts, strict=False)]


CHATS = [
    CHAT_FORMATS["tales"].encode(said(*texts), Words())
    for texts in [("a b c", "d"), ("a", "e f g h i"), ("b", "c", "d e", "f g"), ("i h g f e d c", "b a")]
]


def decoder(seed=0):
    torch.manual_seed(seed)
    model = Decoder(CONFIG)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def test_only_what_the_assistant_wrote_is_asked_for_and_so_is_the_mark_that_ends_it():
    chat = CHAT_FORMATS["tales"].encode(said("a b", "c"), Words())
    assert chat.ids == [2, 5, 6, 4, 3, 7, 4]
    assert answer_targets(chat) == [-100, -100, -100, -100, -100, 7, 4]
    batch = chat_batch([chat], 24)
    assert batch.inputs.tolist() == [[2, 5, 6, 4, 3, 7]]
    assert batch.targets.tolist() == [[-100, -100, -100, -100, 7, 4]]


def test_predictions_of_the_prompt_get_exactly_zero_gradient():
    batch, logits = chat_batch(CHATS, 24), []
    model = decoder()
    model.lm_head.register_forward_hook(lambda *call: (call[-1].retain_grad(), logits.append(call[-1]))[1])
    next_token_loss(model, batch).backward()
    moved = logits[0].grad.abs().sum(-1)
    assert (moved[batch.targets == -100] == 0).all()
    assert (moved[batch.targets != -100] > 0).all()


def test_a_word_that_only_ends_prompts_changes_the_loss_of_nobody_who_cannot_see_it():
    model = decoder()
    first = CHAT_FORMATS["tales"].encode(said("a b", "c", "d", "e"), Words())
    other = EncodedChat([*first.ids], first.is_assistant)
    place = first.ids.index(5 + "abcdefghi".index("d"))
    other.ids[place] = 13  # the second question: seen by the second answer only
    early = slice(0, place - 1)
    a, b = chat_batch([first], 24), chat_batch([other], 24)
    assert torch.equal(a.targets, b.targets)
    assert next_token_loss(model, a) != next_token_loss(model, b)
    firsts = [Batch(batch.inputs[:, early], batch.targets[:, early]) for batch in (a, b)]
    assert torch.equal(next_token_loss(model, firsts[0]), next_token_loss(model, firsts[1]))


def test_the_loss_of_a_three_token_answer_is_the_mean_of_three_surprises():
    chat = CHAT_FORMATS["tales"].encode(said("a", "b c"), Words())  # <|user|> a <|end|> <|assistant|> b c <|end|>
    model = decoder()
    p = model(torch.tensor([chat.ids]))[0].softmax(-1).detach()
    by_hand = -(math.log(p[3, 6]) + math.log(p[4, 7]) + math.log(p[5, 4])) / 3
    torch.testing.assert_close(next_token_loss(model, chat_batch([chat], 24)).item(), by_hand)


def test_a_padded_batch_has_the_loss_of_its_rows_alone():
    model = decoder()
    alone = [chat_batch([chat], 24) for chat in CHATS]
    mean = sum(next_token_loss(model, b) * b.n_tokens for b in alone) / sum(b.n_tokens for b in alone)
    torch.testing.assert_close(next_token_loss(model, chat_batch(CHATS, 24)), mean)


def test_packed_conversations_have_the_loss_and_the_gradients_of_padded_ones():
    packed, padded, gradients = packed_chats(CHATS, 24), chat_batch(CHATS, 24), []
    for loss, batch in [(packed_loss, packed), (next_token_loss, padded)]:
        model = decoder()
        value = loss(model, batch)
        value.backward()
        gradients.append([value.detach(), *(p.grad for p in model.parameters())])
    torch.testing.assert_close(*gradients)


def test_packing_loses_nothing_and_fills_rows_better():
    packed, padded = packed_chats(CHATS, 24), chat_batch(CHATS, 24)
    assert packed.n_tokens == padded.n_tokens
    assert len(packed.inputs) == 2
    assert filler_share(packed) < filler_share(padded)
    starts = (packed.inputs == MARKS["<|user|>"]) & (packed.positions == 0)
    assert starts.sum() == len(CHATS)


def test_what_exceeds_the_context_is_cut_off():
    batch = chat_batch(CHATS, 6)
    assert batch.inputs.shape == (4, 6)
    assert packed_chats(CHATS, 6).inputs.shape == (4, 6)
    assert batch.targets[1].tolist() == [-100, -100, -100, 9, 10, 11]


def test_introduced_marks_begin_a_turn_as_a_text_begins_and_end_it_as_a_text_ends():
    model = decoder()
    model.lm_head.weight.data[MARKS["<|end|>"]] = -5.0
    text, turn = torch.tensor([[0, 5, 6, 7]]), torch.tensor([[2, 5, 6, 7]])
    before = model(text)
    introduce_marks(model, Words())
    after = model(turn)
    others = [i for i in range(14) if i != MARKS["<|end|>"]]
    assert torch.equal(after[..., others], before[..., others])
    assert torch.equal(after[..., MARKS["<|end|>"]], before[..., MARKS["<|endoftext|>"]])


def test_noise_lets_an_adapter_tell_the_two_ends_apart():
    model = decoder()
    introduce_marks(model, Words(), noise=0.5)
    end, end_of_text = (model.lm_head.weight[MARKS[mark]] for mark in ("<|end|>", "<|endoftext|>"))
    assert 0.2 < ((end - end_of_text).std() / end_of_text.std()).item() < 1


def test_the_model_learns_to_answer_and_to_stop():
    batches = ChatBatches(lambda seed: [said("a b", "c"), said("b a", "d d")], Words(), 24)
    model = decoder()
    records = list(train(model, batches, packed_loss, adamw(model, 3e-2), lambda step: 1.0, 60))
    assert records[-1]["loss"] < 0.05
    asked = torch.tensor([[2, 5, 6, 4, 3, 7], [2, 6, 5, 4, 3, 8]])
    best = model(asked).argmax(-1)
    assert best[:, -2].tolist() == [7, 8]
    assert best[:, -1].tolist() == [MARKS["<|end|>"], 8]


def test_fresh_conversations_come_with_every_step_and_the_same_ones_when_asked_again():
    seen = []

    def conversations(seed):
        seen.append(seed)
        return [said("a", "abcdefghi"[seed % 9])]

    batches = ChatBatches(conversations, Words(), 24, seed=3)
    assert torch.equal(batches[5].inputs, batches[5].inputs)
    assert not torch.equal(batches[5].targets, batches[6].targets)
    assert seen == [3_000_005, 3_000_005, 3_000_005, 3_000_006]


def test_replayed_texts_are_asked_for_as_a_whole():
    batches = ChatBatches(lambda seed: [said("a", "b")], Words(), 24, replay=lambda seed: ["c d e"])
    batch = batches[0]
    assert batch.n_tokens == 2 + 4
    assert batch.inputs[0, :5].tolist() == [2, 5, 4, 3, 6] or batch.inputs[0, :4].tolist() == [0, 7, 8, 9]
    text = batch.documents[0] == batch.documents[0][batch.inputs[0] == MARKS["<|endoftext|>"]][0]
    assert batch.targets[0, text].tolist() == [7, 8, 9, 0]


def words_of_hugging_face():
    vocabulary = {**MARKS, **{word: 5 + i for i, word in enumerate("abcdefghi")}}
    cutter = Tokenizer(models.WordLevel(vocabulary, unk_token="a"))
    cutter.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=cutter, eos_token="<|end|>", pad_token="<|endoftext|>")
    tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS)})
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m['role'] }}|>{% if m['role'] == 'assistant' %}"
        "{% generation %}{{ m['content'] }}<|end|>{% endgeneration %}"
        "{% else %}{{ m['content'] }}<|end|>{% endif %}{% endfor %}"
    )
    return tokenizer


@pytest.mark.equals("helpers.training.sft.chat_batch", "trl.SFTTrainer", "inputs and labels with assistant_only_loss")
def test_inputs_and_labels_are_trls(tmp_path):
    texts = [("a b c", "d"), ("a", "e f g h i"), ("b", "c", "d e", "f g")]
    llama = LlamaForCausalLM(
        LlamaConfig(vocab_size=14, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    )
    options = SFTConfig(
        str(tmp_path), per_device_train_batch_size=3, assistant_only_loss=True, use_cpu=True, report_to=[],
        max_length=24, bf16=False, shuffle_dataset=False,
    )  # fmt: skip
    conversations = Dataset.from_list([{"messages": said(*t)} for t in texts])
    trainer = SFTTrainer(llama, options, train_dataset=conversations, processing_class=words_of_hugging_face())
    theirs = next(iter(trainer.get_train_dataloader()))
    ours = chat_batch([CHAT_FORMATS["tales"].encode(said(*t), Words()) for t in texts], 24)
    order = [row.tolist() for row in ours.inputs]
    rows = [order.index(row) for row in theirs["input_ids"][:, :-1].tolist()]  # TRL shuffles
    assert sorted(rows) == [0, 1, 2]
    assert torch.equal(theirs["labels"][:, 1:], ours.targets[rows])
