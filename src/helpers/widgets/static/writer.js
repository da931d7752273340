// The writer: a model of the book goes on with a text, token by token, in the page.
// What may come next stands beside it, before and after the filters; a click on a bar chooses for the model. For tales
// the exact distribution is known, and the best possible predictor says what it thinks.

import {
  axisEnd, button, decimals, element, fill, foldedTable, follow, numberBox, put, say, slider, textBox, toolBox, visible, whenNear,
} from "./dom.js";
import { draw, uniform } from "./filters.js";
import { loading, tokenizerOf } from "./live_model.js";
import { makeReader, situation } from "./reading.js";
import { END, makeStoryteller } from "./tales.js";

const PACE = 70; // milliseconds between two tokens while it plays
const STRONG = 4; // nats of surprise that give the full colour
const FILTERS = ["temperature", "top_k", "top_p", "min_p", "repetition_penalty"];

// ---------------------------------------------------------------- the text

// Each written token on a ground as strong as its surprise, and the same as a table. What was added is said aloud,
// but not while the model plays: nobody can listen to fifteen tokens a second.
function textPage(text, tokenizer) {
  const page = element("p", { class: "wr-page", tabindex: "0", role: "region", "aria-label": text.text });
  const scale = element("p", { class: "tool-note wr-scale" }, `${text.legend_surprise} 0`);
  scale.append(element("span", { class: "wr-ramp", "aria-hidden": "true" }), fill(text.surprise_high, { n: STRONG }));
  const spoken = element("p", { class: "tool-unseen", role: "status" });
  const nameOf = (id) => (id === tokenizer.endOfText ? text.end : visible(tokenizer.nameOf(id)));
  let now = { written: [], surprise: [] };
  let heard = null; // how many tokens were there when something was last said
  const table = foldedTable(() => ({
    summary: text.surprise_table,
    head: [text.surprise_head, text.surprise_nats],
    rows: () => now.written.map((id, i) => [nameOf(id), now.surprise[i].toFixed(2)]),
  }));

  function span(id, nats) {
    const title = fill(text.surprise_title, { token: nameOf(id), nats: nats.toFixed(2) });
    const spelled = tokenizer.decode([id]);
    const shown = id === tokenizer.endOfText ? text.end_mark : spelled.includes("\ufffd") ? tokenizer.nameOf(id) : spelled;
    // The space in front stays without colour: at the end of a line it would be a coloured crumb.
    const [, space, rest] = /^( ?)(.*)$/s.exec(shown);
    const word = element("span", { class: "wr-word" }, rest);
    word.style.setProperty("--surprise", `${Math.min(1, nats / STRONG) * 55}%`);
    return element("span", { class: "wr-token", title, "data-nats": nats.toFixed(4) }, space, word);
  }
  function speak({ written }) {
    const added = heard === null ? [] : written.slice(heard);
    if (added.length) say(spoken, added.map(nameOf).join(" ").replaceAll("␣", ""));
    heard = written.length;
  }
  function paint(prompt, next, isPlaying) {
    const hasGrown = next.written.length > now.written.length;
    now = next;
    const spans = now.written.map((id, i) => span(id, now.surprise[i]));
    page.replaceChildren(element("span", { class: "wr-prompt" }, prompt), ...spans);
    if (hasGrown) page.scrollTop = page.scrollHeight;
    if (isPlaying) return;
    speak(now);
    table.update();
  }
  return { page, scale, spoken, table: table.node, paint };
}

// ---------------------------------------------------------------- the next token

function makeRow(choose) {
  const part = (name) => element("span", { class: `wr-${name}` });
  const row = { token: button("", "choose", () => choose(Number(row.node.dataset.id))) };
  Object.assign(row, { before: part("before"), after: part("after"), truth: part("truth") });
  row.kept = element("td", { class: "wr-number" });
  row.exact = element("td", { class: "wr-number" });
  const track = element("td", { "aria-hidden": "true" }, element("div", { class: "wr-track" }, row.after, row.before, row.truth));
  row.node = element("tr", {}, element("th", { scope: "row" }, row.token), track, row.kept, row.exact);
  row.node.addEventListener("click", (event) => event.target !== row.token && row.token.click());
  return row;
}

function paintRow(row, { name, id, before, after, exact }, end, text) {
  row.node.hidden = id === undefined; // nothing is known about the next token yet
  if (id === undefined) return;
  const along = (p) => `${Math.min(100, (100 * p) / end)}%`;
  row.token.textContent = name;
  row.token.setAttribute("aria-label", fill(text.choose, { token: name, probability: decimals(after) }));
  Object.assign(row.node.dataset, { id, before, after, exact: exact ?? "" });
  row.before.style.width = along(before);
  row.after.style.width = along(after);
  row.truth.hidden = !exact; // none known, or impossible
  row.truth.style.left = along(exact ?? 0);
  row.kept.textContent = decimals(after);
  row.exact.textContent = exact === null ? text.none : decimals(exact);
}

