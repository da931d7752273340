// The writer: a model of the book goes on with a text, token by token, in the page.
// What may come next stands beside it, before and after the filters; a click on a bar chooses for the model. For tales
// the exact distribution is known, and the best possible predictor says what it thinks.

import { makeTokenizer } from "./bpe.js";
import {
  button, element, fill, follow, numberBox, slider, tableOf, textBox, toolBox, visible, whenNear,
} from "./dom.js";
import { draw, uniform } from "./filters.js";
import { loading } from "./live_model.js";
import { makeReader, situation } from "./reading.js";
import { END, makeStoryteller } from "./tales.js";

const PACE = 70; // milliseconds between two tokens while it plays
const STRONG = 4; // nats of surprise that give the full colour
const FILTERS = ["temperature", "top_k", "top_p", "min_p", "repetition_penalty"];

// ---------------------------------------------------------------- the text

// Each written token on a ground as strong as its surprise, and the same as a table.
function textPage(text, tokenizer) {
  const page = element("p", { class: "wr-page", tabindex: "0", role: "region", "aria-label": text.text });
  const scale = element("p", { class: "tool-note wr-scale" }, `${text.legend_surprise} ${text.surprise_low}`);
  scale.append(element("span", { class: "wr-ramp", "aria-hidden": "true" }), text.surprise_high);
  const table = element("div");
  const nameOf = (id) => (id === tokenizer.endOfText ? text.end : visible(tokenizer.nameOf(id)));

  function span(id, nats) {
    const title = fill(text.surprise_title, { token: nameOf(id), nats: nats.toFixed(2) });
    const spelled = tokenizer.decode([id]);
    const shown = id === tokenizer.endOfText ? " ∎" : spelled.includes("\ufffd") ? tokenizer.nameOf(id) : spelled;
    // The space in front stays without colour: at the end of a line it would be a coloured crumb.
    const [, space, rest] = /^( ?)(.*)$/s.exec(shown);
    const word = element("span", { class: "wr-word" }, rest);
    word.style.setProperty("--surprise", `${Math.min(1, nats / STRONG) * 55}%`);
    return element("span", { class: "wr-token", title, "data-nats": nats.toFixed(4) }, space, word);
  }
  function paintTable({ written, surprise }) {
    const isOpen = Boolean(table.firstChild?.open);
    const rows = written.map((id, i) => [nameOf(id), surprise[i].toFixed(2)]);
    table.replaceChildren(tableOf(text.surprise_table, [text.surprise_head, text.surprise_nats], rows));
    table.firstChild.open = isOpen;
  }
  function paint(prompt, now, isPlaying) {
    const spans = now.written.map((id, i) => span(id, now.surprise[i]));
    page.replaceChildren(element("span", { class: "wr-prompt" }, prompt), ...spans);
    if (isPlaying) page.scrollTop = page.scrollHeight;
    else paintTable(now);
  }
  return { page, scale, table, paint };
}

// ---------------------------------------------------------------- the next token

const digits = (p) => (p === 0 ? "0" : p < 0.001 ? "<0.001" : p.toFixed(3));

function makeRow(choose) {
  const part = (name) => element("span", { class: `wr-${name}` });
  const row = { token: button("", "choose", () => choose(Number(row.node.dataset.id))), before: part("before"), after: part("after"), truth: part("truth") };
  row.kept = element("td", { class: "wr-number" });
  row.exact = element("td", { class: "wr-number wr-exact" });
  const track = element("td", { "aria-hidden": "true" }, element("div", { class: "wr-track" }, row.after, row.before, row.truth));
  row.node = element("tr", {}, element("th", { scope: "row" }, row.token), track, row.kept, row.exact);
  row.node.addEventListener("click", (event) => event.target !== row.token && row.token.click());
  return row;
}

