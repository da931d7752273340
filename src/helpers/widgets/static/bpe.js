// The book's byte-level BPE tokenizer: text to ids and back. The definitions of helpers.tokenizers.bpe.
// Ids 0 to 255 are the bytes; each merge, in the order it was learned, makes the next id; special tokens come last.
// Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2; Radford et al. 2019 (GPT-2), section 2.2.

const asUtf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

// The content of a tokenizer file: merges (pairs of ids), pattern, names of the special tokens.
export function makeTokenizer({ merges, pattern, special_tokens }, endOfText = 256 + merges.length) {
  const rankOf = new Map(merges.map(([left, right], rank) => [`${left},${right}`, rank]));
  const bytesOf = Array.from({ length: 256 }, (_, byte) => [byte]);
  for (const [left, right] of merges) bytesOf.push([...bytesOf[left], ...bytesOf[right]]);
  for (const name of special_tokens) bytesOf.push([...asUtf8.encode(name)]);
  const cut = new RegExp(pattern.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}"), "gu");
  const known = new Map(); // text repeats its words, so each piece is worked out once

  function idsOf(piece) {
    if (!known.has(piece)) known.set(piece, mergeAll([...asUtf8.encode(piece)], rankOf));
    return known.get(piece);
  }
  return {
    vocabSize: bytesOf.length,
    endOfText,
    pieces: (text) => text.match(cut) ?? [], // word-like parts that no merge crosses
    encode: (text) => (text.match(cut) ?? []).flatMap(idsOf),
    decode: (ids) => fromUtf8.decode(new Uint8Array(ids.flatMap((id) => bytesOf[id]))),
    bytesOf: (id) => bytesOf[id],
    nameOf: (id) => readable(bytesOf[id]),
  };
}

// Again and again the earliest learned merge, everywhere in the piece, from left to right.
export function mergeAll(ids, rankOf) {
  for (;;) {
    const ranks = ids.slice(1).map((right, i) => rankOf.get(`${ids[i]},${right}`) ?? Infinity);
    const rank = ranks.reduce((a, b) => Math.min(a, b), Infinity); // spreading a long word would overflow the stack
    if (rank === Infinity) return ids;
    const merged = [];
    for (let i = 0; i < ids.length; i++) {
      const joins = ranks[i] === rank;
      merged.push(joins ? 256 + rank : ids[i]);
      if (joins) i += 1; // its right half is gone
    }
    ids = merged;
  }
}

// Bytes as text; what is no whole character as <e4><bd>.
export function readable(bytes) {
  const text = fromUtf8.decode(new Uint8Array(bytes));
  const isWhole = !text.includes("\ufffd");
  return isWhole ? text : bytes.map((byte) => `<${byte.toString(16).padStart(2, "0")}>`).join("");
}
