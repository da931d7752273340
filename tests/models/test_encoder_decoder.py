import math

import pytest
import torch
from torch import nn
from transformers import T5Config, T5ForConditionalGeneration

from helpers.models.encoder_decoder import (
    ENCODER_DECODER_PRESETS,
    CrossBlock,
    EncoderDecoder,
    EncoderDecoderConfig,
    Maps,
    t5,
)
from helpers.sampling import beam_search, generate

COUNTS = {  # T5: the released checkpoints; 2017: the paper's Table 3 shapes with a shared vocabulary of 37,000
    "transformer-base": 63_082_496,
    "transformer-big": 214_245_376,
    "t5-small": 60_506_624,
    "t5-base": 222_903_552,
    "t5-large": 737_668_096,
    "t5-3b": 2_851_598_336,
    "t5-11b": 11_307_321_344,
}
SMALL = EncoderDecoderConfig(vocab_size=31, context_length=16, d_model=24, n_layers=2, n_heads=4)
SMALL_T5 = t5(d_model=24, n_layers=2, n_heads=4, d_head=8, d_ff=40).but(vocab_size=31, context_length=16)
MODERN = SMALL.but(
    norm="rms_norm", norm_position="pre", positions="rope", mlp="swiglu", n_kv_heads=2, bias=False, qk_norm=True,
    embedding_scale="none", tie_embeddings=False,
)  # fmt: skip
KINDS = [SMALL, SMALL_T5, MODERN, SMALL.but(positions="learned"), SMALL.but(positions="alibi")]
MASK = torch.arange(9) < torch.tensor([9, 5])[:, None]