function paintRow(row, { name, id, before, after, exact }, text) {
  row.token.textContent = name;
  row.token.setAttribute("aria-label", fill(text.choose, { token: name, probability: digits(after) }));
  Object.assign(row.node.dataset, { id, before, after, exact: exact ?? "" });
  row.before.style.width = `${100 * before}%`;
  row.after.style.width = `${100 * after}%`;
  row.truth.hidden = !exact; // none known, or impossible
  row.truth.style.left = `${100 * (exact ?? 0)}%`;
  row.kept.textContent = digits(after);
  row.exact.textContent = exact === null ? text.none : digits(exact);
}

// The likeliest tokens, one bar each; a click on one writes it.
function nextTokens(text, tokenizer, n, hasTruth, choose) {
  const rows = Array.from({ length: n }, () => makeRow(choose));
  const head = [["th", text.next], ["td", ""], ["th", text.after], ["th", text.truth]].map(([tag, name]) =>
    element(tag, tag === "th" ? { scope: "col" } : {}, name));
  const table = element("table", { class: hasTruth ? "" : "wr-no-truth" });
  table.append(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows.map((row) => row.node)));
  const keys = ["before", "after", ...(hasTruth ? ["truth"] : [])];
  const legend = element("p", { class: "tool-note", "aria-hidden": "true" });
  for (const key of keys) legend.append(element("span", { class: `wr-key wr-${key}` }), ` ${text[key]} `);

  function paint({ before, after }, truth) {
    const likely = Object.keys(before).map(Number).sort((a, b) => before[b] - before[a]);
    rows.forEach((row, index) => {
      const id = likely[index];
      const isEnd = id === tokenizer.endOfText;
      const exact = truth && (isEnd ? truth.ends : truth.share(tokenizer.decode([id])));
      const name = isEnd ? text.end : visible(tokenizer.nameOf(id));
      paintRow(row, { name, id, before: before[id], after: after[id], exact }, text);
    });
  }
  return { nodes: [table, legend], paint };
}

// ---------------------------------------------------------------- the best possible predictor

const percent = (p) => (100 * p).toFixed(p > 0.0995 || p < 0.0005 ? 0 : 1);

function bestGuess(text, storyteller, written, truth) {
  if (!truth) return fill(text.impossible, { word: `‘${storyteller.firstImpossible(written).word}’` });
  const next = truth.best(4).filter(([word]) => word !== END);
  const words = next.map(([word, p]) => fill(text.best_word, { word: `‘${word.trim()}’`, percent: percent(p) }));
  if (truth.ends > 0) words.push(fill(text.best_end, { percent: percent(truth.ends) }));
  return fill(text.best, { words: words.join(", ") });
}

// ---------------------------------------------------------------- controls

function filterControls(model, text) {
  const say = (isOff) => (value) => (isOff(value) ? text.off : value.toFixed(2));
  const make = (name, range) => slider(model, name, { label: text[name], ...range });
  const temperature = make("temperature", { min: 0, max: 2, step: 0.05, say: (t) => (t > 0 ? t.toFixed(2) : text.greedy) });
  const more = [
    make("top_k", { min: 0, max: 50, step: 1, say: (k) => (k > 0 ? String(k) : text.off) }),
    make("top_p", { min: 0.01, max: 1, step: 0.01, say: say((p) => p >= 1) }),
    make("min_p", { min: 0, max: 1, step: 0.01, say: say((p) => p <= 0) }),
    make("repetition_penalty", { min: 1, max: 2, step: 0.05, say: say((penalty) => penalty === 1) }),
    numberBox(model, "seed", { label: text.seed, min: 0, max: 999999, step: 1 }),
  ];
  const fold = element("details", { class: "tool-details" }, element("summary", {}, text.more));
  fold.append(...more.map((control) => control.row));
  return { temperature, fold, update: () => [temperature, ...more].forEach((control) => control.update()) };
}

// ---------------------------------------------------------------- all together

// What Python computed, until the weights are there; it holds the likeliest tokens only.
function exampleOf(model) {
  const { written, surprise, next } = model.get("example");
  const before = [], after = [];
  for (const [id, p, kept] of next) [before[id], after[id]] = [p, kept];
  return { written, surprise, before, after };
}

