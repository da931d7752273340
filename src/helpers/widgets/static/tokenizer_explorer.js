// The tokenizer explorer: a text as characters, bytes and tokens, one above the other, after the first m merges.
// Between two bytes lies a seam, which one merge closes, or none. A token made early lies inside one made late, so one
// number for each seam, the merge that closes it, holds the whole replay: after m merges, those up to m are closed.

import { makeTokenizer } from "./bpe.js";
import { button, element, fill, foldedTable, follow, slider, svgElement, textBox, toolBox, visible } from "./dom.js";

const DRAWN = 240; // bytes in the picture
const LONG = 12; // bytes of a piece that may wrap inside

// For each id: the merges, counted from 1, that close the seams inside its token, from left to right.
export function seamsInside(merges) {
  const inside = Array.from({ length: 256 }, () => []);
  merges.forEach(([left, right], rank) => inside.push([...inside[left], rank + 1, ...inside[right]]));
  return inside;
}

// The seam after each byte of a text that was cut with all merges; Infinity if nothing closes it.
export const seamsOf = (ids, inside) => ids.flatMap((id) => [...inside[id], Infinity]);

// The tokens after the first m merges: where they begin and end in the bytes, and the id, made by the latest merge.
export function tokensAfter(m, bytes, seams) {
  const tokens = [];
  let [start, latest] = [0, 0];
  seams.forEach((merge, i) => {
    if (merge <= m) {
      latest = Math.max(latest, merge);
    } else {
      tokens.push({ start, end: i + 1, id: latest ? 255 + latest : bytes[start], merge: latest });
      [start, latest] = [i + 1, 0];
    }
  });
  return tokens;
}

// The merges that happen in a text, in their order, each with how often, and the number of tokens after it.
export function stepsOf(seams) {
  const timesOf = new Map();
  for (const merge of seams) if (merge < Infinity) timesOf.set(merge, (timesOf.get(merge) ?? 0) + 1);
  let tokens = seams.length;
  const inOrder = [...timesOf].sort(([one], [other]) => one - other);
  return inOrder.map(([merge, times]) => ({ merge, times, tokens: (tokens -= times) }));
}

// What is drawn in one block: the shortest run of whole characters that no merge joins with others. A piece wraps
// only between its blocks, so nothing moves while the merges are replayed.
export function blocksOf(pieces, seams) {
  let at = 0;
  return pieces.map((piece) => {
    const blocks = [];
    let block = { start: at, characters: [] };
    for (const character of piece) {
      block.characters.push(character);
      at += sizeOf(character);
      if (seams[at - 1] < Infinity) continue;
      blocks.push({ ...block, end: at });
      block = { start: at, characters: [] };
    }
    return blocks;
  });
}

