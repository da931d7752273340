import warnings

import pytest
import torch
import transformers
from models.foreign import EPS, IDS, N_IDS, random_model, same_state

from helpers.models.encoder import Encoder, MaskedLanguageModel
from helpers.models.encoder_decoder import EncoderDecoder, Maps
from helpers.models.pretrained import from_hugging_face, save_hugging_face, to_hugging_face
from helpers.sampling import generate

BERT = dict(
    vocab_size=N_IDS, max_position_embeddings=24, hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
    intermediate_size=36, type_vocab_size=3, layer_norm_eps=EPS,
)  # fmt: skip
T5 = dict(vocab_size=N_IDS, d_model=24, num_layers=3, num_heads=4, d_kv=10, d_ff=36, layer_norm_epsilon=EPS)
IS_TOKEN = torch.arange(15) < torch.tensor([15, 9])[:, None]
SEGMENTS = (torch.arange(15) > 6).long().expand(2, 15)
TARGET = IDS.flip(1)[:, :11]


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def bert(architecture="BertForPreTraining"):
    return random_model(architecture, BERT, pad_token_id=0)


def t5():
    return random_model("T5ForConditionalGeneration", T5, pad_token_id=0, decoder_start_token_id=0)


@pytest.mark.equals(
    "helpers.models.encoder.MaskedLanguageModel",
    "transformers.BertForPreTraining",
    "logits of tokens and of the next sentence, with padding and two segments",
)
def test_both_heads_of_bert_equal_those_of_transformers_on_padded_pairs():
    theirs = bert()
    ours = from_hugging_face(theirs)
    expected = theirs(IDS, token_type_ids=SEGMENTS, attention_mask=IS_TOKEN.long())
    hidden = ours.encoder(IDS, SEGMENTS, IS_TOKEN)
    torch.testing.assert_close(ours(IDS, SEGMENTS, IS_TOKEN)[IS_TOKEN], expected.prediction_logits[IS_TOKEN])
    torch.testing.assert_close(ours.next_sentence_logits(hidden), expected.seq_relationship_logits)
    assert expected.prediction_logits.std() > 0.3
    assert not torch.allclose(ours(IDS)[IS_TOKEN], expected.prediction_logits[IS_TOKEN], atol=1e-2)


@pytest.mark.equals(
    "helpers.models.encoder.Encoder", "transformers.BertModel", "vectors, pooled vector, attention maps"
)
def test_vectors_and_maps_of_bert_equal_those_of_transformers():
    theirs, maps = bert("BertModel"), []
    theirs.set_attn_implementation("eager")
    ours = from_hugging_face(theirs)
    expected = theirs(IDS, token_type_ids=SEGMENTS, output_attentions=True)
    hidden = ours(IDS, SEGMENTS, maps=maps)
    torch.testing.assert_close(hidden, expected.last_hidden_state)
    torch.testing.assert_close(ours.pooled(hidden), expected.pooler_output)
    for weights, theirs_weights in zip(maps, expected.attentions, strict=True):
        torch.testing.assert_close(weights, theirs_weights)


def test_bert_becomes_an_encoder_and_with_heads_a_masked_language_model():
    with warnings.catch_warnings(action="error"):
        assert type(from_hugging_face(bert("BertModel"))) is Encoder
        assert type(from_hugging_face(bert("BertForPreTraining"))) is MaskedLanguageModel


def test_heads_that_a_checkpoint_lacks_are_named_and_the_rest_is_read():
    theirs = bert("BertForMaskedLM")
    with pytest.warns(UserWarning, match="the source has no") as told:
        ours = from_hugging_face(theirs)
    assert [str(warning.message).split(":")[0] for warning in told] == [
        "the source has no encoder.pooler",
        "the source has no next_sentence",
    ]
    torch.testing.assert_close(ours(IDS), theirs(IDS).logits)