function noteOf({ isCut, isOver, isFull }, text, sizes) {
  const parts = [isCut && fill(text.long, { n: sizes.most }), isOver ? text.over : isFull && fill(text.full, { n: sizes.all })];
  return parts.filter(Boolean).join(" ");
}

function render({ model, el }) {
  const text = model.get("labels");
  const tokenizer = makeTokenizer(JSON.parse(model.get("tokenizer")));
  const storyteller = model.get("grammar") ? makeStoryteller(JSON.parse(model.get("grammar"))) : null;
  let reader = null; // until the weights are there
  let now = exampleOf(model);
  let timer = 0;

  // ---- what the reader may do
  const waiting = []; // asked for before the weights were there
  function whenReady(action) {
    if (reader) return action();
    waiting.push(action);
    live.begin();
  }
  function set(traits) {
    model.set(traits);
    model.save_changes();
  }
  function write(id = draw(now.after, uniform(model.get("seed"), now.written.length))) {
    if (now.isOver || now.isFull) set({ is_playing: false });
    else set({ written: [...now.written, id] });
  }
  function play() {
    clearTimeout(timer);
    const isPlaying = model.get("is_playing");
    buttons.play.textContent = isPlaying ? text.pause : text.play;
    if (isPlaying) whenReady(() => {
      if (!model.get("is_playing")) return;
      write();
      timer = setTimeout(play, PACE);
    });
    else if (reader) paint();
  }

  // ---- what the reader sees
  const prompt = textBox(model, "prompt", { label: text.prompt });
  const buttons = {
    play: button(text.play, "play", () => set({ is_playing: !model.get("is_playing") })),
    step: button(text.step, "step", () => whenReady(() => write())),
    back: button(text.back, "back", () => set({ written: model.get("written").slice(0, -1) })),
    restart: button(text.restart, "restart", () => set({ written: [] })),
  };
  const page = textPage(text, tokenizer);
  const note = element("p", { class: "tool-note", role: "status" });
  const next = nextTokens(text, tokenizer, model.get("shown"), Boolean(storyteller), (id) => whenReady(() => write(id)));
  const best = element("p", { class: "wr-best" });
  const filters = filterControls(model, text);
  const box = toolBox("writer", text.name);
  const live = loading(model, box, begin, () => set({ is_playing: false }));
  const row = element("div", { class: "tool-buttons" }, ...Object.values(buttons));
  box.append(prompt.row, page.page, page.scale, row, ...live.nodes, note);
  box.append(filters.temperature.row, ...next.nodes, best, filters.fold, page.table);

  function paint() {
    const truth = storyteller && !now.isOver ? storyteller.after(model.get("text")) : null;
    page.paint(model.get("prompt"), now, model.get("is_playing"));
    next.paint(now, truth);
    best.hidden = !storyteller || Boolean(now.isOver);
    if (!best.hidden) best.textContent = bestGuess(text, storyteller, model.get("text"), truth);
    note.textContent = noteOf(now, text, { most: model.get("max_prompt"), all: reader?.capacity });
    note.hidden = !note.textContent;
    buttons.back.disabled = now.written.length === 0;
    prompt.update();
    filters.update();
  }
  function update() {
    const written = model.get("written");
    const chosen = Object.fromEntries(FILTERS.map((name) => [name, model.get(name)]));
    now = situation(reader, { prompt: model.get("prompt"), written, most: model.get("max_prompt"), filters: chosen });
    set({ text: model.get("prompt") + tokenizer.decode(written.filter((id) => id !== tokenizer.endOfText)) });
    paint();
  }
  function begin(arrived) {
    reader = makeReader(arrived);
    update();
    waiting.splice(0).forEach((action) => action());
  }

  const ends = [
    follow(model, ["written", ...FILTERS], () => whenReady(update)),
    follow(model, ["prompt"], () => (model.get("written").length ? set({ written: [] }) : whenReady(update))),
    follow(model, ["is_playing"], play),
    follow(model, ["seed"], filters.update),
    whenNear(box, live.begin),
    () => clearTimeout(timer),
  ];
  el.append(box);
  paint();
  play();
  return () => ends.forEach((end) => end());
}

export default { render };
