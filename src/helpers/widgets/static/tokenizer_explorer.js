// The tokenizer explorer: a text as characters, bytes and tokens, one above the other, after the first m merges.
// Between two bytes lies a seam, which one merge closes, or none. A token made early lies inside one made late, so one
// number for each seam, the merge that closes it, holds the whole replay: after m merges, those up to m are closed.

import { makeTokenizer } from "./bpe.js";
import {
  button, element, fill, foldedTable, follow, put, say, slider, svgElement, textBox, toolBox, visible,
} from "./dom.js";

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

// The page's tokenizer with names that can be seen and read in one direction.
function makeCutter(content) {
  const tokenizer = makeTokenizer(content);
  const inside = seamsInside(content.merges);
  // Isolated, so that Arabic beside Arabic does not turn "left + right" round.
  const nameOf = (id) => `\u2068${[...tokenizer.nameOf(id)].map(signOf).join("")}\u2069`;
  const joined = (merge) => {
    const [left, right] = content.merges[merge - 1].map(nameOf);
    return { left, right, whole: nameOf(255 + merge) };
  };
  const codesOf = (id) => tokenizer.bytesOf(id).map(hex).join(" ");
  return { n: content.merges.length, nameOf, codesOf, joined, read: (text) => readText(tokenizer, inside, text) };
}

// The merge of this text before merge m or after it; 0 is none yet, undefined is no such place.
const nextMerge = ({ steps }, m) => steps.find(({ merge }) => merge > m)?.merge;
const previousMerge = ({ steps }, m) => (m ? (steps.findLast(({ merge }) => merge < m)?.merge ?? 0) : undefined);

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
      plot.setAttribute("aria-label", fill(text.curve, { tokens }));
      for (const node of [line, dot]) node.style.left = `${(100 * m) / Math.max(1, n)}%`;
      dot.style.top = heightOf(tokens, read);
    },
  };
}

function textControl(model, text) {
  const control = textBox(model, "text", { label: text.text, rows: 2, wait: 30 });
  const area = control.row.querySelector("textarea");
  area.dir = "auto";
  area.maxLength = model.get("longest");
  return { ...control, isFull: () => area.value.length >= area.maxLength };
}

function sampleButtons(model) {
  const samples = model.get("samples");
  const nodes = samples.map(({ name, lang, text }) => {
    const node = button(name, "sample", () => put(model, { text }));
    node.lang = lang;
    return node;
  });
  const isChosen = (index) => model.get("text") === samples[index].text;
  const update = () => nodes.forEach((node, index) => node.setAttribute("aria-pressed", isChosen(index)));
  return { node: element("div", { class: "tool-buttons te-samples" }, ...nodes), update };
}

// Buttons to the merges before and after that happen in this text; `goals` says where they lie.
function jumpButtons(model, text, goals) {
  const jump = (goal) => goal !== undefined && put(model, { n_merges: goal });
  const nodes = ["previous", "next"].map((name) => button(text[name], name, () => jump(goals()[name])));
  const update = () => {
    const { previous, next } = goals();
    [previous, next].forEach((goal, index) => nodes[index].setAttribute("aria-disabled", goal === undefined));
  };
  return { node: element("div", { class: "tool-buttons te-jumps" }, ...nodes), update };
}

function countsLine(text) {
  const counts = ["characters", "bytes", "tokens", "ratio"].map((name) => ({ name, number: element("b") }));
  const node = element("p", { class: "te-counts" });
  for (const { name, number } of counts) {
    node.append(element("span", { "data-count": name }, number, ` ${text[name]}`), " ");
  }
  const update = (sizes) => {
    const ratio = sizes.tokens ? (sizes.bytes / sizes.tokens).toFixed(2) : text.none;
    for (const { name, number } of counts) number.textContent = { ...sizes, ratio }[name];
  };
  return { node, update };
}

// Most merges leave most blocks as they are, and drawing is slow: only blocks whose tokens changed are drawn anew.
function drawTokens(blocks, { read, tokens, m }, { nameOf, codesOf }) {
  const isPart = ({ start, end }) => !(read.wholeAt.has(start) && read.wholeAt.has(end));
  const chipOf = (token, index) => {
    const name = isPart(token) ? codesOf(token.id) : nameOf(token.id);
    return drawToken(token, index, name, isPart(token), token.merge === m && m > 0);
  };
  let last = 0;
  for (const block of blocks) {
    const first = last;
    while (tokens[last]?.start < block.end) last += 1;
    const own = tokens.slice(first, last);
    const shown = [first % 2, ...own.map(({ id, merge }) => (merge === m ? -id : id))].join();
    if (block.shown === shown) continue;
    block.shown = shown;
    block.row.replaceChildren(...own.map((token, i) => chipOf(token, first + i)));
  }
}

