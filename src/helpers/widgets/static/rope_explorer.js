// The RoPE explorer: every pair of coordinates is a dial, and its hands turn by position times frequency.
// The score of a query and a key is the mean cosine between their hands, so only their distance counts. A ring shows
// which angles between the hands training has seen; scaling rules turn slower, to stay inside.

import { choice, element, foldedTable, follow, put, slider, toolBox } from "./dom.js";
import { attentionFactor, frequenciesOf, pairsOf, RULES, scoreAt } from "./rope.js";
import { curveOf } from "./rope_curve.js";
import { dialsOf } from "./rope_dials.js";
import { exact, shiftText, whole } from "./rope_numbers.js";
import { curveTable, dialTable, sentencesOf } from "./rope_sentences.js";

// ---------------------------------------------------------------- what is shown

const SETTINGS = ["query_position", "key_position", "d_head", "base", "scaling", "factor", "trained_length"];

// What the traits say, and what follows from it; `span` is the longest distance that is drawn.
function sceneOf(model) {
  const settings = Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const { query_position, key_position, factor, trained_length } = settings;
  const distance = Math.abs(query_position - key_position);
  const span = Math.ceil(Math.max(trained_length * Math.max(4, factor), distance));
  const frequencies = frequenciesOf(settings), sharpening = attentionFactor(settings) ** 2;
  const score = (at) => scoreAt(at, frequencies, sharpening);
  const pairs = pairsOf(settings);
  return { text: model.get("labels"), settings, distance, span, frequencies, sharpening, score, pairs };
}

// Both positions as one: a slider takes it for a model whose value is the lower of them. `shiftOf` says how far both
// have moved since anything else did.
function bothPositions(model, paint) {
  const state = { isMoving: false, rest: "", at: 0 };
  const get = () => Math.min(model.get("query_position"), model.get("key_position"));
  // Two traits change at once, and one painting answers both.
  function moveTo(query_position, key_position) {
    state.isMoving = true;
    put(model, { query_position, key_position });
    state.isMoving = false;
    paint();
  }
  function set(_, value) {
    const shift = value - get();
    moveTo(model.get("query_position") + shift, model.get("key_position") + shift);
  }
  function shiftOf({ query_position, key_position, ...others }) {
    const rest = JSON.stringify([query_position - key_position, others]);
    if (state.rest !== rest) Object.assign(state, { rest, at: get() });
    return get() - state.at;
  }
  const shiftTo = (value) => shiftText(value - state.at);
  return { moveTo, shiftOf, shiftTo, isMoving: () => state.isMoving, asModel: { get, set, save_changes() {} } };
}

// ---------------------------------------------------------------- controls

const BASES = [500, 10_000, 100_000, 500_000, 1_000_000];

// A list of bases that has the present one among them, wherever it came from; a longer list keeps the focus.
function baseChoice(model, text) {
  const known = new Set(BASES);
  const made = () => {
    const bases = [...known.add(model.get("base"))].sort((a, b) => a - b);
    return choice(model, "base", { label: text.base, options: bases.map((base) => [base, exact(base)]) });
  };
  let list = made();
  const node = element("div", { class: "rx-base" }, list.row);
  function update() {
    if (!known.has(model.get("base"))) {
      const hadFocus = node.contains(document.activeElement);
      list = made();
      node.replaceChildren(list.row);
      if (hadFocus) node.querySelector("select").focus({ preventScroll: true });
    }
    list.update();
  }
  return { row: node, update };
}

function positionSliders(model, both, text) {
  const range = { min: 0, step: 1, max: 0, say: whole };
  const query = slider(model, "query_position", { ...range, label: text.query });
  const key = slider(model, "key_position", { ...range, label: text.key });
  const together = slider(both.asModel, "both", { ...range, label: text.both, say: both.shiftTo });
  const node = element("div", { class: "rx-positions" }, query.row, key.row, together.row);
  function paint({ settings: { query_position, key_position }, span, distance }) {
    const most = Math.max(span, query_position, key_position) - distance;
    for (const [{ row, update }, max] of [[query, span], [key, span], [together, most]]) {
      row.querySelector("input").max = max;
      update();
    }
  }
  return { node, paint };
}

function ruleControls(model, text) {
  const options = Object.keys(RULES).map((name) => [name, text[name]]);
  const scaling = choice(model, "scaling", { label: text.scaling, options });
  const factor = slider(model, "factor", { label: text.factor, min: 1, max: 8, step: 0.5, say: exact });
  const all = [scaling, factor, baseChoice(model, text)];
  const input = factor.row.querySelector("input");
  function paint({ settings }) {
    input.disabled = settings.scaling === "none" && document.activeElement !== input; // it would lose the focus
    all.forEach((control) => control.update());
  }
  return { node: element("div", { class: "rx-rules" }, ...all.map((control) => control.row)), paint };
}

// ---------------------------------------------------------------- all together

function render({ model, el }) {
  const text = model.get("labels");
  const both = bothPositions(model, paint);
  // The key gives way where the query could not go further.
  function pick(share) {
    const { span } = sceneOf(model);
    const distance = Math.round(span * share);
    const from = Math.min(model.get("key_position"), span - distance);
    both.moveTo(from + distance, from);
  }
  const [positions, rules] = [positionSliders(model, both, text), ruleControls(model, text)];
  const [sentences, dials, curves] = [sentencesOf(text), dialsOf(text), curveOf(text, pick)];
  const tables = [dialTable, curveTable].map((content) => foldedTable(() => content(sceneOf(model))));

  function paint() {
    if (both.isMoving()) return;
    const scene = sceneOf(model);
    const shift = both.shiftOf(scene.settings);
    [positions, rules, dials, curves].forEach((part) => part.paint(scene));
    sentences.paint(scene, shift);
    tables.forEach((table) => table.update());
  }

  const { status, found, note } = sentences;
  const top = [positions.node, status, ...dials.nodes, found];
  const rest = [rules.node, ...curves.nodes, note, ...tables.map((table) => table.node)];
  el.append(toolBox("rope-explorer", text.name, ...top, ...rest));
  const unfollow = follow(model, SETTINGS, paint);
  const sized = new ResizeObserver(() => curves.draw(sceneOf(model)));
  sized.observe(curves.plot);
  paint();
  return () => {
    unfollow();
    sized.disconnect();
  };
}

export default { render };
