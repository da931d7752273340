// What attention does in a text, as maps, and what can be said about them.
//
// A head is summed up by two numbers: how many tokens back it looks (distance) and how widely it spreads its look
// (entropy). The logit lens reads each depth of the model as if it were the last.

import { newCache, read, readOut } from "./decoder.js";
import { entropy, softmax } from "./filters.js";

// A map is a list of rows; row i holds the weights of token i over the tokens 0 to i, and they sum to one. Both means
// leave out row 0, which can only look at itself.
const meanOfRows = (rows, f) => rows.slice(1).reduce((total, row) => total + f(row), 0) / (rows.length - 1);

// Sum of weight times (query - key), in tokens.
export const meanDistance = (rows) =>
  meanOfRows(rows, (row) => row.reduce((total, weight, key) => total + weight * (row.length - 1 - key), 0));

// −Σ w ln w, in nats.
export const meanEntropy = (rows) => meanOfRows(rows, entropy);

// The places of the n largest values, largest first; of equal ones the first.
export function largest(values, n) {
  return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b).slice(0, n);
}

// The rows of a map that came as one list, in thousandths.
export function unpacked(packed) {
  const rows = [];
  for (let at = 0; at < packed.length; at += rows.length) {
    rows.push(packed.slice(at, at + rows.length + 1).map((weight) => weight / 1000));
  }
  return rows;
}

// ---------------------------------------------------------------- what is shown

// Both give {text, is_cut, tokens, maps, lens}: maps[layer][head] is a map, lens(i) says for token i, depth by depth,
// the likeliest next tokens as [name, probability]; a text that was cut has lost its beginning.
export function fromExample({ text, is_cut, tokens, maps, lens }) {
  const guesses = (i) => lens[i].map((depth) => depth.map(([name, share]) => [name, share / 1000]));
  return { text, is_cut, tokens, maps: maps.map((heads) => heads.map(unpacked)), lens: guesses };
}

export function readText({ network, tokenizer }, text, limits) {
  const letters = [...text];
  const all = tokenizer.encode(letters.slice(-limits.letters).join(""));
  const left = Math.max(0, all.length + 1 - Math.min(network.config.context_length, limits.tokens));
  const ids = [tokenizer.endOfText, ...all.slice(left)];
  const cache = newCache(network);
  const looks = ids.map((id) => {
    const look = { maps: [], streams: [] };
    read(network, id, cache, look);
    return look;
  });
  const maps = looks[0].maps.map((heads, layer) => heads.map((_, head) => looks.map((look) => look.maps[layer][head])));
  const lens = (i) =>
    looks[i].streams.map((stream) => {
      const chances = softmax(readOut(network, stream));
      return largest(chances, limits.guesses).map((id) => [tokenizer.nameOf(id), chances[id]]);
    });
  const is_cut = left > 0 || letters.length > limits.letters;
  return { text, is_cut, tokens: ids.map(tokenizer.nameOf), maps, lens };
}