def noisy(model, seed=0):
    """Every parameter random, norm weights and biases too, so that no two tensors can be swapped unseen."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


def some_ids(length, batch=2, seed=0):
    return torch.randint(31, (batch, length), generator=torch.Generator().manual_seed(seed))


def source_and_target(batch=2):
    return some_ids(9, batch), some_ids(7, batch, seed=1)


@pytest.mark.parametrize("name", ENCODER_DECODER_PRESETS)
def test_every_preset_counts_exactly(name):
    with torch.device("meta"):
        assert EncoderDecoder(ENCODER_DECODER_PRESETS[name]).n_parameters == COUNTS[name]


@pytest.mark.parametrize("config", KINDS)
def test_future_target_tokens_change_nothing_in_the_past(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    before = model(source, target)
    target[:, 4:] = (target[:, 4:] + 1) % 31
    after = model(source, target)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize("config", KINDS)
def test_every_source_token_reaches_every_position_of_source_and_target(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target(batch=1)
    memory, logits = model.encode(source), model(source, target)
    for place in (0, 8):
        changed = source.clone()
        changed[0, place] = (source[0, place] + 1) % 31
        assert ((model.encode(changed) - memory).abs().amax(-1) > 1e-4).all()
        assert ((model(changed, target) - logits).abs().amax(-1) > 1e-5).all()


@pytest.mark.parametrize("config", KINDS)
def test_the_source_reaches_the_target_through_cross_attention_only(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    for block in model.decoder_blocks:
        nn.init.zeros_(block.cross_attention.o_proj.weight)
    assert torch.equal(model(source, target), model((source + 1) % 31, target))


@pytest.mark.parametrize("config", KINDS)
def test_source_tokens_under_padding_change_nothing(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    before = model(source, target, MASK)
    source[1, 5:] = (source[1, 5:] + 1) % 31
    assert torch.equal(model(source, target, MASK), before)
    assert not torch.allclose(model(source, target), before)  # without the mask they would


@pytest.mark.parametrize("config", KINDS)
def test_a_padded_source_reads_like_the_source_alone(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    torch.testing.assert_close(model(source, target, MASK)[1:], model(source[1:, :5], target[1:]))


@pytest.mark.parametrize("config", KINDS)
@pytest.mark.parametrize("cut", range(1, 7))
def test_cached_logits_equal_uncached_for_every_split_of_the_target(config, cut):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    reading = model.reading(source, MASK)
    cache = reading.new_cache(batch=2, capacity=7)
    parts = [reading(target[:, :cut], cache), reading(target[:, cut:], cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(source, target, MASK))
    assert cache.length == 7


@pytest.mark.parametrize("config", KINDS)
def test_generate_writes_what_the_uncached_model_finds_likeliest(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    written = target[:, :1]
    for _ in range(6):
        written = torch.cat([written, model(source, written, MASK)[:, -1:].argmax(-1)], dim=1)
    reading = model.reading(source, MASK)
    assert torch.equal(generate(reading, target[:, :1], 6, temperature=0), written[:, 1:])
    assert torch.equal(generate(reading, target[:, :1], 6, temperature=0, use_cache=False), written[:, 1:])


@pytest.mark.parametrize("config", KINDS)
def test_starts_of_different_lengths_continue_as_each_would_alone(config):
    model, (source, target) = noisy(EncoderDecoder(config)), source_and_target()
    both = generate(model.reading(source), [target[0, :5], target[1, :2]], 6, temperature=0)
    for row, length in enumerate((5, 2)):
        alone = generate(model.reading(source[row : row + 1]), target[row : row + 1, :length], 6, temperature=0)
        assert torch.equal(both[row], alone[0])


def test_writing_ends_where_the_context_does():
    reading = EncoderDecoder(SMALL).reading(some_ids(9))
    assert generate(reading, some_ids(3), 100, temperature=0).shape == (2, 13)


def test_a_source_may_have_several_rows_side_by_side():
    model, (source, target) = noisy(EncoderDecoder(SMALL_T5)), source_and_target()
    targets = torch.cat([target, some_ids(7, seed=2)])
    beside = model.reading(source, MASK)(targets)
    torch.testing.assert_close(beside, model(source[[0, 0, 1, 1]], targets, MASK[[0, 0, 1, 1]]))


def test_keys_and_values_of_the_source_are_computed_once_however_much_is_written():
    model, calls = EncoderDecoder(SMALL), []
    for module in (model.encoder_blocks[0].attention, *(b.cross_attention.v_proj for b in model.decoder_blocks)):
        module.register_forward_hook(lambda *_: calls.append(1))
    generate(model.reading(some_ids(9)), some_ids(1), 8)
    assert len(calls) == 1 + 2  # the encoder's first attention, and one per block of the decoder


def test_reading_keeps_the_gradient_to_the_encoder():
    model, (source, target) = EncoderDecoder(SMALL), source_and_target()
    model(source, target).logsumexp(-1).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert (model.encoder_blocks[0].attention.q_proj.weight.grad != 0).any()


@pytest.mark.parametrize("config", KINDS)
def test_maps_hold_three_kinds_of_tables_and_asking_changes_nothing(config):
    model, (source, target), maps = noisy(EncoderDecoder(config)), source_and_target(), Maps()
    torch.testing.assert_close(model(source, target, MASK, maps), model(source, target, MASK))
    for tables, shape in ((maps.encoder, (9, 9)), (maps.decoder, (7, 7)), (maps.cross, (7, 9))):
        assert [tuple(table.shape) for table in tables] == [(2, 4, *shape)] * 2
        torch.testing.assert_close(tables[1].sum(-1), torch.ones(2, 4, shape[0]))
    assert (maps.encoder[0][1, ..., 5:] == 0).all()  # padding
    assert (maps.cross[0][1, ..., 5:] == 0).all()
    assert (maps.decoder[0].triu(1) == 0).all()  # the future
    assert (maps.encoder[0][0].triu(1).sum(-1)[:, :8] > 0).all()


def torchs_weights(block, norms):
    """Our block's weights under torch's names; torch numbers the norms."""
    ours, theirs = block.state_dict(), {}
    names = {"linear1": "mlp.up_proj", "linear2": "mlp.down_proj"} | {f"norm{i}": n for i, n in enumerate(norms, 1)}
    for torchs, part in {"self_attn": "attention", "multihead_attn": "cross_attention"}.items():
        if f"{part}.q_proj.weight" in ours:
            names[f"{torchs}.out_proj"] = f"{part}.o_proj"
            for kind in ("weight", "bias"):
                theirs[f"{torchs}.in_proj_{kind}"] = torch.cat([ours[f"{part}.{x}_proj.{kind}"] for x in "qkv"])
    return theirs | {
        f"{name}.{kind}": ours[f"{our}.{kind}"] for name, our in names.items() for kind in ("weight", "bias")
    }


def torchs_stacks(model):
    """torch's encoder and decoder layers with our weights, in training mode: evaluation zeroes what is padding."""
    config = model.config
    sizes = dict(d_model=config.d_model, nhead=config.n_heads, dim_feedforward=config.d_ff, dropout=0.0)
    sizes |= dict(batch_first=True, norm_first=config.norm_position == "pre")
    readers = [nn.TransformerEncoderLayer(**sizes) for _ in model.encoder_blocks]
    writers = [nn.TransformerDecoderLayer(**sizes) for _ in model.decoder_blocks]
    for layer, block in zip(readers, model.encoder_blocks, strict=True):
        layer.load_state_dict(torchs_weights(block, ("attention_norm", "mlp_norm")))
    for layer, block in zip(writers, model.decoder_blocks, strict=True):
        layer.load_state_dict(torchs_weights(block, ("attention_norm", "cross_norm", "mlp_norm")))
    return readers, writers


