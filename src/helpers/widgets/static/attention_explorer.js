// Where a model looks: every head of every layer as a small map, and what one token looks at.
//
// Row = the token that looks, column = the token it looks at. Beside the maps stands the logit lens: what the model
// would say next if it stopped after the embedding or after a block.

import { fromExample, largest, meanDistance, meanEntropy, readText } from "./attention_reading.js";
import {
  decimals, element, fill, foldedTable, follow, put, say, svgElement, textBox, toolBox, visible, whenNear,
} from "./dom.js";
import { loading } from "./live_model.js";
import { radio, radioGroup } from "./radio_group.js";

const NAMED = 40; // a large map of more tokens has no room for their names
const BLUE = [0, 114, 178];
const MARGIN = 30; // for the last names, in hundredths of the large map's side

// The choice, and what it means in the text that is shown; `pointed` is {from, to} while the pointer is on something.
function sceneOf(model, { shown, pointed }) {
  const text = model.get("labels");
  const [layer, head, token] = ["layer", "head", "token"].map((name) => model.get(name));
  const names = shown.tokens.map((name, i) => (i ? visible(name) : text.start));
  const chosen = token >= 0 && token < names.length ? token : names.length - 1;
  const from = pointed?.from ?? chosen;
  const rows = shown.maps[layer][head];
  return { text, shown, names, layer, head, chosen, from, to: pointed?.to, rows, row: rows[from] };
}

// ---------------------------------------------------------------- words

const percent = (share, text) =>
  share < 0.005 ? text.under_percent : fill(text.percent, { n: Math.round(100 * share) });

function numbersOf(rows, text) {
  const said = (number, digits) => (Number.isFinite(number) ? number.toFixed(digits) : text.nothing);
  return { distance: said(meanDistance(rows), 1), entropy: said(meanEntropy(rows), 2) };
}

function lookSentence({ text, layer, head, names, from, row }) {
  const seen = largest(row, 3).map((i) => fill(text.seen, { token: names[i], share: percent(row[i], text) }));
  return fill(text.looks, { layer, head, token: names[from], seen: seen.join(", ") });
}

function cellSentence({ text, layer, head, names, from, to, row }) {
  return fill(text.cell, { layer, head, token: names[from], key: names[to], share: percent(row[to], text) });
}

function rowTable({ text, names, chosen, rows }) {
  return {
    summary: fill(text.table, { token: names[chosen] }),
    head: [text.position, text.token, text.weight],
    rows: () => Array.from(rows[chosen], (weight, i) => [i, names[i], decimals(weight)]),
  };
}

// ---------------------------------------------------------------- the tokens

// A long list of tokens scrolls; the page does not.
function reveal(box, node) {
  const [top, bottom] = [node.offsetTop, node.offsetTop + node.offsetHeight];
  if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight / 2;
}

function paintChip(chip, i, { text, names, from, to, row }) {
  const isLater = i > from;
  chip.style.setProperty("--share", row[i] ?? 0);
  chip.classList.toggle("ax-from", i === from);
  chip.classList.toggle("ax-to", i === to);
  chip.classList.toggle("ax-later", isLater);
  const words = { token: names[i], share: isLater ? "" : percent(row[i], text) };
  chip.setAttribute("aria-label", fill(isLater ? text.later : text.chip, words));
}

function tokenRow(text, { choose, point }) {
  const { group, check, lay } = radioGroup("ax-tokens", text.tokens, 1, (token) => choose({ token }));
  group.addEventListener("pointerover", (event) => {
    const chip = event.target.closest(".ax-chip");
    point(chip && { from: [...group.children].indexOf(chip) });
  });
  group.addEventListener("pointerleave", () => point(null));
  return {
    node: group,
    layOut: ({ names, chosen }) => lay(names.map((name) => radio("ax-chip", name)), chosen),
    paint({ chosen }) {
      check(chosen);
      reveal(group, group.children[chosen]);
    },
    paintLook: (scene) => [...group.children].forEach((chip, i) => paintChip(chip, i, scene)),
  };
}

// ---------------------------------------------------------------- the maps

