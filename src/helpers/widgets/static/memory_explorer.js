// The memory explorer: what weights and cache weigh, on how many accelerators they fit, what one more token costs.
// Python counts each model once; the arithmetic on the reader's choices is `needs`, below, and works without a kernel.

import { choice, element, fill, foldedTable, follow, grouped, numberBox, put, say, slider, toolBox } from "./dom.js";

const GB = 1e9;

// From what the page knows of a model and what the reader chose to bytes, accelerators, operations, seconds, dollars.
export function needs(shape, { context, batch, weight_bits, cache_bits, memory_gb, bandwidth, price_per_hour }) {
  const seen = Math.min(context, shape.sees);
  const cacheOf = (numbers) => (batch * seen * shape.layers * numbers * cache_bits) / 8;
  const weights = Math.ceil((shape.parameters * weight_bits) / 8);
  const [cache, everyCache] = [cacheOf(shape.kept), cacheOf(shape.every)];
  const accelerators = Math.ceil((weights + cache) / (memory_gb * GB));
  // A step reads the weights once, whatever the batch, and each text's own cache.
  const readWeights = (shape.multiplied * weight_bits) / 8;
  const read = readWeights + cache;
  const operations = 2 * shape.multiplied + 2 * shape.layers * shape.pair * seen;
  const seconds = read / (accelerators * bandwidth * 1e12);
  const price = (((seconds * accelerators * price_per_hour) / 3600) * 1e6) / batch;
  return {
    seen, weights, cache, everyCache, accelerators, readWeights, read, operations, seconds, price,
    total: weights + cache,
    everyTotal: weights + everyCache,
    token: (shape.layers * shape.kept * cache_bits) / 8,
    intensity: (batch * operations) / read,
    speed: batch / seconds,
  };
}

// Powers of two from the first on, and the last whatever it is: what a slider offers.
export function steps(first, last) {
  const below = [];
  for (let step = first; step < last; step *= 2) below.push(step);
  return [...below, last];
}

// The step whose size is nearest to a value, on a scale where doubling is one step.
export function nearest(offered, value) {
  const distances = offered.map((step) => Math.abs(Math.log(step / value)));
  return distances.indexOf(Math.min(...distances));
}

// Where marks stand on an axis of so many accelerators: at most eight, at 1, 2, 5, 10, 20 …
export function marksUpTo(end) {
  let step = 1;
  while (end / step > 8) step *= String(step).startsWith("2") ? 2.5 : 2;
  return Array.from({ length: Math.floor(end / step) }, (_, index) => (index + 1) * step);
}

// The three digits that count: 4, 0.0524, 42,100.
export const digits = (value) => grouped(value, { maximumSignificantDigits: 3 });

const scaled = (value, units, text) => {
  const [size, unit] = units.find(([size]) => value >= 0.9995 * size) ?? units.at(-1);
  const three = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }; // 15.0 GB, not 15 GB
  return fill(text[`in_${unit}`], { n: grouped(value / size, three) });
};

const BYTES = [[1e12, "TB"], [GB, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];
const COUNTS = [[1e12, "trillions"], [1e9, "billions"], [1e6, "millions"], [1, "ones"]];
const SECONDS = [[1, "s"], [1e-3, "ms"], [1e-6, "us"]];

export const bytesText = (value, text) => scaled(value, BYTES, text);
export const countText = (value, text) => scaled(value, COUNTS, text);
export const secondsText = (value, text) => scaled(value, SECONDS, text);
export const dollarsText = (value, text) => {
  const cents = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return fill(text.in_dollars, { n: value < 0.1 ? digits(value) : grouped(value, cents) });
};

const SETTINGS = ["context", "batch", "weight_bits", "cache_bits", "memory_gb", "bandwidth", "price_per_hour"];

const settingsOf = (model) => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));

// The chosen model as an object; the page keeps all of them as rows below one head.
function shapeOf(model) {
  const { fields, rows } = model.get("models");
  const row = rows.find((row) => row[fields.indexOf("name")] === model.get("preset"));
  return Object.fromEntries(fields.map((field, index) => [field, row[index]]));
}

// The list of models, with the families as headings.
function presetChoice(model, text) {
  const { fields, rows } = model.get("models");
  const [name, family, title] = ["name", "family", "title"].map((field) => fields.indexOf(field));
  const control = choice(model, "preset", { label: text.preset, options: rows.map((row) => [row[name], row[title]]) });
  const select = control.row.querySelector("select");
  const options = [...select.options];
  for (const label of new Set(rows.map((row) => row[family]))) {
    select.append(element("optgroup", { label }, ...options.filter((_, index) => rows[index][family] === label)));
  }
  return control;
}

