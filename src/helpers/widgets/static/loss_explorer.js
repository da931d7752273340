// The loss explorer: runs of training against the losses one already knows. A cursor reads all runs at one step; the
// same loss can be said in nats, in bits, as a perplexity, or as what is left above the floor.
// Everything is computed here, so it works without a kernel.

import {
  choice, element, fill, foldedTable, follow, put, say, slider, svgElement, toolBox,
} from "./dom.js";
import {
  DASHES, drawCrossings, drawCursor, drawGrid, drawLabels, drawLevel, drawRun, frameOf, inRole, labelsOf,
  scalesOf,
} from "./loss_chart.js";
import { digits, inUnit, lossAt, movingAverage, nearest, UNIT_NAMES } from "./loss_curves.js";
import { notes, sentences, tableOfRuns } from "./loss_sentences.js";

const CLOSE = 24; // pixels within which a press picks a line
const MOVES = {
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity,
};

// What the traits say, with every curve smoothed; `run` is the one that the sentence is about, and always drawn.
function sceneOf(model) {
  const [unit, window, levels, shown] = ["unit", "smoothing", "levels", "shown"].map((name) => model.get(name));
  const floor = levels.find((level) => level.name === "floor")?.nats;
  const runs = model.get("runs").map((run, index) => {
    return { ...run, smooth: movingAverage(run.steps, run.losses, window), dash: DASHES[index % DASHES.length] };
  });
  const run = runs.find(({ name }) => name === model.get("run"));
  const drawn = runs.filter((one) => one === run || shown.includes(one.name));
  const written = (nats) => digits(inUnit(nats, unit, floor));
  const isLog = model.get("is_log");
  return { unit, window, isLog, levels, floor, runs, drawn, run, written, text: model.get("labels") };
}

function tickBox(name, change, ...content) {
  const input = element("input", { type: "checkbox", "data-control": name });
  input.addEventListener("change", () => change(input.checked));
  return { input, node: element("label", { class: "le-tick" }, input, ...content) };
}

function sample({ is_recorded, color }, dash) {
  const kind = `le-line ${is_recorded ? "le-recorded" : ""}`;
  const line = svgElement("path", { class: kind, d: "M1 5H33", "stroke-dasharray": dash });
  return inRole(svgElement("svg", { class: "le-sample", viewBox: "0 0 34 10", "aria-hidden": "true" }, line), color);
}

function legendOf(model, text) {
  const runs = model.get("runs");
  const names = runs.map((run) => run.name);
  const isShown = (name) => model.get("shown").includes(name);
  const ticks = runs.map((run, index) => {
    const chosen = (isOn) => names.filter((name) => (name === run.name ? isOn : isShown(name)));
    const toggle = (isOn) => put(model, { shown: chosen(isOn) });
    return tickBox(`shown-${index}`, toggle, sample(run, DASHES[index % DASHES.length]), run.name);
  });
  const node = element("div", { class: "le-legend", role: "group", "aria-label": text.runs });
  node.append(...ticks.map((tick) => tick.node));
  const update = () => ticks.forEach(({ input }, index) => (input.checked = isShown(names[index])));
  return { node, update };
}

function controlsOf(model, text) {
  const runs = model.get("runs");
  const hasFloor = model.get("levels").some((level) => level.name === "floor");
  const units = UNIT_NAMES.filter((unit) => unit !== "gap" || hasFloor);
  const most = Math.max(10, Math.floor(Math.max(...runs.map((run) => run.steps.at(-1))) / 6));
  const steps = (n) => (n > 1 ? String(n) : text.off);
  const controls = [
    choice(model, "run", { label: text.run, options: runs.map((run) => run.name) }),
    choice(model, "unit", { label: text.unit, options: units.map((unit) => [unit, text[`unit_${unit}`]]) }),
    slider(model, "smoothing", { label: text.smoothing, min: 1, max: most, step: 1, say: steps }),
  ];
  controls[0].row.hidden = runs.length < 2;
  const log = tickBox("is_log", (isOn) => put(model, { is_log: isOn }), text.is_log);
  const node = element("div", { class: "le-controls" }, ...controls.map((control) => control.row), log.node);
  const update = () => {
    controls.forEach((control) => control.update());
    log.input.checked = model.get("is_log");
  };
  return { node, update };
}

// Choosing a hidden run shows it; hiding the chosen one chooses another, and the last one stays.
function agree(model, leading) {
  const [shown, run] = [model.get("shown"), model.get("run")];
  if (shown.includes(run)) return;
  if (leading === "run" || !shown.length) put(model, { shown: [...shown, run] });
  else put(model, { run: shown[0] });
}

const within = (value, most) => Math.min(most, Math.max(0, value));

// The picture, the cursor in it, and the slider below it.
function chartNodes(text) {
  const [svg, hand] = [svgElement("svg", { class: "le-chart", role: "img" }), svgElement("g", { class: "le-cursor" })];
  const range = { type: "range", min: 0, max: 1000 }; // places along the axis, so that it may be logarithmic
  const rail = element("input", { ...range, class: "le-rail", "data-control": "step", "aria-label": text.step });
  return { svg, hand, rail, place: element("div", { class: "le-place" }, svg, rail) };
}

const widthOf = ({ place }) => Math.max(220, place.clientWidth);

