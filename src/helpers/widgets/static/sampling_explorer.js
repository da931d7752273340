// The sampling explorer: what temperature, top-k and top-p do to one next-token distribution.
// Everything is computed here, so it works without a kernel.

import { axisEnd, button, choice, decimals, element, fill, follow, put, say, slider, toolBox, visible } from "./dom.js";
import { draw, entropy, filtered, softmax, uniform } from "./filters.js";

const FILTERS = ["temperature", "top_k", "top_p"];
const NO_DRAWS = { tally: [], sampled_index: -1, sampled: "" };

const percent = (share) => `${Math.min(100, 100 * share)}%`;

const settingsOf = (model) => Object.fromEntries(FILTERS.map((name) => [name, model.get(name)]));

const chosen = (model) => model.get("contexts").find((context) => context.name === model.get("context"));

function contextChoice(model, text) {
  const names = model.get("contexts").map((context) => context.name);
  const options = names.map((name) => [name, name || text.no_prompt]);
  const control = choice(model, "context", { label: text.context, options });
  control.row.hidden = names.length < 2;
  return control;
}

function tableRow(text) {
  const row = {
    token: element("span", { class: "se-token" }),
    cut: element("span", { class: "se-cut" }, text.cut),
    before: element("span", { class: "se-before" }),
    after: element("span", { class: "se-after" }),
    share: element("span", { class: "se-share" }),
    probability: element("td", { class: "se-number" }),
    tally: element("td", { class: "se-number se-tally" }),
  };
  row.track = element("div", { class: "se-track" }, row.after, row.before, row.share);
  row.node = element(
    "tr",
    {},
    element("th", { scope: "row" }, row.token, " ", row.cut),
    element("td", { class: "se-bar", "aria-hidden": "true" }, row.track),
    row.probability,
    row.tally,
  );
  return row;
}

function paintRow(row, data, end, text) {
  row.token.textContent = data.label;
  row.node.dataset.token = data.token ?? "";
  row.node.dataset.before = data.before;
  row.node.dataset.after = data.after;
  row.node.classList.toggle("se-is-cut", data.after === 0);
  row.node.classList.toggle("se-is-others", data.token === null);
  row.node.classList.toggle("se-is-drawn", data.isDrawn);
  row.cut.hidden = data.after > 0;
  row.before.style.width = percent(data.before / end);
  row.after.style.width = percent(data.after / end);
  const mayCome = data.draws > 0 && data.after > 0;
  row.share.hidden = !mayCome;
  row.share.style.left = percent(data.count / Math.max(1, data.draws) / end);
  row.probability.textContent = decimals(data.after);
  row.tally.textContent = mayCome
    ? fill(text.tally_cell, { count: data.count, expected: (data.draws * data.after).toFixed(1) })
    : text.none;
}

function rowsOf(model, probabilities) {
  const { tokens, logits } = chosen(model);
  const before = softmax(logits);
  const tally = model.get("tally");
  const draws = tally.reduce((sum, count) => sum + count, 0);
  const best = before.map((_, index) => index).sort((a, b) => before[b] - before[a]);
  const sum = (values, indices) => indices.reduce((total, index) => total + (values[index] ?? 0), 0);
  const rows = best.slice(0, model.get("shown")).map((index) => ({
    token: tokens[index],
    label: visible(tokens[index]),
    before: before[index],
    after: probabilities[index],
    count: tally[index] ?? 0,
    draws,
    isDrawn: index === model.get("sampled_index"),
  }));
  const others = best.slice(model.get("shown"));
  if (others.length) {
    const isDrawn = others.includes(model.get("sampled_index"));
    const label = fill(model.get("labels").others, { n: others.length });
    const parts = { before: sum(before, others), after: sum(probabilities, others), count: sum(tally, others) };
    rows.push({ token: null, label, draws, isDrawn, ...parts });
  }
  return rows;
}

// A changed distribution makes old draws meaningless, so they are forgotten.
function refilter(model) {
  const probabilities = filtered(chosen(model).logits, settingsOf(model));
  const now = model.get("probabilities");
  const isSame = probabilities.length === now.length && probabilities.every((p, index) => p === now[index]);
  if (!isSame) put(model, { probabilities, ...NO_DRAWS });
}

