"""What others call the things that this book gives one name each: the settings and tensors of eleven families.

Read side by side, the tables say how little the families differ: mostly in names. What a family always does stands
in `words`, what its models choose in `settings`, where each tensor comes from in `tensors`. In the tables their name
comes first. `#` stands for a number and `?` for a letter, the same on both sides; {q,k,v} and `*` (every number) for
several tensors of ours that they keep as one.

Source: the files that `transformers` writes and reads, compared tensor by tensor in the tests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder
from helpers.models.encoder import Encoder, EncoderConfig, MaskedLanguageModel
from helpers.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from helpers.positions.rope_scaling import LinearScaling, Llama3Scaling, RopeScaling, YarnScaling


@dataclass(frozen=True)
class Change:
    """How one of their tensors becomes one or more of ours, and how ours become theirs. Both know the head count."""

    split: Callable[[Tensor, int], Sequence[Tensor]]
    join: Callable[[Sequence[Tensor], int], Tensor]


SAME = Change(lambda theirs, n_heads: [theirs], lambda ours, n_heads: ours[0])

# GPT-1 and GPT-2 store matrices as inputs × outputs, TensorFlow's way, and queries, keys and values side by side.
TRANSPOSED = Change(lambda theirs, n_heads: [theirs.t()], lambda ours, n_heads: ours[0].t())
THIRDS_TRANSPOSED = Change(lambda theirs, n_heads: theirs.t().chunk(3), lambda ours, n_heads: torch.cat(list(ours)).t())

# GPT-NeoX and BLOOM go head by head: the query of head 0, its key, its value, the query of head 1, …
HEAD_BY_HEAD = Change(
    lambda theirs, n_heads: [part.flatten(0, 1) for part in theirs.unflatten(0, (n_heads, 3, -1)).unbind(1)],
    lambda ours, n_heads: torch.stack([part.unflatten(0, (n_heads, -1)) for part in ours], dim=1).flatten(0, 2),
)

# In memory, not in its files, transformers 5 stacks the experts, and a gate on top of its partner.
STACKED = Change(lambda theirs, n_heads: theirs.unbind(), lambda ours, n_heads: torch.stack(list(ours)))
STACKED_PAIRS = Change(
    lambda theirs, n_heads: [matrix for half in theirs.chunk(2, dim=1) for matrix in half],
    lambda ours, n_heads: torch.cat(torch.stack(list(ours)).chunk(2), dim=1),
)

Names = Mapping[str, str | tuple[str, Change]]
Settings = Mapping[str, str | tuple[str, dict[Any, Any]]]


@dataclass(frozen=True)
class Family:
    """One `model_type`: what all its models have in common, and what it calls the rest.

    `architectures` names the class of `transformers` for each class of ours. `words` are ours and hold unless a
    setting says otherwise. `fixed` lists settings for which our parts know this one value. Tensor names may come
    without the `prefix`; heads in `optional` may be absent.
    """

    architectures: Mapping[type[nn.Module], str]
    words: Mapping[str, object]
    settings: Settings
    tensors: Names
    prefix: str
    fixed: Mapping[str, object] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    config: type[DecoderConfig] = DecoderConfig


ROPE_SCALINGS: dict[str, tuple[type[RopeScaling], dict[str, str]]] = {
    "linear": (LinearScaling, {"factor": "factor"}),
    "yarn": (
        YarnScaling,
        {
            "factor": "factor",
            "original_max_position_embeddings": "original_context",
            "beta_fast": "beta_fast",
            "beta_slow": "beta_slow",
        },
    ),
    "llama3": (
        Llama3Scaling,
        {
            "factor": "factor",
            "low_freq_factor": "low_freq_factor",
            "high_freq_factor": "high_freq_factor",
            "original_max_position_embeddings": "original_context",
        },
    ),
}

GELU_NAMES = {
    "gelu_new": "gelu",
    "gelu": "gelu_exact",
    "gelu_fast": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "relu": "relu",
    "relu2": "relu_squared",
}

# Masks and frequencies that old files carry, copies of tied matrices, and one of T5 that nothing reads.
LEFT_BEHIND = (
    r"(.*\.)?(attn|attention)\.(masked_)?bias",
    r".*rotary_emb\.inv_freq",
    r"(.*\.)?position_ids",
    r"(lm_head|embed_out|cls\.predictions\.decoder|(encoder|decoder)\.embed_tokens)\.(weight|bias)",
    r"decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight",
)

OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}  # BERT's first files

GPT_SETTINGS: Settings = {
    "vocab_size": "vocab_size",
    "n_positions": "context_length",
    "n_embd": "d_model",
    "n_layer": "n_layers",
    "n_head": "n_heads",
    "layer_norm_epsilon": "norm_eps",
    "tie_word_embeddings": "tie_embeddings",
}

GPT_BLOCKS: Names = {
    "transformer.h.#.ln_1": "blocks.#.attention_norm",
    "transformer.h.#.attn.c_attn": ("blocks.#.attention.{q,k,v}_proj", THIRDS_TRANSPOSED),
    "transformer.h.#.attn.c_proj": ("blocks.#.attention.o_proj", TRANSPOSED),
    "transformer.h.#.ln_2": "blocks.#.mlp_norm",
    "transformer.h.#.mlp.c_fc": ("blocks.#.mlp.up_proj", TRANSPOSED),
    "transformer.h.#.mlp.c_proj": ("blocks.#.mlp.down_proj", TRANSPOSED),
    "lm_head": "lm_head",
}

GPT1 = Family(
    architectures={Decoder: "OpenAIGPTLMHeadModel"},
    words={"norm_position": "post"},
    settings={**GPT_SETTINGS, "afn": ("mlp", {"gelu": "gelu", "relu": "relu"})},  # here "gelu" is the tanh form
    tensors={
        "transformer.tokens_embed": "token_embedding",
        "transformer.positions_embed": "positions.table",
        **GPT_BLOCKS,
    },
    prefix="transformer.",
)

GPT2 = Family(
    architectures={Decoder: "GPT2LMHeadModel"},
    words={},
    settings={
        **GPT_SETTINGS,
        "n_inner": "d_ff",
        "activation_function": ("mlp", GELU_NAMES),
        "scale_attn_weights": ("attention_scale", {True: None, False: 1.0}),
    },
    tensors={
        "transformer.wte": "token_embedding",
        "transformer.wpe": "positions.table",
        **GPT_BLOCKS,
        "transformer.ln_f": "final_norm",
    },
    prefix="transformer.",
    fixed={"scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False},
)

LATER_SETTINGS: Settings = {
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
    "hidden_size": "d_model",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "d_ff",
    "tie_word_embeddings": "tie_embeddings",
}

GPT_NEOX = Family(
    architectures={Decoder: "GPTNeoXForCausalLM"},
    words={"positions": "rope", "rope_fraction": 0.25, "parallel_residual": True, "tie_embeddings": False},
    settings={
        **LATER_SETTINGS,
        "layer_norm_eps": "norm_eps",
        "hidden_act": ("mlp", GELU_NAMES),
        "use_parallel_residual": "parallel_residual",
        "rotary_emb_base": "rope_base",
        "rope_theta": "rope_base",
        "rotary_pct": "rope_fraction",
        "partial_rotary_factor": "rope_fraction",
    },
    tensors={
        "gpt_neox.embed_in": "token_embedding",
        "gpt_neox.layers.#.input_layernorm": "blocks.#.attention_norm",
        "gpt_neox.layers.#.attention.query_key_value": ("blocks.#.attention.{q,k,v}_proj", HEAD_BY_HEAD),
        "gpt_neox.layers.#.attention.dense": "blocks.#.attention.o_proj",
        "gpt_neox.layers.#.post_attention_layernorm": "blocks.#.mlp_norm",
        "gpt_neox.layers.#.mlp.dense_h_to_4h": "blocks.#.mlp.up_proj",
        "gpt_neox.layers.#.mlp.dense_4h_to_h": "blocks.#.mlp.down_proj",
        "gpt_neox.final_layer_norm": "final_norm",
        "embed_out": "lm_head",
        "lm_head": "lm_head",
    },
    prefix="gpt_neox.",
    fixed={"attention_bias": True},
)

BLOOM = Family(
    architectures={Decoder: "BloomForCausalLM"},
    words={"positions": "alibi", "embedding_norm": True, "context_length": 2048},
    settings={
        "vocab_size": "vocab_size",
        "seq_length": "context_length",
        "hidden_size": "d_model",
        "n_embed": "d_model",
        "n_layer": "n_layers",
        "n_head": "n_heads",
        "num_attention_heads": "n_heads",
        "layer_norm_epsilon": "norm_eps",
        "tie_word_embeddings": "tie_embeddings",
    },
    tensors={
        "transformer.word_embeddings": "token_embedding",
        "transformer.word_embeddings_layernorm": "embedding_norm",
        "transformer.h.#.input_layernorm": "blocks.#.attention_norm",
        "transformer.h.#.self_attention.query_key_value": ("blocks.#.attention.{q,k,v}_proj", HEAD_BY_HEAD),
        "transformer.h.#.self_attention.dense": "blocks.#.attention.o_proj",
        "transformer.h.#.post_attention_layernorm": "blocks.#.mlp_norm",
        "transformer.h.#.mlp.dense_h_to_4h": "blocks.#.mlp.up_proj",
        "transformer.h.#.mlp.dense_4h_to_h": "blocks.#.mlp.down_proj",
        "transformer.ln_f": "final_norm",
        "lm_head": "lm_head",
    },
    prefix="transformer.",
    fixed={"apply_residual_connection_post_layernorm": False},
)

LLAMA_WORDS = {
    "norm": "rms_norm",
    "norm_eps": 1e-6,
    "positions": "rope",
    "mlp": "swiglu",
    "bias": False,
    "tie_embeddings": False,
}

LLAMA_SETTINGS: Settings = {
    **LATER_SETTINGS,
    "num_key_value_heads": "n_kv_heads",
    "head_dim": "d_head",
    "rms_norm_eps": "norm_eps",
    "hidden_act": ("mlp", {"silu": "swiglu"}),
    "rope_theta": "rope_base",
}

LLAMA_TENSORS: Names = {
    "model.embed_tokens": "token_embedding",
    "model.layers.#.input_layernorm": "blocks.#.attention_norm",
    "model.layers.#.self_attn.?_proj": "blocks.#.attention.?_proj",
    "model.layers.#.post_attention_layernorm": "blocks.#.mlp_norm",
    "model.layers.#.mlp.gate_proj": "blocks.#.mlp.gate_proj",
    "model.layers.#.mlp.up_proj": "blocks.#.mlp.up_proj",
    "model.layers.#.mlp.down_proj": "blocks.#.mlp.down_proj",
    "model.norm": "final_norm",
    "lm_head": "lm_head",
}

LLAMA = Family(
    architectures={Decoder: "LlamaForCausalLM"},
    words=LLAMA_WORDS,
    settings={**LLAMA_SETTINGS, "attention_bias": "bias", "mlp_bias": "bias"},
    tensors=LLAMA_TENSORS,
    prefix="model.",
)

MISTRAL = Family(
    architectures={Decoder: "MistralForCausalLM"},
    words=LLAMA_WORDS,
    settings={**LLAMA_SETTINGS, "sliding_window": "window"},
    tensors=LLAMA_TENSORS,
    prefix="model.",
)

MIXTRAL = Family(
    architectures={Decoder: "MixtralForCausalLM"},
    words={**LLAMA_WORDS, "norm_eps": 1e-5, "rope_base": 1e6},
    settings={
        **LLAMA_SETTINGS,
        "sliding_window": "window",
        "num_local_experts": "experts.n_experts",
        "num_experts_per_tok": "experts.n_active",
    },
    tensors={
        **LLAMA_TENSORS,
        "model.layers.#.block_sparse_moe.gate": "blocks.#.mlp.router",
        "model.layers.#.block_sparse_moe.experts.#.w1": "blocks.#.mlp.experts.#.gate_proj",
        "model.layers.#.block_sparse_moe.experts.#.w2": "blocks.#.mlp.experts.#.down_proj",
        "model.layers.#.block_sparse_moe.experts.#.w3": "blocks.#.mlp.experts.#.up_proj",
        "model.layers.#.mlp.gate": "blocks.#.mlp.router",
        "model.layers.#.mlp.experts.down_proj": ("blocks.#.mlp.experts.*.down_proj.weight", STACKED),
        "model.layers.#.mlp.experts.gate_up_proj": ("blocks.#.mlp.experts.*.{gate,up}_proj.weight", STACKED_PAIRS),
    },
    prefix="model.",
)

QWEN2 = Family(
    architectures={Decoder: "Qwen2ForCausalLM"},
    words={**LLAMA_WORDS, "qkv_bias": True},
    settings=LLAMA_SETTINGS,
    tensors=LLAMA_TENSORS,
    prefix="model.",
    fixed={"use_sliding_window": False},
)

QWEN3 = Family(
    architectures={Decoder: "Qwen3ForCausalLM"},
    words={**LLAMA_WORDS, "qk_norm": True},
    settings=LLAMA_SETTINGS,
    tensors={
        **LLAMA_TENSORS,
        "model.layers.#.self_attn.q_norm": "blocks.#.attention.q_norm",
        "model.layers.#.self_attn.k_norm": "blocks.#.attention.k_norm",
    },
    prefix="model.",
    fixed={"attention_bias": False, "use_sliding_window": False},
)

BERT = Family(
    architectures={MaskedLanguageModel: "BertForPreTraining", Encoder: "BertModel"},
    words={},
    settings={
        **{theirs: ours for theirs, ours in LATER_SETTINGS.items() if theirs != "tie_word_embeddings"},
        "type_vocab_size": "n_segments",
        "layer_norm_eps": "norm_eps",
        "hidden_act": ("mlp", {"gelu": "gelu_exact"}),
    },
    tensors={
        "bert.embeddings.word_embeddings": "encoder.token_embedding",
        "bert.embeddings.position_embeddings": "encoder.positions.table",
        "bert.embeddings.token_type_embeddings": "encoder.segment_embedding",
        "bert.embeddings.LayerNorm": "encoder.embedding_norm",
        "bert.encoder.layer.#.attention.self.query": "encoder.blocks.#.attention.q_proj",
        "bert.encoder.layer.#.attention.self.key": "encoder.blocks.#.attention.k_proj",
        "bert.encoder.layer.#.attention.self.value": "encoder.blocks.#.attention.v_proj",
        "bert.encoder.layer.#.attention.output.dense": "encoder.blocks.#.attention.o_proj",
        "bert.encoder.layer.#.attention.output.LayerNorm": "encoder.blocks.#.attention_norm",
        "bert.encoder.layer.#.intermediate.dense": "encoder.blocks.#.mlp.up_proj",
        "bert.encoder.layer.#.output.dense": "encoder.blocks.#.mlp.down_proj",
        "bert.encoder.layer.#.output.LayerNorm": "encoder.blocks.#.mlp_norm",
        "bert.pooler.dense": "encoder.pooler",
        "cls.predictions.transform.dense": "head_dense",
        "cls.predictions.transform.LayerNorm": "head_norm",
        "cls.predictions.bias": "head_bias",
        "cls.seq_relationship": "next_sentence",
    },
    prefix="bert.",
    fixed={
        "tie_word_embeddings": True,
        "is_decoder": False,
        "add_cross_attention": False,
        "position_embedding_type": "absolute",
    },
    optional=("encoder.pooler", "next_sentence"),
    config=EncoderConfig,
)

T5 = Family(
    architectures={EncoderDecoder: "T5ForConditionalGeneration"},
    words={
        "context_length": 512,
        "norm": "rms_norm",
        "norm_eps": 1e-6,
        "norm_position": "pre",
        "positions": "t5",
        "attention_scale": 1.0,
        "bias": False,
        "embedding_scale": "output",
    },
    settings={
        "vocab_size": "vocab_size",
        "n_positions": "context_length",
        "d_model": "d_model",
        "num_layers": "n_layers",
        "num_decoder_layers": "n_layers",
        "num_heads": "n_heads",
        "d_kv": "d_head",
        "d_ff": "d_ff",
        "layer_norm_epsilon": "norm_eps",
        "feed_forward_proj": ("mlp", {"relu": "relu"}),
    },
    tensors={
        "shared": "token_embedding",
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias": "encoder_positions.table",
        "encoder.block.#.layer.0.layer_norm": "encoder_blocks.#.attention_norm",
        "encoder.block.#.layer.0.SelfAttention.?": "encoder_blocks.#.attention.?_proj",
        "encoder.block.#.layer.1.layer_norm": "encoder_blocks.#.mlp_norm",
        "encoder.block.#.layer.1.DenseReluDense.wi": "encoder_blocks.#.mlp.up_proj",
        "encoder.block.#.layer.1.DenseReluDense.wo": "encoder_blocks.#.mlp.down_proj",
        "encoder.final_layer_norm": "encoder_norm",
        "decoder.block.0.layer.0.SelfAttention.relative_attention_bias": "decoder_positions.table",
        "decoder.block.#.layer.0.layer_norm": "decoder_blocks.#.attention_norm",
        "decoder.block.#.layer.0.SelfAttention.?": "decoder_blocks.#.attention.?_proj",
        "decoder.block.#.layer.1.layer_norm": "decoder_blocks.#.cross_norm",
        "decoder.block.#.layer.1.EncDecAttention.?": "decoder_blocks.#.cross_attention.?_proj",
        "decoder.block.#.layer.2.layer_norm": "decoder_blocks.#.mlp_norm",
        "decoder.block.#.layer.2.DenseReluDense.wi": "decoder_blocks.#.mlp.up_proj",
        "decoder.block.#.layer.2.DenseReluDense.wo": "decoder_blocks.#.mlp.down_proj",
        "decoder.final_layer_norm": "decoder_norm",
    },
    prefix="",
    fixed={
        "tie_word_embeddings": True,
        "scale_decoder_outputs": True,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
    },
    config=EncoderDecoderConfig,
)

# When one of our models is written, the first family that can express it gives the names.
FAMILIES = {
    "openai-gpt": GPT1,
    "gpt2": GPT2,
    "gpt_neox": GPT_NEOX,
    "bloom": BLOOM,
    "llama": LLAMA,
    "mistral": MISTRAL,
    "mixtral": MIXTRAL,
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "bert": BERT,
    "t5": T5,
}