// A slider whose positions are steps of a list, each about twice the one before.
function stepSlider(model, name, label, offered, say) {
  const onSteps = {
    get: () => nearest(offered(), model.get(name)),
    set: (_, index) => put(model, { [name]: offered()[index] }),
    save_changes() {},
  };
  const control = slider(onSteps, name, { label, min: 0, max: offered().length - 1, step: 1, say });
  const update = () => {
    control.row.querySelector("input").max = offered().length - 1;
    control.update();
  };
  return { row: control.row, update };
}

function numberChoice(model, name, label, pattern) {
  const options = model.get("choices")[name].map((n) => [n, fill(pattern, { n })]);
  return choice(model, name, { label, options });
}

// One bar: weights, then the cache after them, and marks across; the name above says the sum.
function newBar() {
  const [name, marks] = [element("div", { class: "me-name" }), element("div", { class: "me-marks" })];
  const parts = ["weights", "cache"].map((part) => element("span", { class: `me-${part}` }));
  const update = (words, sizes, end, counts, memory) => {
    name.textContent = words;
    parts.forEach((part, index) => (part.style.width = `${(100 * sizes[index]) / end}%`));
    marks.replaceChildren(...counts.map((n) => element("span", { style: `left: ${(100 * n * memory) / end}%` })));
  };
  return { nodes: [name, element("div", { class: "me-bar" }, ...parts, marks)], update };
}

function newPicture(text) {
  const bars = [newBar(), newBar()];
  const scale = element("div", { class: "me-scale" });
  const node = element("div", { class: "me-picture", role: "img" }, ...bars.flatMap((bar) => bar.nodes), scale);
  const axis = element("p", { class: "me-axis tool-note", "aria-hidden": "true" });
  const key = (part) => [element("span", { class: `me-key me-${part}` }), ` ${text[part]} `];
  const keys = element("p", { class: "me-keys", "aria-hidden": "true" }, ...key("weights"), ...key("cache"));
  const update = (found, words, memory) => {
    const end = 1.04 * Math.max(found.total, found.everyTotal, memory);
    const counts = marksUpTo(end / memory);
    const every = found.cache === found.everyCache ? text.bar_same : text.bar_every;
    bars[0].update(fill(text.bar, words), [found.weights, found.cache], end, counts, memory);
    bars[1].update(fill(every, words), [found.weights, found.everyCache], end, counts, memory);
    const short = (n) => grouped(n, n < 10000 ? {} : { notation: "compact" });
    const label = (n) => {
      const style = `left: ${(100 * n * memory) / end}%`;
      return element("span", { style }, fill(text.multiple, { n: short(n) }));
    };
    scale.replaceChildren(...counts.map(label));
    axis.textContent = fill(text.axis, words);
    node.setAttribute("aria-label", fill(text.picture, words));
  };
  return { nodes: [keys, node, axis], update };
}

const COSTS = ["operations", "read", "intensity", "time", "speed", "price"];

// Six questions with their answers, and folded below how each was found.
function newCosts(text) {
  const list = (kind) => {
    const cells = COSTS.map((name) => element("dd", { [`data-${kind}`]: name }));
    const rows = COSTS.map((name, index) => element("div", {}, element("dt", {}, text[name]), cells[index]));
    return { node: element("dl", { class: `me-${kind}s` }, ...rows), cells };
  };
  const [answers, ways] = [list("answer"), list("way")];
  const fold = element("details", { class: "tool-details" }, element("summary", {}, text.how), ways.node);
  const update = (words, maySpread) =>
    COSTS.forEach((name, index) => {
      const way = name === "read" && maySpread ? "read_sparse" : `${name}_how`;
      answers.cells[index].textContent = fill(text[`${name}_value`], words);
      ways.cells[index].textContent = fill(text[way], words);
    });
  return { nodes: [answers.node, fold], update };
}

function newTable(text) {
  const names = ["weights", "token", "cache", "total", "every", "memory"];
  const fixed = (value) => (value < 0.1 ? digits(value) : grouped(value, { minimumFractionDigits: 3 }));
  const texts = (size) => [grouped(size), fixed(size / GB), fixed(size / 2 ** 30)];
  let sizes;
  const table = foldedTable(() => ({
    summary: text.table,
    head: [text.part, text.bytes, text.gb, text.gib],
    rows: () => names.map((name) => [text[`row_${name}`], ...texts(sizes[name])]),
  }));
  const update = (found) => {
    sizes = found;
    table.update();
  };
  return { node: table.node, update };
}