def sinusoid(length, d_model):
    """Section 3.5 of the paper, number by number."""
    table = torch.empty(length, d_model)
    for position in range(length):
        for i in range(0, d_model, 2):
            angle = position / 10_000 ** (i / d_model)
            table[position, i], table[position, i + 1] = math.sin(angle), math.cos(angle)
    return table


@pytest.mark.equals(
    "helpers.models.encoder_decoder.CrossBlock",
    "torch.nn.TransformerDecoderLayer",
    "pre-norm and post-norm, padded source",
)
@pytest.mark.equals(
    "helpers.models.encoder_decoder.EncoderDecoder",
    "torch.nn.TransformerDecoderLayer",
    "logits of whole stacks, padded source",
)
@pytest.mark.parametrize("norm_position", ["post", "pre"])
def test_the_transformer_of_2017_equals_torchs_layers(norm_position):
    model, (source, target) = noisy(EncoderDecoder(SMALL.but(norm_position=norm_position))), source_and_target()
    readers, writers = torchs_stacks(model)
    memory = model.token_embedding(source) * math.sqrt(24) + sinusoid(9, 24)
    for layer in readers:
        memory = layer(memory, src_key_padding_mask=~MASK)  # theirs: True hides
    memory = model.encoder_norm(memory)
    torch.testing.assert_close(model.encode(source, MASK)[MASK], memory[MASK])
    x, hide_future = model.token_embedding(target) * math.sqrt(24) + sinusoid(7, 24), torch.ones(7, 7).triu(1).bool()
    for block, layer in zip(model.decoder_blocks, writers, strict=True):
        assert isinstance(block, CrossBlock)
        x = layer(x, memory, tgt_mask=hide_future, memory_key_padding_mask=~MASK)
    expected = model.decoder_norm(x) @ model.token_embedding.weight.T
    torch.testing.assert_close(model(source, target, MASK), expected)