// The n-th draw of a seed is the same token, whether drawn alone or among a hundred.
function sample(model, times) {
  const probabilities = model.get("probabilities");
  const tally = probabilities.map((_, index) => model.get("tally")[index] ?? 0);
  let drawsSoFar = tally.reduce((sum, count) => sum + count, 0);
  let index = -1;
  for (let i = 0; i < times; i++) tally[(index = draw(probabilities, uniform(model.get("seed"), drawsSoFar++)))] += 1;
  put(model, { sampled: chosen(model).tokens[index], sampled_index: index, tally });
}

function slidersOf(model, text) {
  const longest = model.get("contexts").reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const written = (value) => value.toFixed(2);
  const temperature = { min: 0, max: 2.5, step: 0.05, say: (value) => (value > 0 ? written(value) : text.greedy) };
  const topK = { min: 0, max: Math.min(longest, 50), step: 1, say: (value) => (value > 0 ? String(value) : text.off) };
  const topP = { min: 0.01, max: 1, step: 0.01, say: (value) => (value < 1 ? written(value) : text.off) };
  return [
    slider(model, "temperature", { label: text.temperature, ...temperature }),
    slider(model, "top_k", { label: text.top_k, ...topK }),
    slider(model, "top_p", { label: text.top_p, ...topP }),
  ];
}

function buttonsOf(model, text) {
  const initial = settingsOf(model);
  return element(
    "div",
    { class: "tool-buttons" },
    button(text.sample, "sample", () => sample(model, 1)),
    button(text.sample_many, "sample-many", () => sample(model, 100)),
    button(text.reset, "reset", () => put(model, { ...initial, ...NO_DRAWS })),
  );
}

// The bars as rows of a table, so that their numbers are read with them.
function barTable(text) {
  const [ends, body] = [element("span", { class: "se-ends" }), element("tbody")];
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, text.token),
    element("td", { "aria-hidden": "true" }, ends),
    element("th", { scope: "col", class: "se-number" }, text.probability),
    element("th", { scope: "col", class: "se-number" }, text.tally),
  );
  let rows = [];
  function update(data) {
    const end = axisEnd(data.reduce((most, { before, after }) => Math.max(most, before, after), 0));
    if (rows.length !== data.length) {
      rows = data.map(() => tableRow(text));
      body.replaceChildren(...rows.map((row) => row.node));
    }
    rows.forEach((row, index) => paintRow(row, data[index], end, text));
    ends.replaceChildren(element("span", {}, "0"), element("span", {}, String(end)));
  }
  return { node: element("table", {}, element("thead", {}, head), body), update };
}

function legendOf(text) {
  const node = element("p", { class: "se-legend tool-note", "aria-hidden": "true" });
  for (const part of ["before", "after", "share"]) {
    node.append(element("span", { class: `se-key se-key-${part}` }), ` ${text[`legend_${part}`]} `);
  }
  return node;
}

function keptSentence(probabilities, text) {
  const kept = probabilities.filter((p) => p > 0).length;
  return fill(text.status, { kept, n: probabilities.length, entropy: entropy(probabilities).toFixed(2) });
}

function drawnSentence(model, draws, text) {
  return draws ? fill(text.drawn, { token: visible(model.get("sampled")), n: draws }) : "";
}

function render({ model, el }) {
  const text = model.get("labels");
  const [context, sliders, bars] = [contextChoice(model, text), slidersOf(model, text), barTable(text)];
  const prompt = element("p", { class: "se-prompt" });
  const status = element("p", { class: "se-status tool-status", role: "status" });
  const drawn = element("p", { class: "se-drawn", role: "status" });
  const rows = [context, ...sliders].map((control) => control.row);
  const controls = element("div", { class: "se-controls" }, ...rows, buttonsOf(model, text));
  el.append(toolBox("sampling-explorer", text.name, prompt, controls, status, bars.node, legendOf(text), drawn));

  function paint() {
    const probabilities = model.get("probabilities");
    const data = rowsOf(model, probabilities);
    bars.update(data);
    prompt.textContent = fill(text.prompt, { prompt: model.get("context") });
    prompt.hidden = !model.get("context") || !context.row.hidden;
    say(status, keptSentence(probabilities, text));
    status.dataset.entropy = entropy(probabilities);
    say(drawn, drawnSentence(model, data[0].draws, text));
    [context, ...sliders].forEach((control) => control.update());
  }
  function recompute() {
    refilter(model);
    paint();
  }
  const unfollow = [
    follow(model, [...FILTERS, "context", "contexts"], recompute),
    follow(model, ["tally", "sampled_index", "probabilities"], paint),
  ];
  recompute();
  return () => unfollow.forEach((end) => end());
}

export default { render };
