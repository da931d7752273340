"""Tiny random models of transformers, at least one of each family that we read."""

import torch
import transformers

N_IDS = 57
IDS = torch.randint(N_IDS, (2, 15), generator=torch.Generator().manual_seed(0))
EPS = 0.05  # so large that a wrong one is seen
GPT = dict(vocab_size=N_IDS, n_positions=24, n_embd=20, n_layer=3, n_head=4)
LATER = dict(
    vocab_size=N_IDS, max_position_embeddings=32, hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
    intermediate_size=36,
)  # fmt: skip
LLAMA = dict(**LATER, num_key_value_heads=2)
LLAMA3_RULE = dict(
    rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=8,
)  # fmt: skip
LINEAR = dict(rope_type="linear", rope_theta=10_000.0, factor=4.0)
YARN = dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=8, beta_fast=2.0)

DECODERS = {
    "gpt1": ("OpenAIGPTLMHeadModel", GPT | dict(layer_norm_epsilon=EPS)),
    "gpt2": ("GPT2LMHeadModel", GPT),
    "gpt2, other words": (
        "GPT2LMHeadModel",
        GPT | dict(n_inner=36, activation_function="relu", scale_attn_weights=False, layer_norm_epsilon=EPS),
    ),
    "gpt-neox": ("GPTNeoXForCausalLM", LATER | dict(hidden_size=32, layer_norm_eps=EPS)),
    "gpt-neox, one after the other": (
        "GPTNeoXForCausalLM",
        LATER | dict(use_parallel_residual=False, hidden_act="gelu_fast", rotary_pct=0.667, rotary_emb_base=500),
    ),
    "bloom": ("BloomForCausalLM", dict(vocab_size=N_IDS, hidden_size=24, n_layer=3, n_head=4, seq_length=32)),
    "bloom, 6 heads": (
        "BloomForCausalLM",
        dict(vocab_size=N_IDS, hidden_size=24, n_layer=2, n_head=6, layer_norm_epsilon=EPS),
    ),
    "llama 1": ("LlamaForCausalLM", LATER),
    "llama 2, grouped queries": ("LlamaForCausalLM", LLAMA | dict(rms_norm_eps=EPS)),
    "llama 3": ("LlamaForCausalLM", LLAMA | dict(rope_parameters=dict(rope_type="default", rope_theta=500_000.0))),
    "llama 3.2, tied": ("LlamaForCausalLM", LLAMA | dict(rope_parameters=LLAMA3_RULE, tie_word_embeddings=True)),
    "llama, linear": ("LlamaForCausalLM", LLAMA | dict(rope_parameters=LINEAR)),
    "llama, yarn": ("LlamaForCausalLM", LLAMA | dict(rope_parameters=YARN)),
    "llama, biases": ("LlamaForCausalLM", LLAMA | dict(attention_bias=True, mlp_bias=True, head_dim=10)),
    "mistral": ("MistralForCausalLM", LLAMA | dict(sliding_window=4)),
    "mistral, no window": ("MistralForCausalLM", LLAMA | dict(sliding_window=None)),
    "mixtral": ("MixtralForCausalLM", LLAMA | dict(num_local_experts=4, num_experts_per_tok=2)),
    "mixtral, one of three, window": (
        "MixtralForCausalLM",
        LLAMA | dict(num_local_experts=3, num_experts_per_tok=1, sliding_window=5),
    ),
    "qwen2": ("Qwen2ForCausalLM", LLAMA),
    "qwen3": ("Qwen3ForCausalLM", LLAMA | dict(head_dim=8, rms_norm_eps=EPS)),
}


def random_model(architecture, settings, seed=0, **special):
    """A model whose every parameter is noise: biases and norms start at 0 and 1, so a swapped pair would go unseen."""
    model_class = getattr(transformers, architecture)
    special = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None) | special
    model = model_class(model_class.config_class(**settings, **special)).eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=generator)
    return model


def random_decoder(kind):
    """The decoder of this kind."""
    return random_model(*DECODERS[kind])


def same_state(a, b):
    """Whether two models hold the same tensors under the same names, bit by bit."""
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