def t5s_names(n_layers):
    """Where T5 of `transformers` keeps what we keep."""
    names = {"shared": "token_embedding"}
    for stack, parts in {"encoder": ("attention", "mlp"), "decoder": ("attention", "cross_attention", "mlp")}.items():
        names[f"{stack}.final_layer_norm"] = f"{stack}_norm"
        names[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias"] = f"{stack}_positions.table"
        for block in range(n_layers):
            for i, part in enumerate(parts):
                theirs, ours = f"{stack}.block.{block}.layer.{i}", f"{stack}_blocks.{block}"
                names[f"{theirs}.layer_norm"] = f"{ours}.{part.split('_')[0]}_norm"
                if part == "mlp":
                    names |= {f"{theirs}.DenseReluDense.wi": f"{ours}.mlp.up_proj"}
                    names |= {f"{theirs}.DenseReluDense.wo": f"{ours}.mlp.down_proj"}
                    continue
                attention = "EncDecAttention" if "cross" in part else "SelfAttention"
                names |= {f"{theirs}.{attention}.{x}": f"{ours}.{part}.{x}_proj" for x in "qkvo"}
    return names


def both_t5s():
    config = T5Config(
        vocab_size=31, d_model=24, d_kv=8, d_ff=40, num_layers=2, num_heads=4, decoder_start_token_id=0, pad_token_id=0
    )
    theirs, ours = noisy(T5ForConditionalGeneration(config)), EncoderDecoder(SMALL_T5).eval()
    state = {our: theirs.get_parameter(f"{name}.weight") for name, our in t5s_names(2).items()}
    state["lm_head"] = state["token_embedding"]
    ours.load_state_dict({f"{name}.weight": tensor for name, tensor in state.items()})  # strict: all of ours are filled
    return theirs, ours


@pytest.mark.equals(
    "helpers.models.encoder_decoder.EncoderDecoder",
    "transformers.T5ForConditionalGeneration",
    "encoder states and logits, padded source",
)
def test_it_equals_t5():
    (theirs, ours), (source, target) = both_t5s(), source_and_target()
    with torch.no_grad():
        expected = theirs(source, MASK.long(), decoder_input_ids=target)
        torch.testing.assert_close(ours.encode(source, MASK)[MASK], expected.encoder_last_hidden_state[MASK])
        torch.testing.assert_close(ours(source, target, MASK), expected.logits)


@pytest.mark.equals(
    "helpers.models.encoder_decoder.Reading", "transformers.T5ForConditionalGeneration.generate", "greedy text, cached"
)
def test_it_writes_what_t5_writes():
    (theirs, ours), source = both_t5s(), some_ids(9)
    options = dict(do_sample=False, max_new_tokens=10, min_new_tokens=10, eos_token_id=None)
    expected = theirs.generate(source, attention_mask=MASK.long(), **options)
    start = torch.zeros(2, 1, dtype=torch.long)
    assert torch.equal(generate(ours.reading(source, MASK), start, 10, temperature=0), expected[:, 1:])


@pytest.mark.equals(
    "helpers.models.encoder_decoder.Reading",
    "transformers.T5ForConditionalGeneration.generate",
    "beam search, padded source",
)
def test_its_beams_are_t5s_beams():
    (theirs, ours), source = both_t5s(), some_ids(9)
    options = dict(num_beams=3, num_return_sequences=3, do_sample=False, max_new_tokens=6, eos_token_id=None)
    expected = theirs.generate(source, attention_mask=MASK.long(), **options)
    start = torch.zeros(2, 1, dtype=torch.long)
    found = beam_search(ours.reading(source, MASK), start, 6, n_beams=3)
    assert torch.equal(found.ids.flatten(0, 1), expected[:, 1:])


@pytest.mark.parametrize("config", [SMALL, SMALL_T5])
def test_a_fresh_model_starts_near_ignorance_at_every_width(config):
    torch.manual_seed(0)
    for d_model in (24, 96):
        model, (source, target) = EncoderDecoder(config.but(d_model=d_model)), source_and_target()
        assert 0.5 < model(source, target).std() < 2  # neither vanishing nor growing with the width


@pytest.mark.parametrize("config", [SMALL, SMALL_T5])
def test_fresh_scores_have_one_size_whether_they_are_divided_by_the_head_size_or_not(config):
    torch.manual_seed(0)
    for d_head in (8, 128):
        attention = EncoderDecoder(config.but(d_head=d_head)).encoder_blocks[0].attention
        x = torch.randn(1, 50, 24)
        scores = attention.queries(x) @ attention.keys_values(x)[0].mT * attention.scale
        assert 0.5 < scores.std() < 2


@pytest.mark.parametrize("config", [SMALL, SMALL_T5])
def test_a_tiny_model_learns_one_batch_of_reversals_by_heart(config):
    torch.manual_seed(0)
    model, source = EncoderDecoder(config), some_ids(6, batch=8)
    answer = source.flip(1)
    target = torch.cat([torch.zeros(8, 1, dtype=torch.long), answer[:, :-1]], dim=1)  # starts with a start token
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(100):
        loss = nn.functional.cross_entropy(model(source, target).flatten(0, 1), answer.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1  # nats; guessing costs ln 31 = 3.4
    assert torch.equal(generate(model.reading(source), target[:, :1], 6, temperature=0), answer)


def test_bad_input_is_named():
    model, (source, target) = EncoderDecoder(SMALL), source_and_target()
    for run, message in [
        (lambda: model(source + 31, target), "ids must be from 0 to 30"),
        (lambda: model(source, target - 31), "ids must be from 0 to 30"),
        (lambda: model(some_ids(17), target), "the context is 16 positions long, got 17"),
        (lambda: model(source, some_ids(17)), "the context is 16 positions long, got 17"),
        (lambda: model(source, target, MASK & torch.tensor([[False], [True]])), "a row of the mask has no token"),
        (lambda: model.reading(source)(some_ids(7, batch=3)), "2 sources were read, .* got 3"),
    ]:
        with pytest.raises(ValueError, match=message):
            run()


def test_words_that_do_not_fit_are_refused():
    for change, message in [
        ({"embedding_scale": "both"}, "embedding_scale must be one of none, input, output, got 'both'"),
        ({"window": 4}, "window is a word of the decoder alone, so leave it out here, got 4"),
        ({"embedding_norm": True}, "embedding_norm is a word of the decoder alone"),
    ]:
        with pytest.raises(ValueError, match=message):
            SMALL.but(**change)
