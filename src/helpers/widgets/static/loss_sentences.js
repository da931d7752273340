// What the loss explorer says: the sentences about the cursor's step, what holds for the whole curve, the table.
// All words come from the labels; here it is only chosen which of them are true.

import { fill } from "./dom.js";
import { crossings, markOf } from "./loss_chart.js";
import { digits, firstBelow, inUnit, lossAt, someOf } from "./loss_curves.js";

const nameOf = (level, text) => text[`level_${level.name}`] ?? level.name;

// The last level passed, or the first that is still ahead.
function standing({ levels, written, text }, nats) {
  const upward = levels.filter((level) => level.name !== "floor").sort((a, b) => a.nats - b.nats);
  const passed = upward.find((level) => nats < level.nats);
  const level = passed ?? upward.at(-1);
  return level && fill(passed ? text.past : text.not_past, { level: nameOf(level, text), value: written(level.nats) });
}

function aboveFloor({ floor, unit, written, text }, nats) {
  if (floor === undefined || unit === "gap") return undefined;
  const [here, there] = [nats, floor].map((one) => inUnit(one, unit, floor));
  if (nats < floor) return fill(text.below_floor, { gap: digits(there - here), value: written(floor) });
  if (unit === "perplexity") return fill(text.times_floor, { gap: digits(here / there), value: written(floor) });
  return fill(text.above_floor, { gap: digits(here - there), value: written(floor) });
}

// How the run stands to the recorded ones at this step: inside their range, below it or above it.
function amongRecorded({ drawn, run, unit, floor, written, text }, step, nats) {
  const seeds = drawn.filter((one) => one.is_recorded && one !== run);
  const others = seeds.map((one) => lossAt(one.steps, one.smooth, step));
  const known = others.filter((other) => other !== null);
  if (known.length < 2) return "";
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const away = Math.abs(inUnit(nats, unit, floor) - inUnit(nats < low ? low : high, unit, floor));
  const isBeside = Number(digits(away)) === 0; // less than the digits can say
  const pattern = isBeside || (nats >= low && nats <= high) ? text.inside : nats < low ? text.lower : text.higher;
  return fill(pattern, { low: written(low), high: written(high), gap: digits(away) });
}

function besideOthers({ drawn, run, written, text }, step) {
  const others = drawn.filter((one) => one !== run && !one.is_recorded);
  const there = others.map(({ name, steps, smooth }) => ({ name, nats: lossAt(steps, smooth, step) }));
  const known = there.filter(({ nats }) => nats !== null);
  return known.map(({ name, nats }) => fill(text.other, { run: name, value: written(nats) }));
}

// What the cursor finds: the chosen run beside levels and floor, and then beside the other runs.
export function sentences(scene, step, nats) {
  const { run, unit, floor, written, text } = scene;
  const isLucky = unit === "gap" && nats < floor;
  const value = isLucky ? digits(floor - nats) : written(nats);
  const reading = fill(isLucky ? text.say_lucky : text[`say_${unit}`], { step, run: run.name, value });
  const list = [standing(scene, nats), aboveFloor(scene, nats)].filter(Boolean).join(text.and);
  const first = fill(list ? text.status : text.status_alone, { reading, list });
  return [first, [amongRecorded(scene, step, nats), ...besideOthers(scene, step)].filter(Boolean).join(" ")];
}

// What holds for the whole curve: where it passed the levels, what averaging does, what being below the floor means.
export function notes({ run, drawn, levels, floor, window, text }) {
  const said = ({ level, step }) => fill(text.passed_at, { level: nameOf(level, text), step });
  const passed = crossings(run, levels).map(said);
  return [
    passed.length ? fill(text.passed, { run: run.name, list: passed.join(text.and) }) : "",
    window > 1 ? fill(text.averaged, { n: window }) : "",
    drawn.some((one) => one.smooth.some((loss) => loss < floor)) ? text.luck : "",
  ].filter(Boolean).join(" ");
}

// About ten steps of every run, and where each passes the levels.
export function tableOfRuns({ drawn, run, levels, unit, written, text }) {
  const writtenOrNone = (nats) => (nats === null ? text.none : written(nats));
  const values = () => someOf(run.steps, 10).map((step) => {
    return [step, ...drawn.map((one) => writtenOrNone(lossAt(one.steps, one.smooth, step)))];
  });
  const passing = (one, nats) => {
    const step = firstBelow(one.steps, one.smooth, nats);
    return step === one.steps[0] ? fill(text.or_before, { step }) : (step ?? text.none);
  };
  const passed = () => levels.filter(({ name }) => name !== "floor").map((level) => {
    const named = fill(text.level_value, { level: markOf(level, text), value: written(level.nats) });
    return [fill(text.first_below, { level: named }), ...drawn.map((one) => passing(one, level.nats))];
  });
  const summary = fill(text.table, { unit: text[`unit_${unit}`] });
  return { summary, head: [text.step, ...drawn.map((one) => one.name)], rows: () => [...values(), ...passed()] };
}
