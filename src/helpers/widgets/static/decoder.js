// The live model: the book's Decoder, read one token at a time, in plain JavaScript.
//
// A token becomes a vector, the stream. Each block adds two things to it: what attention fetches from earlier tokens,
// and what the feed-forward network makes of it. At the end the stream is compared with every token of the
// vocabulary: these are the logits. The keys and values of earlier tokens wait in a cache, so one more token costs
// one pass, however long the text.
//
// The configuration's words choose the parts, as in helpers.models.decoder: norm (layer_norm, rms_norm), positions
// (learned, rope), mlp (gelu, swiglu), n_kv_heads, bias, tie_embeddings.
// Source: Radford et al. 2019 (GPT-2), section 2.3; Touvron et al. 2023 (LLaMA), arXiv:2302.13971, section 2.2.

// ---------------------------------------------------------------- parts

// W x + b, where row i of W makes number i of the result. This is where the time goes: four products at once.
function linear({ weight, bias }, x) {
  const n = weight.length / x.length;
  const result = new Float32Array(n);
  const width = x.length & ~3;
  for (let row = 0, at = 0; row < n; row++) {
    let a = 0, b = 0, c = 0, d = 0, i = 0;
    for (; i < width; i += 4, at += 4) {
      a += weight[at] * x[i];
      b += weight[at + 1] * x[i + 1];
      c += weight[at + 2] * x[i + 2];
      d += weight[at + 3] * x[i + 3];
    }
    for (; i < x.length; i++, at++) a += weight[at] * x[i];
    result[row] = a + b + c + d + (bias ? bias[row] : 0);
  }
  return result;
}

const mean = (x, f) => x.reduce((sum, value) => sum + f(value), 0) / x.length;

const NORMS = {
  layer_norm({ weight, bias }, x, eps) {
    const center = mean(x, (value) => value);
    const scale = 1 / Math.sqrt(mean(x, (value) => (value - center) ** 2) + eps);
    return x.map((value, i) => (value - center) * scale * weight[i] + (bias ? bias[i] : 0));
  },
  rms_norm({ weight }, x, eps) {
    const scale = 1 / Math.sqrt(mean(x, (value) => value * value) + eps);
    return x.map((value, i) => value * scale * weight[i]);
  },
};

const gelu = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const silu = (x) => x / (1 + Math.exp(-x));

const MLPS = {
  gelu: ({ up_proj, down_proj }, x) => linear(down_proj, linear(up_proj, x).map(gelu)),
  relu_squared: ({ up_proj, down_proj }, x) => linear(down_proj, linear(up_proj, x).map((up) => Math.max(0, up) ** 2)),
  swiglu({ gate_proj, up_proj, down_proj }, x) {
    const up = linear(up_proj, x);
    return linear(down_proj, linear(gate_proj, x).map((gate, i) => silu(gate) * up[i]));
  },
};

const POSITIONS = {
  // A vector for the place is added to the embedding.
  learned: {
    add: ({ table }, x, position) => x.map((value, i) => value + table.weight[position * x.length + i]),
    rotate: () => {},
  },
  // Queries and keys are turned by an angle that grows with the place: pair i by position / base^(2i/d). Of each head
  // the first d coordinates turn.
  rope: {
    add: (_, x) => x,
    rotate(heads, position, { d_head, rope_base, rope_pairing, rope_fraction }) {
      const d = Math.floor(d_head * rope_fraction);
      const [step, apart] = rope_pairing === "half" ? [1, d / 2] : [2, 1];
      for (let start = 0; start < heads.length; start += d_head) {
        for (let pair = 0; pair < d / 2; pair++) {
          const angle = position / rope_base ** ((2 * pair) / d);
          const i = start + pair * step, j = i + apart;
          const [x, y] = [heads[i], heads[j]];
          heads[i] = x * Math.cos(angle) - y * Math.sin(angle);
          heads[j] = y * Math.cos(angle) + x * Math.sin(angle);
        }
      }
    },
  },
};

// ---------------------------------------------------------------- attention

