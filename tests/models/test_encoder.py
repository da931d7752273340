import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForPreTraining

from helpers.models.decoder import Block
from helpers.models.encoder import ENCODER_PRESETS, Encoder, EncoderConfig, MaskedLanguageModel
from helpers.models.inputs import check_mask, check_rows

COUNTS = {  # the released checkpoints: encoder with pooler, and with both heads
    "bert-base": (109_482_240, 110_106_428),
    "bert-large": (335_141_888, 336_226_108),
    "bert-base-chinese": (102_267_648, 102_882_442),
}
SMALL = EncoderConfig(vocab_size=31, context_length=16, d_model=24, n_layers=3, n_heads=4)
KINDS = [SMALL, SMALL.but(norm_position="pre", norm="rms_norm", mlp="swiglu", bias=False)]
KINDS += [SMALL.but(positions=word) for word in ("t5", "rope", "alibi", "sinusoidal")]
LENGTHS = torch.tensor([9, 5])
MASK = torch.arange(9) < LENGTHS[:, None]


def noisy(model, seed=0):
    """Every parameter random, norm weights and biases too, so that no two tensors can be swapped unseen."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


def some_ids(length=9, batch=2, seed=0):
    return torch.randint(31, (batch, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", ENCODER_PRESETS)
def test_every_preset_counts_exactly_without_and_with_its_heads(name):
    with torch.device("meta"):
        counts = Encoder(ENCODER_PRESETS[name]).n_parameters, MaskedLanguageModel(ENCODER_PRESETS[name]).n_parameters
    assert counts == COUNTS[name]


@pytest.mark.parametrize("config", KINDS)
def test_every_token_changes_what_every_other_token_becomes(config):
    model, ids = noisy(Encoder(config)), some_ids(batch=1)
    before = model(ids)
    for place in (0, 4, 8):
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % 31
        assert ((model(changed) - before).abs().amax(-1) > 1e-4).all()


@pytest.mark.parametrize("config", KINDS)
def test_tokens_under_padding_change_nothing(config):
    model, ids = noisy(Encoder(config)), some_ids()
    before = model(ids, mask=MASK)
    ids[1, 5:] = (ids[1, 5:] + 1) % 31
    assert torch.equal(model(ids, mask=MASK)[MASK], before[MASK])
    assert not torch.allclose(model(ids)[MASK], before[MASK])  # without the mask they would


@pytest.mark.parametrize("config", KINDS)
def test_a_padded_row_reads_what_it_would_read_alone(config):
    model, ids = noisy(Encoder(config)), some_ids()
    torch.testing.assert_close(model(ids, mask=MASK)[1:, :5], model(ids[1:, :5]))


def test_without_positions_a_shuffled_text_gives_the_same_vectors_shuffled():
    ids, order = some_ids(), torch.tensor([3, 1, 4, 0, 5, 2, 8, 6, 7])
    blind, placed = noisy(Encoder(SMALL.but(positions="none"))), noisy(Encoder(SMALL))
    torch.testing.assert_close(blind(ids[:, order]), blind(ids)[:, order])
    assert not torch.allclose(placed(ids[:, order]), placed(ids)[:, order])


def test_segments_left_out_are_all_the_first():
    model, ids = noisy(Encoder(SMALL)), some_ids()
    first = torch.zeros_like(ids)
    assert torch.equal(model(ids), model(ids, first))
    assert not torch.allclose(model(ids), model(ids, first + 1))


def test_the_pooled_vector_is_made_of_the_first_one_alone():
    model, hidden = noisy(Encoder(SMALL)), torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(1))
    pooled = model.pooled(hidden)
    torch.testing.assert_close(pooled, torch.tanh(hidden[:, 0] @ model.pooler.weight.T + model.pooler.bias))


def test_maps_hold_one_table_per_layer_and_nobody_looks_at_padding():
    model, maps = noisy(Encoder(SMALL)), []
    hidden = model(some_ids(), mask=MASK, maps=maps)
    assert [tuple(m.shape) for m in maps] == [(2, 4, 9, 9)] * 3
    torch.testing.assert_close(maps[0].sum(-1), torch.ones(2, 4, 9))
    assert (maps[0][1, :, :, 5:] == 0).all()
    assert (maps[0][0] > 0).all()  # forward and back
    torch.testing.assert_close(hidden, model(some_ids(), mask=MASK))


def torchs_layer(block, config):
    """torch's encoder layer with our block's weights."""
    layer = nn.TransformerEncoderLayer(
        config.d_model,
        config.n_heads,
        config.d_ff,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=config.norm_eps,
        batch_first=True,
        norm_first=config.norm_position == "pre",
    )
    ours = block.state_dict()
    theirs = {
        f"self_attn.in_proj_{kind}": torch.cat([ours[f"attention.{letter}_proj.{kind}"] for letter in "qkv"])
        for kind in ("weight", "bias")
    }
    names = {"self_attn.out_proj": "attention.o_proj", "linear1": "mlp.up_proj", "linear2": "mlp.down_proj"}
    for name, our_name in (names | {"norm1": "attention_norm", "norm2": "mlp_norm"}).items():
        theirs |= {f"{name}.{kind}": ours[f"{our_name}.{kind}"] for kind in ("weight", "bias")}
    layer.load_state_dict(theirs)
    return layer.train()  # evaluation would take a fused path that fills padding with zeros; dropout is 0


@pytest.mark.equals("helpers.models.encoder.Encoder", "torch.nn.TransformerEncoderLayer", "hidden states, with padding")
@pytest.mark.equals("helpers.models.decoder.Block", "torch.nn.TransformerEncoderLayer", "pre-norm and post-norm")
@pytest.mark.parametrize("norm_position", ["post", "pre"])
def test_the_blocks_equal_torchs_encoder_layers(norm_position):
    config = SMALL.but(norm_position=norm_position, positions="none", embedding_norm=False)
    model, ids = noisy(Encoder(config)), some_ids()
    expected = model.token_embedding(ids) + model.segment_embedding.weight[0]
    for block in model.blocks:
        assert isinstance(block, Block)
        expected = torchs_layer(block, config)(expected, src_key_padding_mask=~MASK)  # theirs: True hides
    torch.testing.assert_close(model(ids, mask=MASK)[MASK], model.final_norm(expected)[MASK])


BERTS_PARTS = {
    "attention.self.query": "attention.q_proj",
    "attention.self.key": "attention.k_proj",
    "attention.self.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "mlp.up_proj",
    "output.dense": "mlp.down_proj",
    "output.LayerNorm": "mlp_norm",
}
BERTS_NAMES = {
    "bert.embeddings.word_embeddings": "encoder.token_embedding",
    "bert.embeddings.position_embeddings": "encoder.positions.table",
    "bert.embeddings.token_type_embeddings": "encoder.segment_embedding",
    "bert.embeddings.LayerNorm": "encoder.embedding_norm",
    "bert.pooler.dense": "encoder.pooler",
    "cls.predictions.transform.dense": "head_dense",
    "cls.predictions.transform.LayerNorm": "head_norm",
    "cls.seq_relationship": "next_sentence",
} | {
    f"bert.encoder.layer.{layer}.{theirs}": f"encoder.blocks.{layer}.{ours}"
    for layer in range(SMALL.n_layers)
    for theirs, ours in BERTS_PARTS.items()
}


def transformers_bert():
    config = BertConfig(
        vocab_size=31,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=16,
    )
    return noisy(BertForPreTraining(config))


@pytest.mark.equals(
    "helpers.models.encoder.MaskedLanguageModel",
    "transformers.BertForPreTraining",
    "hidden states, pooled vector, token and next-sentence logits; two segments, padding",
)
def test_it_equals_bert_with_both_heads():
    theirs, ours = transformers_bert(), MaskedLanguageModel(SMALL).eval()
    state = theirs.state_dict()
    copied = {
        f"{our}.{kind}": state[f"{name}.{kind}"]
        for name, our in BERTS_NAMES.items()
        for kind in ("weight", "bias")
        if f"{name}.{kind}" in state
    }
    ours.load_state_dict(copied | {"head_bias": state["cls.predictions.bias"]})  # strict: all of ours are filled
    ids, segments = some_ids(), (torch.arange(9) > 3).long().expand(2, -1)
    with torch.no_grad():
        expected = theirs(ids, MASK.long(), segments, output_hidden_states=True)
        hidden = ours.encoder(ids, segments, MASK)
        torch.testing.assert_close(hidden[MASK], expected.hidden_states[-1][MASK])
        torch.testing.assert_close(ours.encoder.pooled(hidden), theirs.bert(ids, MASK.long(), segments).pooler_output)
        torch.testing.assert_close(ours(ids, segments, MASK)[MASK], expected.prediction_logits[MASK])
        torch.testing.assert_close(ours.next_sentence_logits(hidden), expected.seq_relationship_logits)


def test_it_learns_to_fill_a_gap_from_the_word_after_it():
    torch.manual_seed(0)
    model = MaskedLanguageModel(SMALL.but(n_layers=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        words = torch.randint(10, (32, 1))
        ids = torch.cat([torch.full_like(words, 30), words + 10], dim=1)  # a gap, and what tells the word in it
        loss = nn.functional.cross_entropy(model(ids)[:, 0], words[:, 0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1  # nats; guessing costs ln 10 = 2.3


def test_bad_input_is_named():
    model, ids = Encoder(SMALL), some_ids()
    for run, message in [
        (lambda: model(ids + 31), r"ids must be from 0 to 30, got 3\d to \d\d"),
        (lambda: model(ids, ids * 0 + 2), "segments must be from 0 to 1, got 2 to 2"),
        (lambda: model(some_ids(length=17)), "the context is 16 positions long, got 17"),
        (lambda: model(ids, mask=MASK & torch.tensor([[True], [False]])), "a row of the mask has no token"),
    ]:
        with pytest.raises(ValueError, match=message):
            run()


def test_wrong_shapes_are_named():
    ids = some_ids()
    for run, message in [
        (lambda: check_rows(ids[0]), r"two axes, rows and positions, got shape \(9,\): one text is ids\[None\]"),
        (lambda: check_rows(ids, segments=ids[:, 1:]), r"segments says .* shape of the ids, \(2, 9\), got \(2, 8\)"),
        (lambda: check_mask(MASK.long()), "got torch.int64: use mask.bool()"),
    ]:
        with pytest.raises(ValueError, match=message):
            run()


def test_words_that_only_a_decoder_knows_are_refused():
    for change, message in [
        ({"window": 4}, "window is a word of the decoder alone, so leave it out here, got 4"),
        ({"parallel_residual": True, "norm_position": "pre"}, "parallel_residual is a word of the decoder"),
        ({"tie_embeddings": False}, "tie_embeddings must stay True"),
        ({"n_segments": -1}, "n_segments counts something: a whole number of at least 1, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            SMALL.but(**change)
