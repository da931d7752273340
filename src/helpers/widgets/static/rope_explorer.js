// The RoPE explorer: every pair of coordinates is a dial, and its hands turn by position times frequency.
// The score of a query and a key is the mean cosine between their hands, so only their distance counts. A ring shows
// which angles between the hands training has seen; scaling rules turn slower, to stay inside.

import { choice, element, fill, follow, slider, svgElement, tableOf, toolBox } from "./dom.js";
import { attentionFactor, frequenciesOf, meanAround, pairsOf, RULES, scoreAt, TURN } from "./rope.js";

// ---------------------------------------------------------------- words

const whole = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
const short = (value) => value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
const exact = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });
const decimals = (value) => (Math.abs(value) < 0.0005 ? "0.000" : value.toFixed(3).replace("-", "−"));
const ratioText = (ratio) => (ratio < 99.95 ? ratio.toFixed(1) : whole(ratio));
const shiftText = (shift) => `${shift < 0 ? "−" : "+"}${whole(Math.abs(shift))}`;
const isSlowed = ({ ratio }) => ratio > 1.005;

// ---------------------------------------------------------------- dials

const spot = (angle, radius) => `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;

// An arc from one angle on, clockwise as on a clock (backwards if `by` is negative).
function arc(from, by, radius) {
  const half = Math.max(-Math.PI, Math.min(Math.PI, by / 2));
  const step = (angle) => `A${radius} ${radius} 0 0 ${by < 0 ? 0 : 1} ${spot(angle, radius)}`;
  return `M${spot(from, radius)}${step(from + half)}${step(from + 2 * half)}`;
}

function dial(text) {
  const part = (tag, name, attributes = {}) => svgElement(tag, { class: `rx-${name}`, ...attributes });
  const parts = {
    wedge: part("path", "wedge"),
    ring: part("path", "ring"),
    key: part("path", "key"),
    query: part("path", "query"),
    turn: element("span", { class: "rx-turn" }),
    slowed: element("span", { class: "rx-slowed" }),
    fresh: element("span", { class: "rx-new" }, text.new),
  };
  const face = part("circle", "face", { r: 29 });
  const hub = part("circle", "hub", { r: 2.6 });
  const picture = svgElement("svg", { viewBox: "-33 -33 66 66" });
  picture.append(face, parts.wedge, parts.ring, parts.key, parts.query, hub);
  const caption = element("div", { class: "rx-caption" }, parts.turn, parts.slowed, parts.fresh);
  return { ...parts, node: element("div", { class: "rx-dial" }, picture, caption) };
}

function paintDial(parts, pair, { query_position, key_position }, text) {
  const [query, key] = [query_position, key_position].map((position) => (position * pair.speed) % TURN);
  const sense = query_position < key_position ? -1 : 1;
  parts.ring.setAttribute("d", arc(key, sense * pair.seen, 29));
  parts.wedge.setAttribute("d", `${arc(key, sense * pair.angle, 25)}L0 0Z`);
  parts.query.setAttribute("d", `M0 0L${spot(query, 25)}`);
  parts.key.setAttribute("d", `M0 0L${spot(key, 18)}`);
  parts.turn.textContent = short(TURN / pair.speed);
  parts.slowed.textContent = isSlowed(pair) ? fill(text.slowed, { ratio: ratioText(pair.ratio) }) : "";
  parts.node.classList.toggle("rx-is-new", pair.isNew);
  Object.assign(parts.node.dataset, { wavelength: TURN / pair.speed, angle: pair.angle });
}

function legendOf(text, ...names) {
  const entries = names.map((name) => element("span", { class: `rx-entry rx-entry-${name}` }, text[name]));
  return element("p", { class: "rx-legend tool-note", "aria-hidden": "true" }, ...entries);
}

// ---------------------------------------------------------------- the curve

// The distances at which the curve is drawn: all of them, or eight in a row for each of its columns.
export function distancesOf(span, columns) {
  if (span <= 8 * columns) return Array.from({ length: span + 1 }, (_, distance) => distance);
  const starts = Array.from({ length: columns }, (_, column) => Math.floor((column * span) / columns));
  return starts.flatMap((start) => Array.from({ length: 8 }, (_, more) => start + more)).concat(span);
}

const HIGH = 158, LEFT = 30, RIGHT = 6, TOP = 24, FLOOR = HIGH - 34;

// Over how many distances the thick line averages.
const windowOf = ({ trained_length }, span) => Math.max(2, Math.round(trained_length / 4), Math.round(span / 100));

// The whole curve anew: `width` in pixels, so that letters keep their size on a phone.
function curve(width, settings, span, distance, text) {
  const frequencies = frequenciesOf(settings), sharpening = attentionFactor(settings) ** 2;
  const distances = distancesOf(span, width - LEFT);
  const scores = distances.map((at) => scoreAt(at, frequencies, sharpening));
  const least = Math.min(-0.25, Math.floor(4 * scores.reduce((a, b) => Math.min(a, b))) / 4);
  const x = (at) => LEFT + ((width - LEFT - RIGHT) * at) / span;
  const y = (score) => TOP + ((FLOOR - TOP) * (sharpening - score)) / (sharpening - least);
  const steps = Array.from({ length: 201 }, (_, i) => (i * span) / 200);
  const line = (name, points, score) => svgElement("path", {
    class: `rx-${name}`, d: `M${points.map((at, i) => `${x(at).toFixed(1)} ${y(score(at, i)).toFixed(1)}`).join("L")}`,
  });
  const trend = (name, speeds, sharp) => line(name, steps, (at) => meanAround(at, speeds, sharp, windowOf(settings, span)));
  const words = (at, high, anchor, content) => svgElement("text", { x: at, y: high, "text-anchor": anchor }, content);
  const rule = (name, x1, y1, x2, y2) => svgElement("line", { class: `rx-${name}`, x1, y1, x2, y2 });
  const [end, now, most] = [x(settings.trained_length), x(distance), width - RIGHT];
  return [
    svgElement("rect", { class: "rx-unseen", x: end, y: TOP, width: most - end, height: FLOOR - TOP }),
    rule("zero", LEFT, y(0), most, y(0)),
    line("line", distances, (_, i) => scores[i]),
    ...(settings.scaling === "none" ? [] : [trend("plain", frequenciesOf({ ...settings, scaling: "none" }), 1)]),
    trend("trend", frequencies, sharpening),
    rule("trained", LEFT, FLOOR + 2, end, FLOOR + 2),
    words(0, 12, "start", text.score),
    words(Math.max(end + 6, LEFT + 14), 17, "start", text.unseen),
    words(LEFT - 6, y(sharpening) + 4, "end", sharpening.toFixed(1)),
    words(LEFT - 6, y(0) + 4, "end", "0"),
    words(end, FLOOR + 18, "middle", whole(settings.trained_length)),
    words(most, FLOOR + 18, "end", whole(span)),
    words(most, HIGH - 2, "end", text.axis),
    rule("now", now, TOP, now, FLOOR),
    svgElement("circle", { class: "rx-dot", cx: now, cy: y(scoreAt(distance, frequencies, sharpening)), r: 5.5 }),
  ];
}

// ---------------------------------------------------------------- tables

function dialRows(pairs, settings, text) {
  return pairs.map((pair, index) => [
    index,
    exact(TURN / pair.speed),
    pair.ratio.toFixed(2),
    (pair.seen / TURN).toFixed(2),
    fill(text.degrees, { angle: ((360 * pair.angle) / TURN).toFixed(0) }),
    pair.isNew ? text.no : text.yes,
  ]);
}

function curveRows(settings, span, text) {
  const { trained_length } = settings;
  const shares = [0, 1 / 64, 1 / 16, 1 / 4, 1 / 2, 1].map((share) => Math.round(share * trained_length));
  const distances = [...new Set([...shares, 2 * trained_length, 3 * trained_length, span])];
  const frequencies = frequenciesOf(settings), sharpening = attentionFactor(settings) ** 2;
  return distances.map((at) => [
    whole(at), decimals(scoreAt(at, frequencies, sharpening)), at < trained_length ? text.yes : text.no,
  ]);
}

// A folded table whose rows can be changed while it is open.
function livingTable(summary, head) {
  const node = tableOf(summary, head, []);
  const table = (within) => within.querySelector("table");
  return { node, update: (rows) => table(node).replaceWith(table(tableOf(summary, head, rows))) };
}

// ---------------------------------------------------------------- the view

const SETTINGS = ["query_position", "key_position", "d_head", "base", "scaling", "factor", "trained_length"];
const BASES = [500, 10_000, 100_000, 500_000, 1_000_000];

// A list of bases that has the present one among them, wherever it came from.
function baseChoice(model, text) {
  const bases = [...new Set([...BASES, model.get("base")])].sort((a, b) => a - b);
  return choice(model, "base", { label: text.base, options: bases.map((base) => [base, exact(base)]) });
}

// What the reader found: which dials show an angle that training never showed.
function finding(settings, pairs, distance, text) {
  const count = (those, property) => those.filter((pair) => pair[property]).length;
  const { scaling, factor, trained_length } = settings;
  const pattern = distance < trained_length ? text.within : scaling === "none" ? text.beyond : text.beyond_scaled;
  return fill(pattern, {
    slow: count(pairs, "isSlow"),
    n: pairs.length,
    length: whole(trained_length),
    distance: whole(distance),
    unscaled: count(pairsOf({ ...settings, scaling: "none" }), "isNew"),
    new: count(pairs, "isNew"),
    rule: text[scaling],
    factor: exact(factor),
  });
}

function render({ model, el }) {
  const text = model.get("labels");
  const now = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const distanceOf = ({ query_position, key_position }) => Math.abs(query_position - key_position);

  // Two traits change at once, and one painting answers both.
  let isMoving = false;
  function moveTo(query, key) {
    isMoving = true;
    model.set("query_position", query);
    model.set("key_position", key);
    isMoving = false;
    model.save_changes();
    paint();
  }
  // To a slider, both positions are one value: the lower of them.
  const together = {
    get: () => Math.min(model.get("query_position"), model.get("key_position")),
    set(_, value) {
      const shift = value - together.get();
      moveTo(model.get("query_position") + shift, model.get("key_position") + shift);
    },
    save_changes: () => {},
  };

  const range = { min: 0, step: 1, max: 0, say: whole };
  const query = slider(model, "query_position", { ...range, label: text.query });
  const key = slider(model, "key_position", { ...range, label: text.key });
  const both = slider(together, "both", { ...range, label: text.both, say: (value) => shiftText(value - still.at) });
  const rulesByName = Object.keys(RULES).map((rule) => [rule, text[rule]]);
  const scaling = choice(model, "scaling", { label: text.scaling, options: rulesByName });
  const factor = slider(model, "factor", { label: text.factor, min: 1, max: 8, step: 0.5 });
  let base = baseChoice(model, text);

  const status = element("p", { class: "tool-status", role: "status" });
  const found = element("p", { class: "rx-found", role: "status" });
  const note = element("p", { class: "tool-note" });
  const dials = element("div", { class: "rx-dials", role: "img" });
  const plot = svgElement("svg", { class: "rx-curve", role: "img" });
  const legend = legendOf(text, "query_hand", "key_hand", "seen", "turn", "slower");
  const lines = legendOf(text, "line", "trend", "plain");
  const headOfDials = [text.pair, text.wavelength, text.ratio, text.turns, text.angle, text.is_seen];
  const dialTable = livingTable(text.dials_table, headOfDials);
  const curveTable = livingTable(text.curve_table, [text.distance, text.score, text.is_seen]);

  let faces = [];
  let span = 0;
  let still = {}; // since when nothing but both positions together has moved, and from where

  function notice({ query_position, key_position, ...others }) {
    const rest = JSON.stringify([query_position - key_position, others]);
    if (still.rest !== rest) still = { rest, at: together.get() };
  }

  function paintControls(settings) {
    const { query_position, key_position, trained_length } = settings;
    const distance = distanceOf(settings);
    span = Math.ceil(Math.max(trained_length * Math.max(4, settings.factor), distance));
    const limits = [[query, span], [key, span], [both, Math.max(span, query_position, key_position) - distance]];
    for (const [control, most] of limits) control.row.querySelector("input").max = most;
    if (![...base.row.querySelectorAll("option")].some((option) => Number(option.value) === settings.base)) {
      const extended = baseChoice(model, text);
      base.row.replaceWith(extended.row);
      base = extended;
    }
    factor.row.querySelector("input").disabled = settings.scaling === "none";
    [query, key, both, base, scaling, factor].forEach((control) => control.update());
  }

  function paintDials(settings, pairs) {
    if (faces.length !== pairs.length) {
      faces = pairs.map(() => dial(text));
      dials.replaceChildren(...faces.map((face) => face.node));
      dials.classList.toggle("rx-are-many", pairs.length > 8);
    }
    faces.forEach((face, index) => paintDial(face, pairs[index], settings, text));
    legend.lastChild.hidden = !pairs.some(isSlowed);
    lines.children[1].textContent = fill(text.trend, { window: whole(windowOf(settings, span)) });
    lines.lastChild.hidden = settings.scaling === "none";
  }

  function paintWords(settings, pairs, distance) {
    const sharpening = attentionFactor(settings) ** 2;
    const value = scoreAt(distance, pairs.map((pair) => pair.speed), sharpening);
    const shift = together.get() - still.at;
    const words = {
      distance: whole(distance), score: decimals(value), shift: shiftText(shift), span: whole(span),
      length: whole(settings.trained_length),
    };
    status.textContent = fill(shift ? text.status_moved : text.status, words);
    Object.assign(status.dataset, { score: value, distance });
    found.textContent = finding(settings, pairs, distance, text);
    note.textContent = fill(sharpening === 1 ? text.note : text.note_sharpened, { sharpening: sharpening.toFixed(2) });
    dials.setAttribute("aria-label", `${fill(text.dials, { n: pairs.length })} ${found.textContent}`);
    plot.setAttribute("aria-label", fill(text.curve, words));
  }

  function paintCurve() {
    const settings = now();
    const width = plot.clientWidth || 600;
    plot.setAttribute("viewBox", `0 0 ${width} ${HIGH}`);
    plot.replaceChildren(...curve(width, settings, span, distanceOf(settings), text));
  }

  function paint() {
    if (isMoving) return;
    const settings = now();
    const pairs = pairsOf(settings);
    notice(settings);
    paintControls(settings);
    paintDials(settings, pairs);
    paintWords(settings, pairs, distanceOf(settings));
    paintCurve();
    dialTable.update(dialRows(pairs, settings, text));
    curveTable.update(curveRows(settings, span, text));
  }

  // A finger on the curve chooses the distance; the key gives way where the query could not go further.
  function pick(event) {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    const distance = Math.round(span * Math.min(1, Math.max(0, share)));
    const from = Math.min(model.get("key_position"), span - distance);
    moveTo(from + distance, from);
  }
  plot.addEventListener("pointerdown", pick);
  plot.addEventListener("pointermove", pick);

  const positions = element("div", { class: "rx-positions" }, query.row, key.row, both.row);
  const rules = element("div", { class: "rx-rules" }, scaling.row, factor.row, base.row);
  const parts = [positions, status, dials, legend, found, rules, plot, lines, note, dialTable.node, curveTable.node];
  el.append(toolBox("rope-explorer", text.name, ...parts));

  const unfollow = follow(model, SETTINGS, paint);
  const sized = new ResizeObserver(paintCurve);
  sized.observe(plot);
  paint();
  return () => {
    unfollow();
    sized.disconnect();
  };
}

export default { render };