// What is known about each of the likeliest tokens.
function likeliest({ before, after }, truth, n, tokenizer, text) {
  const ids = Object.keys(before).map(Number).sort((a, b) => before[b] - before[a]);
  return Array.from({ length: n }, (_, index) => {
    const id = ids[index];
    if (id === undefined) return {};
    const isEnd = id === tokenizer.endOfText;
    const exact = truth && (isEnd ? truth.ends : truth.share(tokenizer.decode([id])));
    return { id, before: before[id], after: after[id], exact, name: isEnd ? text.end : visible(tokenizer.nameOf(id)) };
  });
}

function headOf(text, ends) {
  const cell = (name) => element("th", { scope: "col" }, name);
  return element("tr", {}, cell(text.next), element("td", { "aria-hidden": "true" }, ends), cell(text.probability), cell(text.truth));
}

// The likeliest tokens, one bar each; a click on one writes it. The last line counts the rest.
function nextTokens(text, tokenizer, n, hasTruth, choose) {
  const rows = Array.from({ length: n }, () => makeRow(choose));
  const ends = element("span", { class: "wr-ends" });
  const others = [element("th", { scope: "row" }), element("td"), element("td", { class: "wr-number" }), element("td")];
  const table = element("table", { class: hasTruth ? "" : "wr-no-truth" });
  table.append(element("thead", {}, headOf(text, ends)), element("tbody", {}, ...rows.map((row) => row.node)));
  table.append(element("tfoot", {}, element("tr", {}, ...others)));
  const legend = element("p", { class: "tool-note", "aria-hidden": "true" });
  for (const key of ["before", "after", ...(hasTruth ? ["truth"] : [])]) {
    legend.append(element("span", { class: `wr-key wr-${key}` }), ` ${text[key]} `);
  }
  function paint(now, truth) {
    const known = likeliest(now, truth, n, tokenizer, text);
    const end = axisEnd(Math.max(...known.flatMap(({ before, after, exact }) => [before ?? 0, after ?? 0, exact ?? 0])));
    rows.forEach((row, index) => paintRow(row, known[index], end, text));
    ends.replaceChildren(element("span", {}, "0"), element("span", {}, String(end)));
    const rest = 1 - known.reduce((sum, { after }) => sum + (after ?? 0), 0);
    others[0].textContent = fill(text.others, { n: tokenizer.vocabSize - n });
    others[2].textContent = decimals(Math.max(0, rest));
    table.tFoot.hidden = known[0].id === undefined;
  }
  return { nodes: [table, legend], paint };
}

// ---------------------------------------------------------------- the best possible predictor

const percent = (p) => (100 * p).toFixed(1).replace(/\.0$/, "");

function bestGuess(text, storyteller, written, truth) {
  if (!truth) return fill(text.impossible, { word: `‘${storyteller.firstImpossible(written).word}’` });
  const next = truth.best(5).filter(([word]) => word !== END);
  const words = next.slice(0, 4).map(([word, p]) => fill(text.best_word, { word: `‘${word.trim()}’`, percent: percent(p) }));
  if (truth.ends > 0) words.push(fill(text.best_end, { percent: percent(truth.ends) }));
  if (next.length > 4) words.push(text.more_words);
  return fill(text.best, { words: words.join(", ") });
}

// ---------------------------------------------------------------- controls

function filterControls(model, text) {
  const unless = (isOff) => (value) => (isOff(value) ? text.off : value.toFixed(2));
  const make = (name, range) => slider(model, name, { label: text[name], ...range });
  const temperature = make("temperature", { min: 0, max: 2, step: 0.05, say: (t) => (t > 0 ? t.toFixed(2) : text.greedy) });
  const more = [
    make("top_k", { min: 0, max: 50, step: 1, say: (k) => (k > 0 ? String(k) : text.off) }),
    make("top_p", { min: 0.01, max: 1, step: 0.01, say: unless((p) => p >= 1) }),
    make("min_p", { min: 0, max: 1, step: 0.01, say: unless((p) => p <= 0) }),
    make("repetition_penalty", { min: 1, max: 2, step: 0.05, say: unless((penalty) => penalty === 1) }),
    numberBox(model, "seed", { label: text.seed, min: 0, max: 999999, step: 1 }),
  ];
  const fold = element("details", { class: "tool-details" }, element("summary", {}, text.more));
  fold.append(...more.map((control) => control.row));
  return { temperature, fold, update: () => [temperature, ...more].forEach((control) => control.update()) };
}

// ---------------------------------------------------------------- what is known at a moment