// Where the cache is smaller than it could be, in sentences; what of the released model is not counted, last.
function savings(shape, words, text) {
  const shared = shape.kv_heads < shape.heads ? "grouped" : shape.kept < shape.every ? "latent" : "own";
  const sentences = [text[shared], shape.sees < shape.context && text.window, text[`left_out_${shape.family}`]];
  return fill(sentences.filter(Boolean).join(" "), words);
}

// What the holes of all sentences are filled with.
function wordsOf(shape, found, settings, text) {
  const { context, batch, weight_bits, memory_gb, bandwidth, price_per_hour } = settings;
  const length = { context: grouped(Math.min(context, shape.context)), batch: grouped(batch) };
  const exact = ["layers", "heads", "kv_heads", "kept", "pair", "sees"].map((name) => [name, grouped(shape[name])]);
  return {
    ...Object.fromEntries(exact),
    model: shape.title,
    multiplied: countText(shape.multiplied, text),
    bits: grouped(weight_bits),
    memory: grouped(memory_gb),
    bandwidth: grouped(bandwidth, { maximumFractionDigits: 20 }), // as typed
    hourly: dollarsText(price_per_hour, text),
    texts: fill(batch === 1 ? text.texts_one : text.texts_many, length),
    seen: grouped(found.seen),
    n: grouped(found.accelerators),
    weights: bytesText(found.weights, text),
    cache: bytesText(found.cache, text),
    total: bytesText(found.total, text),
    every_cache: bytesText(found.everyCache, text),
    every_total: bytesText(found.everyTotal, text),
    times: digits(found.everyCache / found.cache),
    operations: countText(found.operations, text),
    read_weights: bytesText(found.readWeights, text),
    read: bytesText(found.read, text),
    intensity: digits(found.intensity),
    time: secondsText(found.seconds, text),
    speed: digits(found.speed),
    price: dollarsText(found.price, text),
  };
}

function controlsOf(model, text) {
  const lengths = () => steps(256, shapeOf(model).context);
  const longest = () => grouped(Math.min(model.get("context"), shapeOf(model).context));
  return [
    presetChoice(model, text),
    stepSlider(model, "context", text.context, lengths, longest),
    stepSlider(model, "batch", text.batch, () => steps(1, 256), () => grouped(model.get("batch"))),
  ];
}

const sizesOf = (model, text) => [
  numberChoice(model, "weight_bits", text.weight_bits, text.bits),
  numberChoice(model, "cache_bits", text.cache_bits, text.bits),
  numberChoice(model, "memory_gb", text.memory_gb, text.in_GB),
];

const assumptionsOf = (model, text) => [
  numberBox(model, "bandwidth", { label: text.bandwidth, min: 0.001, max: 1000 }),
  numberBox(model, "price_per_hour", { label: text.price_per_hour, min: 0, max: 100000 }),
];

const rowsOf = (controls) => controls.map((control) => control.row);

function render({ model, el }) {
  const text = model.get("labels");
  const [controls, sizes, assumed] = [controlsOf, sizesOf, assumptionsOf].map((make) => make(model, text));
  const [picture, costs, table] = [newPicture(text), newCosts(text), newTable(text)];
  const status = element("p", { class: "tool-status", role: "status" });
  const saved = element("p", { class: "me-saved" });
  const note = (words) => element("p", { class: "tool-note" }, words);
  const box = toolBox(
    "memory-explorer",
    text.name,
    ...rowsOf(controls),
    element("div", { class: "me-sizes" }, ...rowsOf(sizes)),
    status,
    ...[...picture.nodes, saved, note(text.caveat), table.node],
    element("p", { class: "me-title" }, text.cost),
    element("div", { class: "me-assumed" }, ...rowsOf(assumed)),
    ...[note(text.assumed), ...costs.nodes],
  );

  function paint() {
    const [shape, settings] = [shapeOf(model), settingsOf(model)];
    const found = needs(shape, settings);
    const words = wordsOf(shape, found, settings, text);
    const memory = settings.memory_gb * GB;
    say(status, fill(found.accelerators === 1 ? text.fits : text.needs, words));
    saved.textContent = savings(shape, words, text);
    picture.update(found, words, memory);
    costs.update(words, shape.is_sparse && settings.batch > 1);
    table.update({ ...found, every: found.everyCache, memory });
    [...controls, ...sizes, ...assumed].forEach((control) => control.update());
    [box.dataset.weights, box.dataset.cache] = [found.weights, found.cache];
  }
  el.append(box);
  paint();
  return follow(model, ["preset", ...SETTINGS], paint);
}

export default { render };
