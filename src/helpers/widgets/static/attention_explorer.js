// Where a model looks: every head of every layer as a small map, and what one token looks at.
//
// Row = the token that looks, column = the token it looks at. A head is summed up by two numbers: how many tokens
// back it looks (distance) and how widely it spreads its look (entropy). Beside it stands the logit lens: what the
// model would say next if it stopped after the embedding or after a block.

import { newCache, read, readOut } from "./decoder.js";
import { element, fill, follow, svgElement, tableOf, textBox, toolBox, visible, whenNear } from "./dom.js";
import { entropy, softmax } from "./filters.js";
import { loading } from "./live_model.js";

const MOST = 256; // tokens that are read and drawn
const NAMED = 40; // a large map of more tokens has no room for their names
const GUESSES = 3;
const BLUE = [0, 114, 178];
const MARGIN = 30; // for the last names, in hundredths of the large map's side

// ---------------------------------------------------------------- mathematics

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

// Both give {text, left, tokens, maps, lens}: maps[layer][head] is a map, lens(i) says for token i, depth by depth,
// the likeliest next tokens as [name, probability]; `left` tokens of the text's beginning had no room.
export function fromExample({ text, left, tokens, maps, lens }) {
  const guesses = (i) => lens[i].map((depth) => depth.map(([name, share]) => [name, share / 1000]));
  return { text, left, tokens, maps: maps.map((heads) => heads.map(unpacked)), lens: guesses };
}

export function readText({ network, tokenizer }, text) {
  const all = tokenizer.encode(text);
  const left = Math.max(0, all.length + 1 - Math.min(network.config.context_length, MOST));
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
      return largest(chances, GUESSES).map((id) => [tokenizer.nameOf(id), chances[id]]);
    });
  return { text, left, tokens: ids.map(tokenizer.nameOf), maps, lens };
}

// ---------------------------------------------------------------- view

// One pixel per weight, which the browser enlarges with sharp edges; the root makes small weights visible.
function drawMap(canvas, rows) {
  const n = (canvas.width = canvas.height = rows.length);
  const pixels = new ImageData(n, n);
  const colour = (i, j, weight) => pixels.data.set([...BLUE, 255 * Math.sqrt(weight)], 4 * (i * n + j));
  rows.forEach((row, i) => row.forEach((weight, j) => colour(i, j, weight)));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

// One of several, of which Tab reaches only the chosen one. Arrows, Home and End move the choice.
function radioGroup(name, label, columns, choose) {
  const group = element("div", { class: name, role: "radiogroup", "aria-label": label });
  const all = () => [...group.querySelectorAll("[role=radio]")];
  group.addEventListener("click", (event) => {
    const picked = all().indexOf(event.target.closest("[role=radio]"));
    if (picked >= 0) choose(picked);
  });
  group.addEventListener("keydown", (event) => {
    const radios = all();
    const at = radios.indexOf(event.target);
    const ends = { Home: 0, End: radios.length - 1 };
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns };
    const next = { ...ends, ...steps }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would move to another cell
    if (!radios[next]) return;
    choose(next);
    radios[next].focus();
  });
  const check = (chosen) =>
    all().forEach((radio, i) => {
      radio.setAttribute("aria-checked", i === chosen);
      radio.tabIndex = i === chosen ? 0 : -1;
    });
  return { group, check };
}

const radio = (name, ...children) => element("button", { type: "button", role: "radio", class: name }, ...children);

// A long list of tokens scrolls; the page does not.
function reveal(box, node) {
  const [top, bottom] = [node.offsetTop, node.offsetTop + node.offsetHeight];
  if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight / 2;
}

// A map with a frame around the row that looks.
const framedMap = (canvas) => element("span", { class: "ax-square" }, canvas, element("span", { class: "ax-row" }));

// The names stand in the empty half of the map, right of the row and above the column that they name.
function namesOf(tokens, from) {
  const cell = 100 / tokens.length;
  const size = Math.min(0.85 * cell, 5);
  const names = tokens.map((token, i) => {
    const at = { x: (i + 1) * cell + 1, y: (i + 0.5) * cell, class: i === from ? "ax-name ax-from" : "ax-name" };
    return svgElement("text", { ...at, style: `font-size: ${tokens.length > NAMED ? 4 : size}px` }, token);
  });
  return tokens.length > NAMED ? [names[from]] : names;
}