// What Python computed, until the weights are there: it knows the likeliest next tokens only, and nothing about a text
// that has been changed since.
function exampleOf(model) {
  const { prompt, written, surprise, next } = model.get("example");
  const [here, ids] = [model.get("prompt"), model.get("written")];
  const isSame = here === prompt && ids.length === written.length && ids.every((id, i) => id === written[i]);
  const before = [], after = [];
  for (const [id, p, kept] of isSame ? next : []) [before[id], after[id]] = [p, kept];
  return { written: ids, surprise: isSame ? surprise : ids.map(() => 0), before, after };
}

function situationOf(model, reader) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, model.get(name)]));
  const [prompt, written, most] = ["prompt", "written", "max_prompt"].map((name) => model.get(name));
  return situation(reader, { prompt, written, most, filters });
}

function noteOf({ isCut, isOver, isFull }, text, sizes) {
  const parts = [isCut && fill(text.long, { n: sizes.most }), isOver ? text.over : isFull && fill(text.full, { n: sizes.all })];
  return parts.filter(Boolean).join(" ");
}

// ---------------------------------------------------------------- what a reader can do

function handsOf(model, text, live, stateNow) {
  const written = () => model.get("written");
  const write = (id) => live().whenReady(() => {
    const now = stateNow();
    if (now.isOver || now.isFull) return put(model, { is_playing: false });
    put(model, { written: [...now.written, id ?? draw(now.after, uniform(model.get("seed"), now.written.length))] });
  });
  const buttons = {
    play: button(text.play, "play", () => put(model, { is_playing: !model.get("is_playing") })),
    step: button(text.step, "step", () => write()),
    back: button(text.back, "back", () => written().length && put(model, { written: written().slice(0, -1) })),
    restart: button(text.restart, "restart", () => put(model, { written: [] })),
  };
  // Another view of the same writer may play too: who comes second finds another text and waits a turn.
  let timer = 0;
  function play() {
    clearTimeout(timer);
    const isPlaying = model.get("is_playing");
    buttons.play.textContent = isPlaying ? text.pause : text.play;
    if (!isPlaying) return;
    const before = written();
    timer = setTimeout(() => {
      if (written() === before) write();
      play();
    }, PACE);
  }
  const update = () => buttons.back.setAttribute("aria-disabled", written().length === 0);
  const row = element("div", { class: "tool-buttons" }, ...Object.values(buttons));
  return { row, write, play, update, end: () => clearTimeout(timer) };
}

// ---------------------------------------------------------------- all together

function render({ model, el }) {
  const text = model.get("labels");
  const tokenizer = tokenizerOf(model);
  const storyteller = model.get("grammar") ? makeStoryteller(JSON.parse(model.get("grammar"))) : null;
  if (globalThis.BOOK_MODELS) model.set("is_playing", false); // a page begins at rest, however it was saved
  let reader = null; // until the weights are there
  let now = exampleOf(model);

  const box = toolBox("writer", text.name);
  const live = loading(model, box, begin, () => put(model, { is_playing: false }));
  const hands = handsOf(model, text, () => live, () => now);
  const prompt = textBox(model, "prompt", { label: text.prompt });
  const page = textPage(text, tokenizer);
  const note = element("p", { class: "tool-note", role: "status" });
  const next = nextTokens(text, tokenizer, model.get("example").next.length, Boolean(storyteller), hands.write);
  const best = element("p", { class: "wr-best" });
  const filters = filterControls(model, text);
  box.append(prompt.row, page.page, page.scale, page.spoken, hands.row, ...live.nodes, note);
  box.append(filters.temperature.row, ...next.nodes, best, filters.fold, page.table);

  function paint() {
    const ids = now.written.filter((id) => id !== tokenizer.endOfText);
    const all = model.get("prompt") + tokenizer.decode(ids);
    const truth = storyteller && !now.isOver ? storyteller.after(all) : null;
    page.paint(model.get("prompt"), now, model.get("is_playing"));
    next.paint(now, truth);
    best.hidden = !storyteller || Boolean(now.isOver);
    if (!best.hidden) best.textContent = bestGuess(text, storyteller, all, truth);
    note.textContent = noteOf(now, text, { most: model.get("max_prompt"), all: reader?.capacity });
    note.hidden = !note.textContent;
    [prompt, filters, hands].forEach((part) => part.update());
  }
  function update() {
    now = reader ? situationOf(model, reader) : exampleOf(model);
    paint();
    live.begin();
  }
  function begin(arrived) {
    reader = makeReader(arrived);
    update();
  }
  function restPaint() {
    hands.play();
    if (!model.get("is_playing")) paint(); // what was left out while it played: the table, and what is said aloud
  }

  const ends = [
    follow(model, ["written", ...FILTERS], update),
    follow(model, ["prompt"], () => (model.get("written").length ? put(model, { written: [] }) : update())),
    follow(model, ["is_playing"], restPaint),
    follow(model, ["seed"], filters.update),
    whenNear(box, live.begin),
    live.end,
    hands.end,
  ];
  el.append(box);
  paint();
  hands.play();
  return () => ends.forEach((end) => end());
}

export default { render };