// The newest token's query meets the key of every token so far; the values come back mixed by these weights.
function attend(query, cache, { n_heads, n_kv_heads, d_head, attention_scale }, maps) {
  const scale = attention_scale ?? 1 / Math.sqrt(d_head);
  const width = n_kv_heads * d_head;
  const mixed = new Float32Array(query.length);
  for (let head = 0; head < n_heads; head++) {
    const shared = Math.floor((head * n_kv_heads) / n_heads) * d_head; // where this head's keys and values begin
    const weights = new Float32Array(cache.length);
    for (let place = 0; place < cache.length; place++) {
      let score = 0;
      for (let i = 0; i < d_head; i++) score += query[head * d_head + i] * cache.keys[place * width + shared + i];
      weights[place] = score * scale;
    }
    softmaxInPlace(weights);
    for (let place = 0; place < cache.length; place++) {
      for (let i = 0; i < d_head; i++) mixed[head * d_head + i] += weights[place] * cache.values[place * width + shared + i];
    }
    maps?.push(weights);
  }
  return mixed;
}

function softmaxInPlace(scores) {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (let i = 0; i < scores.length; i++) total += scores[i] = Math.exp(scores[i] - top);
  for (let i = 0; i < scores.length; i++) scores[i] /= total;
}

function attention(part, x, position, cache, config, maps) {
  const [query, key, value] = [part.q_proj, part.k_proj, part.v_proj].map((projection) => linear(projection, x));
  const { rotate } = POSITIONS[config.positions];
  rotate(query, position, config);
  rotate(key, position, config);
  cache.keys.set(key, position * key.length);
  cache.values.set(value, position * value.length);
  cache.length = position + 1;
  return linear(part.o_proj, attend(query, cache, config, maps));
}

// ---------------------------------------------------------------- model

const sum = (x, y) => x.map((value, i) => value + y[i]);

// "blocks.0.mlp.up_proj.weight" becomes model.blocks[0].mlp.up_proj.weight.
export function assemble(tensors, config) {
  const model = { config };
  for (const [name, numbers] of Object.entries(tensors)) {
    const path = name.split(".");
    const last = path.pop();
    path.reduce((part, key) => (part[key] ??= {}), model)[last] = numbers;
  }
  if (config.tie_embeddings) model.lm_head = model.token_embedding;
  return model;
}

// Keys and values of each layer, for as many tokens as the context holds.
export function newCache({ config }) {
  const size = config.context_length * config.n_kv_heads * config.d_head;
  const layer = () => ({ keys: new Float32Array(size), values: new Float32Array(size), length: 0 });
  return { layers: Array.from({ length: config.n_layers }, layer), length: 0 };
}

// What the model would say next if the stream ended here.
export function readOut(model, stream) {
  return linear(model.lm_head, NORMS[model.config.norm](model.final_norm, stream, model.config.norm_eps));
}

// Reads one more token and returns the logits of the next. `look.maps` receives, layer by layer, each head's weights
// over the tokens so far; `look.streams` the stream after the embedding and after each block (for the logit lens).
export function read(model, id, cache, look = {}) {
  const { config, blocks, token_embedding, positions } = model;
  const position = cache.length;
  if (position >= config.context_length) throw new Error(`the context holds ${config.context_length} tokens, and it is full`);
  const norm = (part, x) => NORMS[config.norm](part, x, config.norm_eps);
  let x = token_embedding.weight.slice(id * config.d_model, (id + 1) * config.d_model);
  x = POSITIONS[config.positions].add(positions, x, position);
  look.streams?.push(x);
  Object.values(blocks).forEach((block, layer) => {
    const maps = look.maps && [];
    x = sum(x, attention(block.attention, norm(block.attention_norm, x), position, cache.layers[layer], config, maps));
    x = sum(x, MLPS[config.mlp](block.mlp, norm(block.mlp_norm, x)));
    look.maps?.push(maps);
    look.streams?.push(x);
  });
  cache.length += 1;
  return readOut(model, x);
}

// The same text up to `length` tokens: what was read later is forgotten.
export function cut(cache, length) {
  cache.length = length;
  for (const layer of cache.layers) layer.length = length;
}