function render({ model, el }) {
  const text = model.get("labels");
  let shown = fromExample(model.get("example"));
  let ready = null;
  let pointed = null; // {from, to}: what the pointer is on

  const save = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const nHeads = shown.maps[0].length;
  const inText = (token) => (token >= 0 && token < shown.tokens.length ? token : shown.tokens.length - 1);
  const percent = (share) => (share < 0.005 ? text.under_percent : fill(text.percent, { n: Math.round(100 * share) }));
  const said = (number, digits) => (Number.isFinite(number) ? number.toFixed(digits) : text.nothing);
  const guessed = (token) => (token === shown.tokens[0] ? text.end : visible(token));
  const nameOf = (i) => (i ? visible(shown.tokens[i]) : text.start);
  const numbers = (rows) => ({ distance: said(meanDistance(rows), 1), entropy: said(meanEntropy(rows), 2) });

  const writing = textBox(model, "text", { label: text.text });
  const tooLong = element("p", { class: "tool-note", role: "status" });
  const chips = radioGroup("ax-tokens", text.tokens, 1, (token) => save({ token }));
  const status = element("p", { class: "tool-status", role: "status" });
  const chooseHead = (i) => save({ layer: Math.floor(i / nHeads), head: i % nHeads });
  const heads = radioGroup("ax-heads", text.heads, nHeads, chooseHead);
  const canvas = element("canvas");
  const square = framedMap(canvas);
  const names = svgElement("svg", { viewBox: `0 0 ${100 + MARGIN} 100`, "aria-hidden": "true" });
  const large = element("div", { class: "ax-large", role: "img" }, square, names);
  const title = element("p", { class: "ax-title" });
  const lens = element("table", { class: "ax-lens" });
  let table = element("div");

  const notes = [text.legend, text.measures].map((note) => element("p", { class: "tool-note" }, note));
  const maps = element("div", { class: "ax-maps" }, heads.group, element("div", {}, title, large, ...notes));
  const box = toolBox("attention-explorer", text.name, writing.row);
  const live = loading(model, box, (arrived) => {
    ready = arrived;
    readAgain();
  });
  const hint = element("p", { class: "tool-note" }, text.hint);
  box.append(...live.nodes, tooLong, hint, chips.group, status, maps, lens, table);

  // The chips and the small maps belong to a text; what follows the choice is painted over them.
  function layOut() {
    chips.group.replaceChildren(...shown.tokens.map((_, i) => radio("ax-chip", nameOf(i))));
    heads.group.style.setProperty("--heads", nHeads);
    heads.group.classList.toggle("ax-dense", nHeads > 6);
    const mark = (name, ...words) => element("span", { class: name, "aria-hidden": "true" }, ...words);
    heads.group.replaceChildren(
      mark("ax-corner"),
      ...shown.maps[0].map((_, head) => mark("ax-column", fill(text.head, { head }))),
      ...shown.maps.flatMap((maps, layer) => [
        mark("ax-layer", fill(text.layer, { layer })),
        ...maps.map((rows, head) => smallMap(rows, layer, head)),
      ]),
    );
    tooLong.hidden = !shown.left;
    tooLong.textContent = fill(text.cut, { room: shown.tokens.length - 1, left: shown.left });
  }
  function smallMap(rows, layer, head) {
    const { distance, entropy: nats } = numbers(rows);
    const map = element("canvas");
    drawMap(map, rows);
    const caption = [fill(text.distance, { n: distance }), fill(text.entropy, { n: nats })];
    const lines = caption.map((line) => element("span", { class: "ax-number" }, line));
    const node = radio("ax-head", framedMap(map), ...lines);
    node.setAttribute("aria-label", fill(text.head_name, { layer, head, distance, entropy: nats }));
    return node;
  }

  function paint() {
    const [layer, head] = [model.get("layer"), model.get("head")];
    const rows = shown.maps[layer][head];
    const token = inText(model.get("token"));
    pointed = null;
    chips.check(token);
    reveal(chips.group, chips.group.children[token]);
    heads.check(layer * nHeads + head);
    drawMap(canvas, rows);
    title.textContent = fill(text.large, { layer, head, ...numbers(rows) });
    const fresh = tableOf(
      fill(text.table, { token: nameOf(token) }),
      [text.position, text.token, text.weight],
      Array.from(rows[token], (weight, i) => [i, nameOf(i), weight.toFixed(3)]),
    );
    fresh.open = table.open ?? false;
    table.replaceWith(fresh);
    table = fresh;
    save({ looked_at: Array.from(rows[token], (weight) => Math.round(1000 * weight) / 1000) });
    paintLook();
  }
  // Where the chosen token looks, or the one under the pointer.
  function paintLook() {
    const [layer, head] = [model.get("layer"), model.get("head")];
    const from = pointed?.from ?? inText(model.get("token"));
    const row = shown.maps[layer][head][from];
    const place = { layer, head, token: nameOf(from) };
    [...chips.group.children].forEach((chip, i) => paintChip(chip, i, from, row));
    const seen = largest(row, 3).map((i) => fill(text.seen, { token: nameOf(i), share: percent(row[i]) }));
    const to = pointed?.to;
    status.textContent =
      to === undefined
        ? fill(text.looks, { ...place, seen: seen.join(", ") })
        : fill(text.cell, { ...place, key: nameOf(to), share: percent(row[to]) });
    large.setAttribute("aria-label", fill(text.looks, { ...place, seen: seen.join(", ") }));
    const n = shown.tokens.length;
    for (const [name, value] of Object.entries({ "--from": from, "--n": n })) maps.style.setProperty(name, value);
    names.replaceChildren(...namesOf(shown.tokens.map((_, i) => nameOf(i)), from));
    paintLens(from);
  }
  function paintChip(chip, i, from, row) {
    const token = nameOf(i);
    chip.style.setProperty("--share", row[i] ?? 0);
    chip.classList.toggle("ax-from", i === from);
    chip.classList.toggle("ax-to", i === pointed?.to);
    chip.classList.toggle("ax-later", i > from);
    const name = i > from ? fill(text.later, { token }) : fill(text.chip, { token, share: percent(row[i]) });
    chip.setAttribute("aria-label", name);
  }
  function paintLens(from) {
    const depths = shown.lens(from);
    const nameOfDepth = (i) =>
      i === 0 ? text.embedding : fill(i < depths.length - 1 ? text.layer : text.last, { layer: i - 1 });
    const cell = ([token, share]) => {
      const name = element("span", { class: "tool-token" }, guessed(token));
      return element("td", { style: `--share: ${share}` }, name, " ", element("span", {}, percent(share)));
    };
    const lines = depths.map((guesses, i) =>
      element("tr", {}, element("th", { scope: "row" }, nameOfDepth(i)), ...guesses.map(cell)),
    );
    const caption = element("caption", {}, fill(text.lens, { token: nameOf(from) }));
    lens.replaceChildren(caption, element("tbody", {}, ...lines));
  }

  function readAgain() {
    if (model.get("text") !== shown.text) {
      if (!ready) return live.begin();
      shown = readText(ready, model.get("text"));
      layOut();
    }
    paint();
  }
  function point(next) {
    if (next?.from === pointed?.from && next?.to === pointed?.to) return;
    pointed = next;
    paintLook();
  }
  // The cell of the large map under the pointer; above the diagonal only its row counts.
  function cellAt(event) {
    const { left, top, width } = square.getBoundingClientRect();
    const place = (pixels) => Math.floor((pixels / width) * shown.tokens.length);
    const [to, from] = [place(event.clientX - left), place(event.clientY - top)];
    return { from: inText(Math.max(from, 0)), to: to >= 0 && to <= from ? to : undefined };
  }

  chips.group.addEventListener("pointerover", (event) => {
    const chip = event.target.closest(".ax-chip");
    point(chip && { from: [...chips.group.children].indexOf(chip) });
  });
  square.addEventListener("pointermove", (event) => point(cellAt(event)));
  square.addEventListener("click", (event) => save({ token: cellAt(event).from }));
  for (const node of [chips.group, square]) node.addEventListener("pointerleave", () => point(null));

  layOut();
  readAgain();
  writing.update();
  el.append(box);
  const ends = [
    follow(model, ["text"], writing.update), // at no other time: it would take back what is being typed
    follow(model, ["text"], readAgain),
    follow(model, ["layer", "head", "token"], paint),
    whenNear(box, live.begin),
  ];
  return () => ends.forEach((end) => end());
}

export default { render };
