// The picture of loss curves: scales, grid, levels and runs with their names at the right ends, cursor.
// Heights are taken from nats, whatever the unit: nats, bits and perplexity are three rulers along one picture.

import { fill, svgElement } from "./dom.js";
import { firstBelow, inUnit, linearTicks, logTicks, lossAt, spread } from "./loss_curves.js";

export const DASHES = ["", "10 4", "2.5 3", "10 3 2.5 3", "16 4", "6 3 2 3 2 3"];
const LINE_HEIGHT = 15;

// The colour of a role; the style sheet mixes some ink into it.
export const inRole = (node, color) => (node.style.setProperty("--role", color), node);

// A level's name where there is little room; one of the reader's own has no other.
export const markOf = ({ name }, text) => text[`mark_${name}`] ?? name;

const pathOf = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
const clipped = (name, n) => ([...name].length > n ? `${[...name].slice(0, n - 1).join("")}…` : name);

// Where the picture's parts lie at a width in pixels: letters keep their size, so a narrow picture has less else.
export function frameOf(width, labels) {
  const widest = labels.reduce((most, { label, isRun }) => Math.max(most, [...label].length * (isRun ? 7.4 : 6.6)), 0);
  return { left: 34, top: 24, bottom: width < 460 ? 230 : 300, right: width - 16 - widest, width };
}

// From steps and nats to pixels. All runs count, drawn or not, so the axes stay when one is hidden.
export function scalesOf({ runs, levels, floor, unit, isLog }, frame) {
  const ends = runs.flatMap(({ steps }) => [steps[0], steps.at(-1)]);
  const along = isLog ? (step) => Math.log(Math.max(step, 1)) : (step) => step;
  const steps = [isLog ? Math.max(1, Math.min(...ends)) : 0, Math.max(...ends, 1)];
  const [first, span] = [along(steps[0]), along(steps[1]) - along(steps[0]) || 1];
  const [low, high] = natsRange([...runs.flatMap((run) => run.smooth), ...levels.map(({ nats }) => nats)], unit, floor);
  const up = unit === "gap" ? (nats) => Math.log(Math.max(nats, low) - floor) : (nats) => nats;
  return {
    x: (step) => frame.left + ((along(step) - first) / span) * (frame.right - frame.left),
    y: (nats) => frame.bottom - ((up(nats) - up(low)) / (up(high) - up(low))) * (frame.bottom - frame.top),
    stepAt: (share) => (isLog ? Math.exp(first + share * span) : first + share * span),
    shareOf: (step) => (along(step) - first) / span,
    steps,
    nats: [low, high],
  };
}

// The ends of the axis. Above the floor it is logarithmic, so it begins at the smallest gap that is one.
function natsRange(losses, unit, floor) {
  const high = losses.reduce((most, nats) => Math.max(most, nats), 0) * 1.03 || 1;
  if (unit !== "gap") return [0, high];
  const gaps = losses.map((nats) => nats - floor).filter((gap) => gap > (high - floor) / 1000);
  return [floor + gaps.reduce((least, gap) => Math.min(least, gap), high - floor) / 1.3, high];
}

const NATS_OF = {
  nats: (tick) => tick,
  bits: (tick) => tick * Math.LN2,
  perplexity: (tick) => Math.log(tick),
  gap: (tick, floor) => tick + floor,
};

// The marks of the loss axis as [nats, what stands there].
function marks({ unit, floor }, ends, count) {
  const ticks = unit === "perplexity" || unit === "gap" ? logTicks : linearTicks;
  const written = (tick) => (tick < 1e5 ? String(tick) : tick.toExponential());
  const [low, high] = ends.map((nats) => inUnit(nats, unit, floor));
  return ticks(low, high, count).map((tick) => [NATS_OF[unit](tick, floor), written(tick)]);
}

export function drawGrid(scene, { x, y, steps, nats }, { left, right, top, bottom }) {
  const node = svgElement("g", { class: "le-grid" });
  for (const [height, name] of marks(scene, nats, (bottom - top) / 28)) {
    node.append(svgElement("line", { x1: left, x2: right, y1: y(height), y2: y(height) }));
    node.append(svgElement("text", { x: left - 6, y: y(height) + 4, "text-anchor": "end" }, name));
  }
  for (const step of (scene.isLog ? logTicks : linearTicks)(...steps, (right - left) / 48)) {
    node.append(svgElement("line", { x1: x(step), x2: x(step), y1: bottom, y2: bottom + 4 }));
    node.append(svgElement("text", { x: x(step), y: bottom + 17, "text-anchor": "middle" }, String(step)));
  }
  node.append(svgElement("text", { x: 0, y: 12 }, scene.text[`axis_${scene.unit}`]));
  node.append(svgElement("text", { x: right, y: bottom + 34, "text-anchor": "end" }, scene.text.step));
  return node;
}