// Draws everything but the cursor, and gives where it lies.
function drawChart({ svg, hand, rail, place }, scene) {
  const width = widthOf({ place });
  const labels = labelsOf(scene, width);
  const frame = frameOf(width, labels);
  const scales = scalesOf(scene, frame);
  svg.setAttribute("viewBox", `0 0 ${width} ${frame.bottom + 38}`);
  const depth = (run) => (run === scene.run ? 2 : run.is_recorded ? 0 : 1);
  const backToFront = [...scene.drawn].sort((a, b) => depth(a) - depth(b));
  svg.replaceChildren(
    drawGrid(scene, scales, frame),
    ...scene.levels.filter(({ nats }) => nats >= scales.nats[0]).map((level) => drawLevel(level, scales, frame)),
    ...backToFront.map((run) => drawRun(run, run === scene.run, scales)),
    ...drawLabels(labels, scales, frame),
    drawCrossings(scene, scales),
    hand,
  );
  rail.style.marginLeft = `${frame.left - 8}px`; // the thumb, 16 pixels wide, stands below the cursor
  rail.style.width = `${frame.right - frame.left + 16}px`;
  return { frame, scales };
}

// The cursor at a place among the chosen run's steps, with what it finds as the picture's name.
function drawHand({ svg, hand, rail }, { scene, scales, frame }, index, finding) {
  const [step, nats] = [scene.run.steps[index], scene.run.smooth[index]];
  hand.replaceChildren(...drawCursor(scene, step, scales, frame));
  rail.value = 1000 * scales.shareOf(step);
  rail.setAttribute("aria-valuetext", fill(scene.text.at_step, { step, value: scene.written(nats) }));
  svg.setAttribute("aria-label", fill(scene.text.chart, { finding }));
}

// The name of the run whose line is under a pointer, if one is.
function runUnder({ clientY }, svg, { scene, scales }, step) {
  const height = clientY - svg.getBoundingClientRect().top;
  const lossOf = (run) => lossAt(run.steps, run.smooth, step) ?? Infinity;
  const distance = (run) => Math.abs(scales.y(lossOf(run)) - height);
  const closest = scene.drawn.reduce((best, run) => (distance(run) < distance(best) ? run : best));
  return distance(closest) < CLOSE ? closest.name : undefined;
}

// Pointer, slider and keys move the cursor; a press also picks a run. `view` gives what is drawn now.
function steer(model, { svg, rail }, view) {
  const goTo = (index) => {
    const { steps } = view().scene.run;
    put(model, { step: steps[within(index, steps.length - 1)] });
  };
  const goToShare = (share) => goTo(nearest(view().scene.run.steps, view().scales.stepAt(within(share, 1))));
  const point = ({ clientX }) => {
    const { left, right } = view().frame;
    goToShare((clientX - svg.getBoundingClientRect().left - left) / (right - left));
  };
  svg.addEventListener("pointermove", (event) => (event.pointerType === "mouse" || event.buttons) && point(event));
  svg.addEventListener("pointerdown", (event) => {
    point(event);
    const run = runUnder(event, svg, view(), model.get("step"));
    if (run !== undefined) put(model, { run });
  });
  rail.addEventListener("input", () => goToShare(rail.value / 1000));
  rail.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab's shortcuts must not eat the arrows
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    goTo(nearest(view().scene.run.steps, model.get("step")) + MOVES[event.key]);
  });
}

function render({ model, el }) {
  const text = model.get("labels");
  const [legend, controls, nodes] = [legendOf(model, text), controlsOf(model, text), chartNodes(text)];
  const [status, among] = ["tool-status", "le-among"].map((name) => element("p", { class: name, role: "status" }));
  const note = element("p", { class: "le-note tool-note" });
  let view; // {scene, frame, scales}
  const table = foldedTable(() => tableOfRuns(view.scene));
  const parts = [legend.node, nodes.place, status, among, note, controls.node, table.node];
  el.append(toolBox("loss-explorer", text.name, ...parts));
  steer(model, nodes, () => view);

  function moveCursor() {
    const { run, unit, floor } = view.scene;
    const index = nearest(run.steps, model.get("step"));
    const lines = sentences(view.scene, run.steps[index], run.smooth[index]);
    drawHand(nodes, view, index, lines.join(" "));
    [status, among].forEach((region, line) => say(region, lines[line]));
    put(model, { value: Number(inUnit(run.smooth[index], unit, floor).toFixed(5)) });
  }
  function drawScene(scene) {
    view = { scene, ...drawChart(nodes, scene) };
    moveCursor();
  }
  function drawAll() {
    drawScene(sceneOf(model));
    [legend, controls, table].forEach((part) => part.update());
    note.textContent = notes(view.scene);
  }
  const agreeing = (leading) => () => {
    agree(model, leading);
    drawAll();
  };
  const unfollow = [
    ...["run", "shown"].map((leading) => follow(model, [leading], agreeing(leading))),
    follow(model, ["unit", "smoothing", "is_log"], drawAll),
    follow(model, ["step"], moveCursor),
  ];
  const resized = new ResizeObserver(() => view.frame.width !== widthOf(nodes) && drawScene(view.scene));
  agreeing("run")();
  resized.observe(nodes.place);
  return () => {
    resized.disconnect();
    unfollow.forEach((end) => end());
  };
}

export default { render };
