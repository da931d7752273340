// The loss explorer: runs of training against the losses one already knows. A cursor reads all runs at one step; the
// same loss can be said in nats, in bits, as a perplexity, or as what is left above the floor.
// Everything is computed here, so it works without a kernel.

import { choice, element, fill, foldedTable, follow, slider, svgElement, toolBox } from "./dom.js";
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
  const say = (nats) => digits(inUnit(nats, unit, floor));
  const isLog = model.get("is_log");
  return { unit, window, isLog, levels, floor, runs, drawn, run, say, text: model.get("labels") };
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

function legendOf(model, put, text) {
  const runs = model.get("runs");
  const names = runs.map((run) => run.name);
  const isShown = (name) => model.get("shown").includes(name);
  const ticks = runs.map((run, index) => {
    const toggle = (isOn) => put("shown", names.filter((name) => (name === run.name ? isOn : isShown(name))));
    return tickBox(`shown-${index}`, toggle, sample(run, DASHES[index % DASHES.length]), run.name);
  });
  const node = element("div", { class: "le-legend", role: "group", "aria-label": text.runs });
  node.append(...ticks.map((tick) => tick.node));
  const update = () => ticks.forEach(({ input }, index) => (input.checked = isShown(names[index])));
  return { node, update };
}

function controlsOf(model, put, text) {
  const runs = model.get("runs");
  const hasFloor = model.get("levels").some((level) => level.name === "floor");
  const units = UNIT_NAMES.filter((unit) => unit !== "gap" || hasFloor);
  const most = Math.max(10, Math.floor(Math.max(...runs.map((run) => run.steps.at(-1))) / 6));
  const say = (n) => (n > 1 ? String(n) : text.off);
  const controls = [
    choice(model, "run", { label: text.run, options: runs.map((run) => run.name) }),
    choice(model, "unit", { label: text.unit, options: units.map((unit) => [unit, text[`unit_${unit}`]]) }),
    slider(model, "smoothing", { label: text.smoothing, min: 1, max: most, step: 1, say }),
  ];
  controls[0].row.hidden = runs.length < 2;
  const log = tickBox("is_log", (isOn) => put("is_log", isOn), text.is_log);
  const node = element("div", { class: "le-controls" }, ...controls.map((control) => control.row), log.node);
  const update = () => {
    controls.forEach((control) => control.update());
    log.input.checked = model.get("is_log");
  };
  return { node, update };
}

function render({ model, el }) {
  const text = model.get("labels");
  const put = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const [legend, controls] = [legendOf(model, put, text), controlsOf(model, put, text)];
  const [svg, hand] = [svgElement("svg", { class: "le-chart", role: "img" }), svgElement("g", { class: "le-cursor" })];
  const range = { type: "range", min: 0, max: 1000 }; // places along the axis, so that it may be logarithmic
  const rail = element("input", { ...range, class: "le-rail", "data-control": "step", "aria-label": text.step });
  const [status, among] = [element("p", { class: "tool-status" }), element("p", { class: "le-among" })];
  const note = element("p", { class: "le-note tool-note" });
  const place = element("div", { class: "le-place" }, svg, rail);
  let scene, frame, scales;
  const table = foldedTable(() => tableOfRuns(scene));
  const answer = element("div", { role: "status" }, status, among);
  el.append(toolBox("loss-explorer", text.name, legend.node, place, answer, note, controls.node, table.node));

  const within = (value, most) => Math.min(most, Math.max(0, value));
  const goTo = (index) => put("step", scene.run.steps[within(index, scene.run.steps.length - 1)]);
  const goToShare = (share) => goTo(nearest(scene.run.steps, scales.stepAt(within(share, 1))));

  function drawChart() {
    const width = Math.max(220, place.clientWidth);
    const labels = labelsOf(scene, width);
    frame = frameOf(width, labels);
    scales = scalesOf(scene, frame);
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
    moveCursor();
  }

  function moveCursor() {
    const { steps, smooth } = scene.run;
    const index = nearest(steps, model.get("step"));
    const lines = sentences(scene, steps[index], smooth[index]);
    hand.replaceChildren(...drawCursor(scene, steps[index], scales, frame));
    rail.value = 1000 * scales.shareOf(steps[index]);
    rail.setAttribute("aria-valuetext", fill(text.at_step, { step: steps[index], value: scene.say(smooth[index]) }));
    [status.textContent, among.textContent] = lines;
    svg.setAttribute("aria-label", fill(text.chart, { finding: lines.join(" ") }));
    put("value", Number(inUnit(smooth[index], scene.unit, scene.floor).toFixed(5)));
  }

  function drawAll() {
    scene = sceneOf(model);
    legend.update();
    controls.update();
    note.textContent = notes(scene);
    table.update();
    drawChart();
  }

  function point(event) {
    const across = event.clientX - svg.getBoundingClientRect().left;
    goToShare((across - frame.left) / (frame.right - frame.left));
  }
  function pick(event) {
    point(event);
    const height = event.clientY - svg.getBoundingClientRect().top;
    const lossOf = (run) => lossAt(run.steps, run.smooth, model.get("step")) ?? Infinity;
    const distance = (run) => Math.abs(scales.y(lossOf(run)) - height);
    const closest = scene.drawn.reduce((best, run) => (distance(run) < distance(best) ? run : best));
    if (distance(closest) < CLOSE) put("run", closest.name);
  }
  svg.addEventListener("pointermove", (event) => (event.pointerType === "mouse" || event.buttons) && point(event));
  svg.addEventListener("pointerdown", pick);
  rail.addEventListener("input", () => goToShare(rail.value / 1000));
  rail.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab's shortcuts must not eat the arrows
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    goTo(nearest(scene.run.steps, model.get("step")) + MOVES[event.key]);
  });

  // Choosing a hidden run shows it; hiding the chosen one chooses another, and the last one stays.
  function agree(leading) {
    const [shown, run] = [model.get("shown"), model.get("run")];
    if (!shown.includes(run)) {
      if (leading === "run" || !shown.length) put("shown", [...shown, run]);
      else put("run", shown[0]);
    }
    drawAll();
  }
  const unfollow = [
    follow(model, ["run"], () => agree("run")),
    follow(model, ["shown"], () => agree("shown")),
    follow(model, ["unit", "smoothing", "is_log"], drawAll),
    follow(model, ["step"], moveCursor),
  ];
  const resized = new ResizeObserver(() => frame.width !== Math.max(220, place.clientWidth) && drawChart());
  agree("run");
  resized.observe(place);
  return () => {
    resized.disconnect();
    unfollow.forEach((end) => end());
  };
}

export default { render };
