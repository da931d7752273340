// The sampling explorer: what temperature, top-k and top-p do to one next-token distribution.
// Everything is computed here, so it works without a kernel. The definitions are those of helpers.sampling.filters.

// ---------------------------------------------------------------- mathematics

export function softmax(logits) {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

// Temperature 0 is greedy: only the largest logit remains (all of them, if several tie).
export function applyTemperature(logits, temperature) {
  return temperature > 0 ? logits.map((logit) => logit / temperature) : keepTopK(logits, 1);
}

// Keeps the k largest logits and all that tie with the k-th; k = 0 keeps everything.
export function keepTopK(logits, k) {
  if (k <= 0 || k >= logits.length) return logits;
  const kth = [...logits].sort((a, b) => b - a)[k - 1];
  return logits.map((logit) => (logit < kth ? -Infinity : logit));
}

// Keeps the smallest set of most likely tokens whose probabilities reach p; at least one token.
export function keepTopP(logits, p) {
  if (p >= 1) return logits;
  const probabilities = softmax(logits);
  const ascending = logits.map((_, index) => index).sort((a, b) => logits[a] - logits[b]);
  const kept = [...logits];
  let below = 0;
  for (const index of ascending.slice(0, -1)) {
    below += probabilities[index];
    if (below <= 1 - p) kept[index] = -Infinity;
  }
  return kept;
}

export function filtered(logits, { temperature, top_k, top_p }) {
  return softmax(keepTopP(keepTopK(applyTemperature(logits, temperature), top_k), top_p));
}

// In nats; a token that cannot come adds nothing.
export function entropy(probabilities) {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

// The n-th number in [0, 1) of a seeded stream (mulberry32), so that the same seed draws the same tokens.
export function uniform(seed, n) {
  let state = (seed + Math.imul(n + 1, 0x6d2b79f5)) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
}

export function draw(probabilities, u) {
  let reached = 0;
  for (let index = 0; index < probabilities.length; index++) {
    reached += probabilities[index];
    if (u < reached) return index;
  }
  return probabilities.findLastIndex((p) => p > 0); // rounding: the sum may end just below 1
}

// ---------------------------------------------------------------- view

let views = 0; // ids must differ when one page shows two explorers

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const visible = (token) => token.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "∅";
const fill = (pattern, words) => pattern.replace(/\{(\w+)\}/g, (_, name) => words[name]);
const percent = (share) => `${Math.min(100, 100 * share)}%`;

const decimals = (p) => (p === 0 ? "0" : p < 0.001 ? "<0.001" : p.toFixed(3));

// The axis ends at a round number, so bars do not rescale at every touch of a slider.
const axisEnd = (largest) => [0.05, 0.1, 0.2, 0.4, 0.6, 0.8].find((end) => largest <= end) ?? 1;

const chosen = (model) => model.get("contexts").find((context) => context.name === model.get("context"));

function slider(model, label, name, { min, max, step, say }) {
  const id = `sampling-explorer-${views}-${name}`;
  const input = element("input", { type: "range", id, min, max, step, "data-control": name });
  const output = element("output", { for: id });
  input.addEventListener("input", () => {
    model.set(name, Number(input.value));
    model.save_changes();
  });
  const update = () => {
    const value = model.get(name);
    if (value > input.max) input.max = value;
    input.value = value;
    output.textContent = say(value);
    input.setAttribute("aria-valuetext", say(value));
  };
  return { row: element("div", { class: "se-slider" }, element("label", { for: id }, label), input, output), update };
}

function button(label, name, action) {
  const node = element("button", { type: "button", "data-action": name }, label);
  node.addEventListener("click", action);
  return node;
}

function contextSelect(model, text) {
  const id = `sampling-explorer-${views}-context`;
  const names = model.get("contexts").map((context) => context.name);
  const select = element("select", { id, "data-control": "context" });
  for (const name of names) select.append(element("option", { value: name }, name || text.no_prompt));
  select.addEventListener("change", () => {
    model.set("context", select.value);
    model.save_changes();
  });
  const row = element("div", { class: "se-context" }, element("label", { for: id }, text.context), select);
  row.hidden = names.length < 2;
  return { row, update: () => (select.value = model.get("context")) };
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

function render({ model, el }) {
  views += 1;
  const text = model.get("labels");
  const longest = Math.max(...model.get("contexts").map((context) => context.tokens.length));
  const initial = Object.fromEntries(["temperature", "top_k", "top_p"].map((name) => [name, model.get(name)]));

  const context = contextSelect(model, text);
  const sliders = [
    slider(model, text.temperature, "temperature", {
      min: 0, max: 2.5, step: 0.05, say: (value) => (value > 0 ? value.toFixed(2) : text.greedy),
    }),
    slider(model, text.top_k, "top_k", {
      min: 0, max: Math.min(longest, 50), step: 1, say: (value) => (value > 0 ? String(value) : text.off),
    }),
    slider(model, text.top_p, "top_p", {
      min: 0.01, max: 1, step: 0.01, say: (value) => (value < 1 ? value.toFixed(2) : text.off),
    }),
  ];
  const prompt = element("p", { class: "se-prompt" });
  const status = element("p", { class: "se-status", role: "status" });
  const drawn = element("p", { class: "se-drawn", role: "status" });
  const ends = element("span", { class: "se-ends" });
  const body = element("tbody");
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, text.token),
    element("td", { "aria-hidden": "true" }, ends),
    element("th", { scope: "col", class: "se-number" }, text.probability),
    element("th", { scope: "col", class: "se-number" }, text.tally),
  );
  const table = element("table", {}, element("thead", {}, head), body);
  const legend = element("p", { class: "se-legend", "aria-hidden": "true" });
  for (const part of ["before", "after", "share"]) {
    legend.append(element("span", { class: `se-key se-key-${part}` }), ` ${text[`legend_${part}`]} `);
  }

  function sample(times) {
    const probabilities = model.get("probabilities");
    const tally = probabilities.map((_, index) => model.get("tally")[index] ?? 0);
    let drawsSoFar = tally.reduce((sum, count) => sum + count, 0);
    let index = -1;
    for (let i = 0; i < times; i++) tally[(index = draw(probabilities, uniform(model.get("seed"), drawsSoFar++)))] += 1;
    model.set("sampled", chosen(model).tokens[index]);
    model.set("sampled_index", index);
    model.set("tally", tally);
    model.save_changes();
  }
  function forget() {
    model.set("tally", []);
    model.set("sampled_index", -1);
    model.set("sampled", "");
  }
  function reset() {
    for (const [name, value] of Object.entries(initial)) model.set(name, value);
    forget();
    model.save_changes();
    recompute();
  }
  const buttons = element(
    "div",
    { class: "se-buttons" },
    button(text.sample, "sample", () => sample(1)),
    button(text.sample_many, "sample-many", () => sample(100)),
    button(text.reset, "reset", reset),
  );

  let rows = [];
  function paint() {
    const probabilities = model.get("probabilities");
    const data = rowsOf(model, probabilities);
    const end = axisEnd(Math.max(...data.flatMap((row) => [row.before, row.after])));
    if (rows.length !== data.length) {
      rows = data.map(() => tableRow(text));
      body.replaceChildren(...rows.map((row) => row.node));
    }
    rows.forEach((row, index) => paintRow(row, data[index], end, text));
    ends.replaceChildren(element("span", {}, "0"), element("span", {}, String(end)));
    prompt.textContent = fill(text.prompt, { prompt: model.get("context") });
    prompt.hidden = !model.get("context") || !context.row.hidden;
    status.textContent = fill(text.status, {
      kept: probabilities.filter((p) => p > 0).length,
      n: probabilities.length,
      entropy: entropy(probabilities).toFixed(2),
    });
    status.dataset.entropy = entropy(probabilities);
    const draws = data[0].draws;
    drawn.textContent = draws ? fill(text.drawn, { token: visible(model.get("sampled")), n: draws }) : "";
    [context, ...sliders].forEach((control) => control.update());
  }
  // A changed distribution makes old draws meaningless, so they are forgotten.
  function recompute() {
    const { logits } = chosen(model);
    const settings = { temperature: model.get("temperature"), top_k: model.get("top_k"), top_p: model.get("top_p") };
    const probabilities = filtered(logits, settings);
    const now = model.get("probabilities");
    if (probabilities.length !== now.length || probabilities.some((p, index) => p !== now[index])) {
      model.set("probabilities", probabilities);
      forget();
      model.save_changes();
    }
    paint();
  }

  const controls = element("div", { class: "se-controls" }, context.row, ...sliders.map((control) => control.row), buttons);
  const root = element("div", { class: "sampling-explorer", role: "group", "aria-label": text.name });
  root.append(prompt, controls, status, table, legend, drawn);
  el.append(root);

  const settingNames = "change:temperature change:top_k change:top_p change:context change:contexts";
  const paintNames = "change:tally change:sampled_index change:probabilities";
  model.on(settingNames, recompute);
  model.on(paintNames, paint);
  recompute();
  return () => {
    model.off(settingNames, recompute);
    model.off(paintNames, paint);
  };
}

export default { render };
