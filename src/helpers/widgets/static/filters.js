// Ways to reshape the next-token distribution before drawing from it; the definitions of helpers.sampling.filters.
// Each takes logits and gives logits back; a token that is ruled out gets -Infinity.

export function softmax(logits) {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

// Tokens that the text already has lose; however often they stand there, they pay once.
export function penalizeRepetition(logits, seen, penalty) {
  const penalized = Array.from(logits);
  for (const id of new Set(seen)) penalized[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
  return penalized;
}

// Temperature 0 is greedy: only the largest logit remains, the first if several tie.
export function applyTemperature(logits, temperature) {
  if (temperature > 0) return logits.map((logit) => logit / temperature);
  const best = logits.indexOf(logits.reduce((a, b) => Math.max(a, b), -Infinity));
  return logits.map((logit, index) => (index === best ? logit : -Infinity));
}

// Keeps the k largest logits and all that tie with the k-th; k = 0 keeps everything.
export function keepTopK(logits, k) {
  if (k <= 0 || k >= logits.length) return logits;
  const kth = [...logits].sort((a, b) => b - a)[k - 1];
  return logits.map((logit) => (logit < kth ? -Infinity : logit));
}

// Keeps the smallest set of most likely tokens whose probabilities reach p; at least one token.
export function keepTopP(logits, p) {
  if (p >= 1) return logits;
  const probabilities = softmax(logits);
  const ascending = logits.map((_, index) => index).sort((a, b) => logits[a] - logits[b]);
  const kept = [...logits];
  let below = 0;
  for (const index of ascending.slice(0, -1)) {
    below += probabilities[index];
    if (below <= 1 - p) kept[index] = -Infinity;
  }
  return kept;
}

// Keeps the tokens at least `share` times as likely as the most likely one; 0 keeps everything.
export function keepMinP(logits, share) {
  if (share <= 0) return logits;
  const probabilities = softmax(logits);
  const least = share * probabilities.reduce((a, b) => Math.max(a, b));
  return logits.map((logit, index) => (probabilities[index] < least ? -Infinity : logit));
}

// The distribution that is drawn from, after every filter that is switched on, in the book's order.
export function filtered(logits, { temperature, top_k, top_p, min_p = 0, repetition_penalty = 1 }, seen = []) {
  const penalized = penalizeRepetition(logits, seen, repetition_penalty);
  return softmax(keepMinP(keepTopP(keepTopK(applyTemperature(penalized, temperature), top_k), top_p), min_p));
}

// In nats; a token that cannot come adds nothing.
export function entropy(probabilities) {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

// The n-th number in [0, 1) of a seeded stream (mulberry32), so that the same seed draws the same tokens.
export function uniform(seed, n) {
  let state = (seed + Math.imul(n + 1, 0x6d2b79f5)) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
}

export function draw(probabilities, u) {
  let reached = 0;
  for (let index = 0; index < probabilities.length; index++) {
    reached += probabilities[index];
    if (u < reached) return index;
  }
  return probabilities.findLastIndex((p) => p > 0); // rounding: the sum may end just below 1
}
