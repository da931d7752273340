"""The models of `transformers` that ours are measured beside: 4 layers, width 128, fresh weights, no dropout."""

from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel


def gpt2(vocab_size: int, context_length: int) -> PreTrainedModel:
    """GPT-2's words."""
    shape = dict(vocab_size=vocab_size, n_positions=context_length, n_embd=128, n_layer=4, n_head=4)
    no_dropout = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    return GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0, **shape, **no_dropout))


def llama(vocab_size: int, context_length: int) -> PreTrainedModel:
    """LLaMA's words, with half as many key/value heads as heads."""
    shape = dict(vocab_size=vocab_size, max_position_embeddings=context_length, hidden_size=128, intermediate_size=344)
    heads = dict(num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2)
    return LlamaForCausalLM(LlamaConfig(pad_token_id=0, **shape, **heads))