// A run's line; behind the chosen one, pale, what smoothing took away.
export function drawRun(run, isChosen, { x, y }) {
  const line = (losses, kind) => {
    const d = pathOf(run.steps.map((step, index) => [x(step), y(losses[index])]));
    return svgElement("path", { class: `le-line ${kind}`, d, "stroke-dasharray": run.dash });
  };
  const kind = `${run.is_recorded ? "le-recorded" : ""} ${isChosen ? "le-chosen" : ""}`;
  const node = svgElement("g", { "data-run": run.name }, line(run.smooth, kind));
  const isSmoothed = run.smooth.some((loss, index) => loss !== run.losses[index]);
  if (isChosen && isSmoothed) node.prepend(line(run.losses, "le-raw"));
  return inRole(node, run.color);
}

export function drawLevel({ name, nats, color }, { y }, { left, right }) {
  const at = { x1: left, x2: right, y1: y(nats), y2: y(nats), "data-level": name };
  return inRole(svgElement("line", { class: `le-level ${name === "floor" ? "le-floor" : ""}`, ...at }), color);
}

// What is named at its right end: levels (on a phone without their values), one's own runs, and the chosen one.
export function labelsOf({ levels, drawn, run, written, unit, text }, width) {
  const [isNarrow, most] = width < 460 ? [true, 10] : [false, 17];
  const arrow = ({ name }) => (unit === "gap" && name === "floor" ? "↓ " : ""); // zero lies infinitely far down
  const fixed = levels.map((level) => {
    const [{ nats, color }, name] = [level, clipped(markOf(level, text), most)];
    const label = isNarrow ? name : fill(text.level_value, { level: name, value: written(nats) });
    return { label: arrow(level) + label, nats, color, step: Infinity };
  });
  const own = drawn.filter((one) => !one.is_recorded || one === run).map(({ name, steps, smooth, color }) => {
    return { label: clipped(name, most), nats: smooth.at(-1), color, step: steps.at(-1), isRun: true };
  });
  return [...fixed, ...own];
}

export function drawLabels(labels, { x, y }, { right, top, bottom }) {
  const places = spread(labels.map(({ nats }) => y(nats)), LINE_HEIGHT, top, bottom + 3);
  return labels.map(({ nats, step, label, color, isRun }, index) => {
    const d = pathOf([[Math.min(right, x(step)), y(nats)], [right, y(nats)], [right + 9, places[index]]]);
    const name = svgElement("text", { x: right + 12, y: places[index] + 4, class: isRun ? "le-own" : "" }, label);
    return inRole(svgElement("g", {}, svgElement("path", { class: "le-leader", d }), name), color);
  });
}

// The levels that a run was above at first and below later, with the first step below.
export const crossings = ({ steps, smooth }, levels) =>
  levels
    .filter(({ name, nats }) => name !== "floor" && smooth[0] >= nats)
    .map((level) => ({ level, step: firstBelow(steps, smooth, level.nats) }))
    .filter(({ step }) => step !== null);

export function drawCrossings({ run, levels }, { x, y }) {
  const rings = crossings(run, levels).map(({ step }) => {
    return svgElement("circle", { class: "le-ring", r: 5, cx: x(step), cy: y(lossAt(run.steps, run.smooth, step)) });
  });
  return svgElement("g", {}, ...rings);
}

export function drawCursor({ drawn, run }, step, { x, y }, { top, bottom }) {
  const dots = drawn.map((one) => [one, lossAt(one.steps, one.smooth, step)]).filter(([, nats]) => nats !== null);
  const circles = dots.map(([one, nats]) => {
    return inRole(svgElement("circle", { r: one === run ? 6 : 3.5, cx: x(step), cy: y(nats) }), one.color);
  });
  return [svgElement("line", { x1: x(step), x2: x(step), y1: top, y2: bottom }), ...circles];
}