// Three rows below each other: characters, their bytes, the tokens.
function newPicture(text, cutter) {
  const key = element("span", { class: "te-key" });
  key.append(...["characters", "bytes", "tokens"].map((name) => element("span", { dir: "ltr" }, text[name])));
  const node = element("div", { class: "te-picture", role: "img", dir: "auto" });
  let blocks = [];
  return {
    node,
    setText(read) {
      const pieces = read.blocks.map((piece) => piece.map((block) => drawBlock(block, read.bytes)));
      blocks = pieces.flat();
      node.replaceChildren(...(blocks.length ? [key, ...pieces.map(drawPiece)] : []));
    },
    setPlace(place, sizes) {
      drawTokens(blocks, place, cutter);
      node.setAttribute("aria-label", fill(text.picture, sizes));
    },
  };
}

// `place` gives where the reader is: the text that was read, the merges applied, the tokens after them.
function tokenTable(text, { nameOf, codesOf }, place) {
  const rowOf = ({ id, merge }) => [nameOf(id), id, codesOf(id), merge || text.none];
  const rows = () => place().tokens.filter(({ start }) => start < place().read.drawn).map(rowOf);
  const head = [text.token, text.id, text.its_bytes, text.its_merge];
  return foldedTable(() => ({ summary: text.token_table, head, rows }));
}

function mergeTable(text, { joined }, place) {
  const rowOf = ({ merge, times, tokens }) => {
    const { left, right, whole } = joined(merge);
    return [merge, `${left} + ${right} → ${whole}`, times, tokens];
  };
  const head = [text.merge, text.joins, text.times, text.tokens_after];
  return foldedTable(() => ({ summary: text.merge_table, head, rows: () => place().read.steps.map(rowOf) }));
}

// What merge m did in this text.
function sentence(text, { n, joined }, { read, m }) {
  if (!read.bytes.length) return text.empty;
  if (!m) return text.no_merge;
  const times = read.steps.find(({ merge }) => merge === m)?.times ?? 0;
  const last = read.steps.findLast(({ merge }) => merge < m)?.merge;
  const absent = last ? text.absent_since : text.absent;
  const pattern = times === 0 ? absent : times === 1 ? text.once : text.often;
  return fill(pattern, { m, n, times, last, ...joined(m) });
}

// What else must be known: characters cut in parts, what is not drawn, that no more can be typed.
function notesOn(text, { read, m }, sizes, limit) {
  const split = splitCharacters(m, read.seams, read.ends);
  return [
    split ? fill(text.split, { split, ...sizes }) : "",
    read.drawn < sizes.bytes ? fill(text.drawn, { drawn: read.drawn, ...sizes }) : "",
    limit ? fill(text.full, { limit }) : "",
  ].join(" ").trim();
}

function render({ model, el }) {
  const text = model.get("labels");
  const cutter = makeCutter(JSON.parse(model.get("tokenizer")));
  const { n } = cutter;
  let place; // {read, m, tokens}
  const here = () => place;
  const goals = () => ({ previous: previousMerge(place.read, place.m), next: nextMerge(place.read, place.m) });

  const [box, samples] = [textControl(model, text), sampleButtons(model)];
  const placeOf = (m) => fill(text.place, { m, n });
  const merges = slider(model, "n_merges", { label: text.merges, min: 0, max: n, step: 1, say: placeOf });
  const curve = curveAbove(merges, text, n, (m) => put(model, { n_merges: m }));
  const [jumps, counts, picture] = [jumpButtons(model, text, goals), countsLine(text), newPicture(text, cutter)];
  const status = element("p", { class: "tool-status", role: "status" });
  const note = element("p", { class: "tool-note" });
  const tables = [tokenTable(text, cutter, here), mergeTable(text, cutter, here)];
  const [top, bottom] = [[box.row, samples.node, merges.row, jumps.node], tables.map((table) => table.node)];
  el.append(toolBox("tokenizer-explorer", text.name, ...top, status, counts.node, picture.node, note, ...bottom));

  function paintMerges() {
    const [{ read }, m] = [place, model.get("n_merges")];
    place = { read, m, tokens: tokensAfter(m, read.bytes, read.seams) };
    const sizes = { characters: read.characters, bytes: read.bytes.length, tokens: place.tokens.length };
    say(status, sentence(text, cutter, place));
    counts.update(sizes);
    picture.setPlace(place, sizes);
    curve.setPlace(read, m, sizes.tokens);
    note.textContent = notesOn(text, place, sizes, box.isFull() && model.get("longest"));
    [merges, jumps, ...tables].forEach((part) => part.update());
  }
  function paintText() {
    place = { read: cutter.read(model.get("text")) };
    picture.setText(place.read);
    curve.setText(place.read);
    [box, samples].forEach((part) => part.update());
    paintMerges();
  }
  const ends = [follow(model, ["text"], paintText), follow(model, ["n_merges"], paintMerges)];
  paintText();
  return () => ends.forEach((end) => end());
}

export default { render };
