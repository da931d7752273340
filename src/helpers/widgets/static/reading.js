// A text as the live model reads it: which tokens stand there, how much each surprised the model, and what may come next.

import { cut, newCache, read } from "./decoder.js";
import { filtered, softmax } from "./filters.js";

// Keeps the model's cache in step with the ids: only what is new is read, and what is gone is forgotten.
// Returns the logits after each id.
export function makeReader({ network, tokenizer }) {
  const cache = newCache(network);
  const seen = []; // the ids that the cache holds
  const after = []; // after[i]: the logits once id i has been read
  function logits(ids) {
    let same = 0;
    while (same < seen.length && same < ids.length && seen[same] === ids[same]) same += 1;
    cut(cache, same);
    seen.length = after.length = same;
    for (const id of ids.slice(same)) {
      after.push(read(network, id, cache));
      seen.push(id);
    }
    return after;
  }
  return { tokenizer, capacity: network.config.context_length, logits };
}

// In nats: 0 for what was certain.
export const surpriseOf = (logits, id) => -Math.log(softmax(logits)[id]);

// What can be said about prompt and written ids. Of a long prompt the model reads the last `most` tokens.
export function situation(reader, { prompt, written, most, filters }) {
  const { tokenizer, capacity } = reader;
  const asked = tokenizer.encode(prompt);
  const ids = [tokenizer.endOfText, ...asked.slice(-most), ...written].slice(0, capacity);
  const logits = reader.logits(ids);
  const first = ids.length - written.length;
  return {
    written,
    surprise: written.map((id, i) => surpriseOf(logits[first + i - 1], id)),
    before: softmax(logits.at(-1)),
    after: filtered(logits.at(-1), filters, ids),
    isCut: asked.length > most,
    isOver: written.at(-1) === tokenizer.endOfText,
    isFull: ids.length >= capacity,
  };
}