// One pixel per weight, which the browser enlarges with sharp edges; the root makes small weights visible.
function drawMap(canvas, rows) {
  const n = (canvas.width = canvas.height = rows.length);
  const pixels = new ImageData(n, n);
  const colour = (i, j, weight) => pixels.data.set([...BLUE, 255 * Math.sqrt(weight)], 4 * (i * n + j));
  rows.forEach((row, i) => row.forEach((weight, j) => colour(i, j, weight)));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

// A map with a frame around the row that looks.
const framedMap = (canvas) => element("span", { class: "ax-square" }, canvas, element("span", { class: "ax-row" }));

function smallMap(rows, layer, head, text) {
  const { distance, entropy: nats } = numbersOf(rows, text);
  const map = element("canvas");
  drawMap(map, rows);
  const caption = [fill(text.distance, { n: distance }), fill(text.entropy, { n: nats })];
  const lines = caption.map((line) => element("span", { class: "ax-number" }, line));
  const node = radio("ax-head", framedMap(map), ...lines);
  node.setAttribute("aria-label", fill(text.head_name, { layer, head, distance, entropy: nats }));
  return node;
}

// The small maps in rows and columns, with the numbers of layers and heads at their edges.
function gridOf(maps, text) {
  const mark = (name, ...words) => element("span", { class: name, "aria-hidden": "true" }, ...words);
  const columns = maps[0].map((_, head) => mark("ax-column", fill(text.head, { head })));
  const lines = maps.map((heads, layer) => [
    mark("ax-layer", fill(text.layer, { layer })),
    ...heads.map((rows, head) => smallMap(rows, layer, head, text)),
  ]);
  return [mark("ax-corner"), ...columns, ...lines.flat()];
}

function headGrid(text, nHeads, { choose }) {
  const chooseHead = (i) => choose({ layer: Math.floor(i / nHeads), head: i % nHeads });
  const { group, check, lay } = radioGroup("ax-heads", text.heads, nHeads, chooseHead);
  group.style.setProperty("--heads", nHeads);
  group.classList.toggle("ax-dense", nHeads > 6);
  return {
    node: group,
    layOut: ({ shown, layer, head }) => lay(gridOf(shown.maps, text), layer * nHeads + head),
    paint: ({ layer, head }) => check(layer * nHeads + head),
  };
}

// The names stand in the empty half of the map, right of the row and above the column that they name.
function namesIn(tokens, from) {
  const cell = 100 / tokens.length;
  const size = Math.min(0.85 * cell, 5);
  const names = tokens.map((token, i) => {
    const at = { x: (i + 1) * cell + 1, y: (i + 0.5) * cell, class: i === from ? "ax-name ax-from" : "ax-name" };
    return svgElement("text", { ...at, style: `font-size: ${tokens.length > NAMED ? 4 : size}px` }, token);
  });
  return tokens.length > NAMED ? [names[from]] : names;
}

// The cell of a map under the pointer; above the diagonal only its row counts.
function cellAt({ clientX, clientY }, canvas) {
  const { left, top, width } = canvas.getBoundingClientRect();
  const at = (pixels) => Math.floor((pixels / width) * canvas.width);
  const from = Math.min(canvas.width - 1, Math.max(0, at(clientY - top)));
  const to = at(clientX - left);
  return { from, to: to >= 0 && to <= from ? to : undefined };
}

function largeMap(text, { choose, point }) {
  const canvas = element("canvas");
  const square = framedMap(canvas);
  const names = svgElement("svg", { viewBox: `0 0 ${100 + MARGIN} 100`, "aria-hidden": "true" });
  const picture = element("div", { class: "ax-large", role: "img" }, square, names);
  const title = element("p", { class: "ax-title" });
  const notes = [text.legend, text.measures].map((note) => element("p", { class: "tool-note" }, note));
  square.addEventListener("pointermove", (event) => point(cellAt(event, canvas)));
  square.addEventListener("pointerleave", () => point(null));
  square.addEventListener("click", (event) => choose({ token: cellAt(event, canvas).from }));
  return {
    node: element("div", {}, title, picture, ...notes),
    paint({ rows, layer, head }) {
      drawMap(canvas, rows);
      title.textContent = fill(text.large, { layer, head, ...numbersOf(rows, text) });
    },
    paintLook(scene) {
      picture.setAttribute("aria-label", lookSentence(scene));
      names.replaceChildren(...namesIn(scene.names, scene.from));
    },
  };
}

// Both kinds of maps, side by side; the same row is framed in all of them.
function mapsOf(text, nHeads, acts) {
  const [heads, large] = [headGrid(text, nHeads, acts), largeMap(text, acts)];
  const node = element("div", { class: "ax-maps" }, heads.node, large.node);
  function paintLook(scene) {
    node.style.setProperty("--n", scene.names.length);
    node.style.setProperty("--from", scene.from);
    large.paintLook(scene);
  }
  function paint(scene) {
    heads.paint(scene);
    large.paint(scene);
  }
  return { node, layOut: heads.layOut, paint, paintLook };
}

// ---------------------------------------------------------------- the logit lens

function lensCell([token, share], { text, shown }) {
  const name = token === shown.tokens[0] ? text.end : visible(token);
  const words = [element("span", { class: "tool-token" }, name), " ", element("span", {}, percent(share, text))];
  return element("td", { style: `--share: ${share}` }, ...words);
}

function lensRows(scene) {
  const { text, shown, from } = scene;
  const depths = shown.lens(from);
  const nameOfDepth = (i) =>
    i === 0 ? text.embedding : fill(i < depths.length - 1 ? text.layer : text.last, { layer: i - 1 });
  return depths.map((guesses, i) => {
    const cells = guesses.map((guess) => lensCell(guess, scene));
    return element("tr", {}, element("th", { scope: "row" }, nameOfDepth(i)), ...cells);
  });
}

function lensTable() {
  const node = element("table", { class: "ax-lens" });
  function paintLook(scene) {
    const caption = element("caption", {}, fill(scene.text.lens, { token: scene.names[scene.from] }));
    node.replaceChildren(caption, element("tbody", {}, ...lensRows(scene)));
  }
  return { node, paintLook };
}

// ---------------------------------------------------------------- all together

// Painted on three occasions: a text was read (layOut), something was chosen (paint), the pointer moved (paintLook).
function partsOf(text, nHeads, scene, acts) {
  const tooLong = element("p", { class: "tool-note", role: "status" });
  const status = element("p", { class: "tool-status", role: "status" });
  const hint = element("p", { class: "tool-note" }, text.hint);
  const [tokens, maps] = [tokenRow(text, acts), mapsOf(text, nHeads, acts)];
  const [lens, table] = [lensTable(), foldedTable(() => rowTable(scene()))];

  function paintLook(now = scene()) {
    [tokens, maps, lens].forEach((part) => part.paintLook(now));
    say(status, now.to === undefined ? lookSentence(now) : cellSentence(now));
  }
  function paint(now = scene()) {
    [tokens, maps].forEach((part) => part.paint(now));
    table.update();
    paintLook(now);
  }
  function layOut(now = scene()) {
    [tokens, maps].forEach((part) => part.layOut(now));
    tooLong.hidden = !now.shown.is_cut;
    say(tooLong, now.shown.is_cut ? fill(text.cut, { room: now.names.length - 1 }) : "");
    paint(now);
  }
  return { nodes: [tooLong, hint, tokens.node, status, maps.node, lens.node, table.node], layOut, paint, paintLook };
}

function render({ model, el }) {
  const text = model.get("labels");
  const state = { shown: fromExample(model.get("example")), pointed: null, ready: null, isGone: false };
  const writing = textBox(model, "text", { label: text.text });
  const box = toolBox("attention-explorer", text.name, writing.row);
  const parts = partsOf(text, state.shown.maps[0].length, () => sceneOf(model, state), {
    choose: (traits) => put(model, traits),
    point(next) {
      if (next?.from === state.pointed?.from && next?.to === state.pointed?.to) return;
      state.pointed = next;
      parts.paintLook();
    },
  });
  const live = loading(model, box, (arrived) => {
    state.ready = arrived;
    readAgain();
  });
  box.append(...live.nodes, ...parts.nodes);

  function readAgain() {
    if (state.isGone || model.get("text") === state.shown.text) return;
    if (!state.ready) return live.begin();
    Object.assign(state, { shown: readText(state.ready, model.get("text"), model.get("limits")), pointed: null });
    parts.layOut();
  }
  function chooseAgain() {
    state.pointed = null;
    parts.paint();
  }
  el.append(box);
  parts.layOut();
  writing.update();
  readAgain();
  const ends = [
    follow(model, ["text"], writing.update), // at no other time: it would take back what is being typed
    follow(model, ["text"], readAgain),
    follow(model, ["layer", "head", "token"], chooseAgain),
    whenNear(box, live.begin),
    () => (state.isGone = true), // the weights may still arrive
  ];
  return () => ends.forEach((end) => end());
}

export default { render };