// Bytes of a character in UTF-8.
export function sizeOf(character) {
  const code = character.codePointAt(0);
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

// A character as a sign one can see: a mark on a dotted ring, what has no shape by its number.
export function signOf(character) {
  const code = character.codePointAt(0);
  if (" \n\t".includes(character)) return visible(character);
  if (code < 32) return String.fromCodePoint(0x2400 + code);
  if (/\p{M}/u.test(character)) return `◌${character}`;
  return /[\p{Z}\p{C}]/u.test(character) ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}` : character;
}

const hex = (byte) => byte.toString(16).padStart(2, "0");

// Everything about a text that does not depend on the slider.
export function readText(tokenizer, inside, text) {
  const ids = tokenizer.encode(text);
  const pieces = tokenizer.pieces(text);
  const bytes = ids.flatMap((id) => tokenizer.bytesOf(id));
  const seams = seamsOf(ids, inside);
  const ends = [0]; // places in the bytes where no character is open
  for (const character of pieces.join("")) ends.push(ends.at(-1) + sizeOf(character));
  const blocks = blocksOf(pieces, seams).map((piece) => piece.filter(({ start }) => start < DRAWN));
  const drawn = blocks.flat().at(-1)?.end ?? 0;
  const characters = ends.length - 1;
  return { bytes, seams, ends, wholeAt: new Set(ends), blocks, drawn, characters, steps: stepsOf(seams) };
}

// How many characters lie in several tokens after the first m merges: some seam inside them is open.
export function splitCharacters(m, seams, ends) {
  const isSplit = (end, i) => i > 0 && seams.slice(ends[i - 1], end - 1).some((merge) => merge > m);
  return ends.filter(isSplit).length;
}

// The curve in units of merges (to the right) and tokens (downwards from the number of bytes).
export function curvePath({ bytes, steps }, n) {
  return `M0 0${steps.map(({ merge, tokens }) => `H${merge}V${bytes.length - tokens}`).join("")}H${n}`;
}

const cell = (kind, size, ...content) =>
  element("span", { class: `te-${kind}`, style: `grid-column: span ${size}` }, ...content);

// A block's characters and bytes, and the row where its tokens go.
function drawBlock(block, bytes) {
  const row = element("span", { class: "te-row" });
  const characters = block.characters.map((character) => cell("character", sizeOf(character), signOf(character)));
  const codes = bytes.slice(block.start, block.end).map((byte) => cell("byte", 1, hex(byte)));
  const style = `--bytes: ${block.end - block.start}`;
  return { ...block, row, node: element("span", { class: "te-block", style }, ...characters, ...codes, row) };
}

function drawPiece(piece) {
  const size = (piece.at(-1)?.end ?? 0) - (piece[0]?.start ?? 0);
  return element("span", { class: size > LONG ? "te-long" : "te-piece" }, ...piece.map(({ node }) => node));
}

function drawToken(token, index, name, isPart, isNew) {
  const chip = cell("token", token.end - token.start);
  chip.classList.toggle("te-odd", index % 2 === 1);
  chip.classList.toggle("te-part", isPart);
  chip.classList.toggle("te-new", isNew);
  chip.dataset.id = token.id;
  chip.append(element("b", {}, name), element("small", {}, String(token.id)));
  return chip;
}

// The curve lies between the slider's label and the slider, so that the place on it is the slider's.
function curveAbove(control, text, n, moveTo) {
  const path = svgElement("path", { "vector-effect": "non-scaling-stroke" });
  const svg = svgElement("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, path);
  const [line, dot] = ["te-line", "te-dot"].map((name) => element("span", { class: name }));
  const level = element("span", { class: "te-level" });
  const top = element("span", { class: "te-top" });
  const plot = element("div", { class: "te-plot", role: "img" }, svg, level, top, line, dot);
  const pick = (event) => {
    const { left, width } = plot.getBoundingClientRect();
    if (event.buttons) moveTo(Math.round(n * Math.min(1, Math.max(0, (event.clientX - left) / width))));
  };
  plot.addEventListener("pointerdown", pick);
  plot.addEventListener("pointermove", pick);
  control.row.insertBefore(plot, control.row.querySelector("input"));
  const heightOf = (tokens, read) => `${100 * (1 - tokens / Math.max(1, read.bytes.length))}%`;
  return {
    setText(read) {
      svg.setAttribute("viewBox", `0 0 ${Math.max(1, n)} ${Math.max(1, read.bytes.length)}`);
      path.setAttribute("d", curvePath(read, n));
      top.textContent = fill(text.curve_start, { n: read.bytes.length });
      level.textContent = fill(text.curve_level, { n: read.characters });
      level.style.top = heightOf(read.characters, read);
    },
    setPlace(read, m, tokens) {
      plot.setAttribute("aria-label", `${text.curve}: ${tokens}`);
      for (const node of [line, dot]) node.style.left = `${(100 * m) / Math.max(1, n)}%`;
      dot.style.top = heightOf(tokens, read);
    },
  };
}

function render({ model, el }) {
  const text = model.get("labels");
  const content = JSON.parse(model.get("tokenizer"));
  const tokenizer = makeTokenizer(content);
  const inside = seamsInside(content.merges);
  const n = content.merges.length;
  let read, tokens, blocks;

  function set(name, value) {
    model.set(name, value);
    model.save_changes();
  }
  // Isolated, so that Arabic beside Arabic does not turn "left + right" round.
  const nameOf = (id) => `\u2068${[...tokenizer.nameOf(id)].map(signOf).join("")}\u2069`;
  const joined = (merge) => {
    const [left, right] = content.merges[merge - 1].map(nameOf);
    return { left, right, whole: nameOf(255 + merge) };
  };

  const box = textBox(model, "text", { label: text.text, rows: 2, wait: 30 });
  const area = box.row.querySelector("textarea");
  area.dir = "auto";
  area.maxLength = model.get("longest");
  const samples = model.get("samples").map((sample) => {
    const node = button(sample.name, "sample", () => set("text", sample.text));
    node.lang = sample.lang;
    return { node, update: () => node.setAttribute("aria-pressed", model.get("text") === sample.text) };
  });
  const say = (m) => fill(text.place, { m, n });
  const merges = slider(model, "n_merges", { label: text.merges, min: 0, max: n, step: 1, say });
  const curve = curveAbove(merges, text, n, (m) => set("n_merges", m));
  const next = () => read.steps.find(({ merge }) => merge > model.get("n_merges"))?.merge;
  const previous = () => {
    const m = model.get("n_merges");
    return m ? (read.steps.findLast(({ merge }) => merge < m)?.merge ?? 0) : undefined;
  };
  const jumps = [["previous", previous], ["next", next]].map(([name, goal]) => {
    const node = button(text[name], name, () => goal() !== undefined && set("n_merges", goal()));
    return { node, update: () => node.setAttribute("aria-disabled", goal() === undefined) };
  });
  const saying = element("p", { class: "tool-status" });
  const counts = ["characters", "bytes", "tokens", "ratio"].map((name) => ({ name, number: element("b") }));
  const figures = element("p", { class: "te-counts" });
  for (const { name, number } of counts) {
    figures.append(element("span", { "data-count": name }, number, ` ${text[name]}`), " ");
  }
  const status = element("div", { role: "status" }, saying, figures);
  const key = element("span", { class: "te-key" });
  key.append(...["characters", "bytes", "tokens"].map((name) => element("span", { dir: "ltr" }, text[name])));
  const picture = element("div", { class: "te-picture", role: "img", dir: "auto" });
  const note = element("p", { class: "tool-note" });
  const tokenTable = foldedTable(() => ({
    summary: text.token_table, head: [text.token, text.id, text.its_bytes, text.its_merge], rows: () =>
    tokens.filter(({ start }) => start < read.drawn).map(({ id, merge }) =>
      [nameOf(id), id, tokenizer.bytesOf(id).map(hex).join(" "), merge || text.none]),
  }));
  const mergeTable = foldedTable(() => ({
    summary: text.merge_table, head: [text.merge, text.joins, text.times, text.tokens_after], rows: () =>
    read.steps.map((step) => {
      const { left, right, whole } = joined(step.merge);
      return [step.merge, `${left} + ${right} → ${whole}`, step.times, step.tokens];
    }),
  }));

  function sentence(m) {
    if (!read.bytes.length) return text.empty;
    if (!m) return text.no_merge;
    const times = read.steps.find(({ merge }) => merge === m)?.times ?? 0;
    const last = read.steps.findLast(({ merge }) => merge < m)?.merge;
    const absent = last ? text.absent_since : text.absent;
    const pattern = times === 0 ? absent : times === 1 ? text.once : text.often;
    return fill(pattern, { m, n, times, last, ...joined(m) });
  }
  function drawTokens(m) {
    const isPart = ({ start, end }) => !(read.wholeAt.has(start) && read.wholeAt.has(end));
    const chipOf = (token, index) => {
      const name = isPart(token) ? tokenizer.bytesOf(token.id).map(hex).join(" ") : nameOf(token.id);
      return drawToken(token, index, name, isPart(token), token.merge === m && m > 0);
    };
    let last = 0;
    for (const block of blocks) {
      const first = last;
      while (tokens[last]?.start < block.end) last += 1;
      const own = tokens.slice(first, last);
      const shown = [first % 2, ...own.map(({ id, merge }) => (merge === m ? -id : id))].join();
      if (block.shown === shown) continue; // most merges leave most blocks as they are, and drawing is slow
      block.shown = shown;
      block.row.replaceChildren(...own.map((token, i) => chipOf(token, first + i)));
    }
  }
  function paintNotes(split) {
    const size = { bytes: read.bytes.length, characters: read.characters };
    const isFull = area.value.length >= area.maxLength;
    note.textContent = [
      split ? fill(text.split, { split, ...size }) : "",
      read.drawn < size.bytes ? fill(text.drawn, { drawn: read.drawn, ...size }) : "",
      isFull ? fill(text.full, { limit: area.maxLength }) : "",
    ].join(" ").trim();
  }
  function paintMerges() {
    const m = model.get("n_merges");
    tokens = tokensAfter(m, read.bytes, read.seams);
    const { length } = tokens;
    const numbers = { characters: read.characters, bytes: read.bytes.length, tokens: length };
    const ratio = length ? (numbers.bytes / length).toFixed(2) : text.none;
    for (const { name, number } of counts) number.textContent = name === "ratio" ? ratio : numbers[name];
    drawTokens(m);
    picture.setAttribute("aria-label", fill(text.picture, numbers));
    saying.textContent = sentence(m);
    curve.setPlace(read, m, length);
    paintNotes(splitCharacters(m, read.seams, read.ends));
    [merges, ...jumps, tokenTable, mergeTable].forEach((part) => part.update());
  }
  function paintText() {
    read = readText(tokenizer, inside, model.get("text"));
    const pieces = read.blocks.map((piece) => piece.map((block) => drawBlock(block, read.bytes)));
    blocks = pieces.flat();
    picture.replaceChildren(...(blocks.length ? [key, ...pieces.map(drawPiece)] : []));
    curve.setText(read);
    [box, ...samples].forEach((part) => part.update());
    paintMerges();
  }

  el.append(
    toolBox(
      "tokenizer-explorer",
      text.name,
      box.row,
      element("div", { class: "tool-buttons te-samples" }, ...samples.map(({ node }) => node)),
      merges.row,
      element("div", { class: "tool-buttons te-jumps" }, ...jumps.map(({ node }) => node)),
      status,
      picture,
      note,
      tokenTable.node,
      mergeTable.node,
    ),
  );
  const ends = [follow(model, ["text"], paintText), follow(model, ["n_merges"], paintMerges)];
  paintText();
  return () => ends.forEach((end) => end());
}

export default { render };
