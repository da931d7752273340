import pytest
import torch
from models.foreign import DECODERS, IDS, N_IDS, random_decoder, same_state
from transformers import AutoModelForCausalLM

from helpers.models.pretrained import from_hugging_face, save_hugging_face, to_hugging_face
from helpers.sampling import generate

every_decoder = pytest.mark.parametrize("kind", DECODERS)
LENGTHS = torch.tensor([15, 9])


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.OpenAIGPTLMHeadModel", "logits of GPT-1")
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.GPT2LMHeadModel", "logits of GPT-2")
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.GPTNeoXForCausalLM", "logits of GPT-NeoX")
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.BloomForCausalLM", "logits of BLOOM")
@pytest.mark.equals(
    "helpers.models.decoder.Decoder", "transformers.LlamaForCausalLM", "logits of LLaMA 1 to 3, with every RoPE rule"
)
@pytest.mark.equals(
    "helpers.models.decoder.Decoder", "transformers.MistralForCausalLM", "logits of Mistral, beyond its window"
)
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.MixtralForCausalLM", "logits of Mixtral")
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.Qwen2ForCausalLM", "logits of Qwen 2")
@pytest.mark.equals("helpers.models.decoder.Decoder", "transformers.Qwen3ForCausalLM", "logits of Qwen 3")
@every_decoder
def test_logits_equal_those_of_transformers(kind):
    theirs = random_decoder(kind)
    expected = theirs(IDS).logits
    torch.testing.assert_close(from_hugging_face(theirs)(IDS), expected)
    assert expected.std() > 0.3  # near zero every model agrees


@pytest.mark.equals(
    "helpers.models.decoder.Decoder.new_cache", "transformers.DynamicCache", "logits of every decoder, read in parts"
)
@every_decoder
@pytest.mark.parametrize("cuts", [(1,), (8,), (14,), (3, 4, 9)])
def test_logits_of_a_text_read_in_parts_equal_those_of_transformers(kind, cuts):
    theirs = random_decoder(kind)
    ours, parts = from_hugging_face(theirs), IDS.tensor_split(cuts, dim=1)
    cache = ours.new_cache(batch=2)
    torch.testing.assert_close(torch.cat([ours(part, cache) for part in parts], 1), in_parts(theirs, parts))


def in_parts(theirs, parts):
    """Logits with the cache of transformers; GPT-1 has none there, so it reads all at once."""
    if theirs.config.model_type == "openai-gpt":
        return theirs(torch.cat(parts, dim=1)).logits
    cache, logits = None, []
    for part in parts:
        answer = theirs(part, past_key_values=cache, use_cache=True)
        cache = answer.past_key_values
        logits.append(answer.logits)
    return torch.cat(logits, dim=1)


@pytest.mark.equals(
    "helpers.models.decoder.Decoder.forward",
    "transformers.LlamaForCausalLM.forward",
    "logits of texts padded on the left, in every decoder family",
)
@every_decoder
def test_logits_of_padded_texts_equal_those_of_transformers(kind):
    theirs = random_decoder(kind)
    columns, n_padding = torch.arange(15), 15 - LENGTHS[:, None]
    is_token, positions = columns >= n_padding, (columns - n_padding).clamp(min=0)
    counted = {} if theirs.config.model_type == "bloom" else {"position_ids": positions}  # BLOOM has distances only
    expected = theirs(IDS, attention_mask=is_token.long(), **counted).logits
    mask = (is_token[:, None] & (columns <= columns[:, None])) | torch.eye(15, dtype=torch.bool)
    ours = from_hugging_face(theirs)(IDS, mask=mask, positions=positions)
    torch.testing.assert_close(ours[is_token], expected[is_token])
    assert not torch.allclose(from_hugging_face(theirs)(IDS)[1, 6:], expected[1, 6:], atol=1e-3)


@pytest.mark.equals(
    "helpers.attention.multi_head.MultiHeadAttention",
    "transformers.models.llama.modeling_llama.eager_attention_forward",
    "attention weights of every layer and head, in every decoder family",
)
@every_decoder
def test_attention_maps_equal_those_of_transformers(kind):
    theirs, maps = random_decoder(kind), []
    theirs.set_attn_implementation("eager")
    from_hugging_face(theirs)(IDS, maps=maps)
    expected = theirs(IDS, output_attentions=True).attentions
    for ours, weights in zip(maps, expected, strict=True):
        torch.testing.assert_close(ours, weights)


@pytest.mark.equals(
    "helpers.sampling.generate.generate",
    "transformers.GenerationMixin.generate",
    "greedy continuations by every decoder family",
)
@every_decoder
def test_greedy_writing_equals_that_of_transformers(kind):
    theirs = random_decoder(kind)
    expected = theirs.generate(IDS, attention_mask=torch.ones_like(IDS), max_new_tokens=8, do_sample=False)
    assert torch.equal(generate(from_hugging_face(theirs), IDS, 8, temperature=0), expected[:, 15:])


@every_decoder
def test_there_and_back_no_bit_changes(kind):
    theirs = random_decoder(kind)
    ours = from_hugging_face(theirs)
    back = to_hugging_face(ours)
    assert same_state(back, theirs)
    torch.testing.assert_close(back(IDS).logits, theirs(IDS).logits)
    again = from_hugging_face(back)
    assert again.config == ours.config
    assert same_state(again, ours)


@every_decoder
def test_a_folder_written_by_either_side_is_read_by_both(kind, tmp_path):
    theirs = random_decoder(kind)
    ours = from_hugging_face(theirs)
    theirs.save_pretrained(tmp_path / "theirs")
    save_hugging_face(ours, tmp_path / "ours")
    for folder in (tmp_path / "theirs", tmp_path / "ours"):
        assert same_state(from_hugging_face(folder), ours)
        torch.testing.assert_close(AutoModelForCausalLM.from_pretrained(folder)(IDS).logits, theirs(IDS).logits)


def test_a_model_of_ours_that_learns_on_does_not_move_the_one_it_came_from():
    theirs = random_decoder("llama 1")
    ours = from_hugging_face(theirs)
    back = to_hugging_face(ours)
    for parameter in ours.parameters():
        parameter.zero_()
    assert theirs(IDS).logits.std() > 0.3
    assert back(IDS).logits.std() > 0.3
    assert (ours(IDS) == 0).all()


def test_untied_is_untied_and_tied_is_tied():
    for kind, is_tied in [("llama 1", False), ("llama 3.2, tied", True), ("gpt2", True), ("gpt-neox", False)]:
        ours = from_hugging_face(random_decoder(kind))
        assert (ours.lm_head.weight is ours.token_embedding.weight) == is_tied
        assert ours.config.vocab_size == N_IDS