@pytest.mark.equals(
    "helpers.models.encoder_decoder.EncoderDecoder",
    "transformers.T5ForConditionalGeneration",
    "logits and the three kinds of attention maps, with padded sources",
)
def test_t5_equals_that_of_transformers_on_padded_sources():
    theirs, maps = t5(), Maps()
    theirs.set_attn_implementation("eager")
    expected = theirs(IDS, IS_TOKEN.long(), decoder_input_ids=TARGET, output_attentions=True)
    ours = from_hugging_face(theirs)
    torch.testing.assert_close(ours(IDS, TARGET, IS_TOKEN), expected.logits)
    assert expected.logits.std() > 0.2  # T5 divides its logits by √d_model
    assert not torch.allclose(ours(IDS, TARGET), expected.logits, atol=1e-2)
    ours(IDS, TARGET, IS_TOKEN, maps)
    kinds = [(maps.encoder, expected.encoder_attentions), (maps.decoder, expected.decoder_attentions)]
    for ours_maps, theirs_maps in [*kinds, (maps.cross, expected.cross_attentions)]:
        for weights, theirs_weights in zip(ours_maps, theirs_maps, strict=True):
            rows = IS_TOKEN[:, None, :, None] if weights.shape[2] == 15 else torch.ones(1, 1, 11, 1, dtype=torch.bool)
            torch.testing.assert_close(weights * rows, theirs_weights * rows)  # what padding looks at means nothing


@pytest.mark.parametrize("cuts", [(1,), (5,), (10,), (2, 3, 7)])
def test_a_target_read_in_parts_equals_that_of_transformers(cuts):
    theirs = t5()
    expected = theirs(IDS, IS_TOKEN.long(), decoder_input_ids=TARGET).logits
    reading = from_hugging_face(theirs).reading(IDS, IS_TOKEN)
    cache = reading.new_cache(batch=2)
    parts = [reading(part, cache) for part in TARGET.tensor_split(cuts, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), expected)


@pytest.mark.equals(
    "helpers.sampling.generate.generate",
    "transformers.T5ForConditionalGeneration.generate",
    "greedy continuations by T5, with and without cache",
)
@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy_writing_of_t5_equals_that_of_transformers(use_cache):
    theirs = t5()
    expected = theirs.generate(
        IDS, attention_mask=IS_TOKEN.long(), max_new_tokens=12, do_sample=False, eos_token_id=None, use_cache=use_cache
    )
    reading, start = from_hugging_face(theirs).reading(IDS, IS_TOKEN), torch.zeros(2, 1, dtype=torch.long)
    assert torch.equal(generate(reading, start, 12, temperature=0, use_cache=use_cache), expected[:, 1:])


@pytest.mark.parametrize("make", [bert, lambda: bert("BertModel"), t5], ids=["bert, heads", "bert", "t5"])
def test_there_and_back_and_through_a_folder_no_bit_changes(make, tmp_path):
    theirs = make()
    ours = from_hugging_face(theirs)
    assert same_state(to_hugging_face(ours), theirs)
    theirs.save_pretrained(tmp_path / "theirs")
    save_hugging_face(ours, tmp_path / "ours")
    for folder in (tmp_path / "theirs", tmp_path / "ours"):
        again = from_hugging_face(folder)
        assert same_state(again, ours)
        assert again.config == ours.config
        assert same_state(type(theirs).from_pretrained(folder), theirs)


def test_the_encoder_alone_is_found_in_a_folder_by_transformers_too(tmp_path):
    theirs = bert("BertModel")
    save_hugging_face(from_hugging_face(theirs), tmp_path)
    assert same_state(transformers.AutoModel.from_pretrained(tmp_path), theirs)


def test_the_gated_t5_is_refused_and_what_is_missing_is_named():
    theirs = random_model("T5ForConditionalGeneration", T5 | dict(feed_forward_proj="gated-gelu"))
    with pytest.raises(ValueError, match="no part of ours computes feed_forward_proj='gated-gelu'; known are relu"):
        from_hugging_face(theirs)
    uneven = random_model("T5ForConditionalGeneration", T5 | dict(num_decoder_layers=2))
    with pytest.raises(ValueError, match=r"num_decoder_layers=2 contradicts .* one word n_layers"):
        from_hugging_face(uneven)
    assert isinstance(from_hugging_face(t5()), EncoderDecoder)
