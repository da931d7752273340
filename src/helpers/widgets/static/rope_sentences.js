// What the RoPE explorer says: the finding in words and numbers, the legends, and both pictures as tables.

import { element, fill, say } from "./dom.js";
import { pairsOf, TURN } from "./rope.js";
import { exact, fixed, scoreText, shiftText, whole } from "./rope_numbers.js";

export const wordsOf = ({ distance, span, score, settings }) => ({
  distance: whole(distance),
  score: scoreText(score(distance)),
  span: whole(span),
  length: whole(settings.trained_length),
});

// What the reader found: which dials show an angle that training never showed.
export function finding({ text, settings, pairs, distance }) {
  const count = (those, property) => whole(those.filter((pair) => pair[property]).length);
  const { scaling, factor, trained_length } = settings;
  const pattern = distance < trained_length ? text.within : scaling === "none" ? text.beyond : text.beyond_scaled;
  return fill(pattern, {
    slow: count(pairs, "isSlow"),
    n: whole(pairs.length),
    length: whole(trained_length),
    distance: whole(distance),
    unscaled: count(pairsOf({ ...settings, scaling: "none" }), "isNew"),
    new: count(pairs, "isNew"),
    rule: text[scaling],
    factor: exact(factor),
  });
}

export function sentencesOf(text) {
  const status = element("p", { class: "tool-status", role: "status" });
  const found = element("p", { class: "rx-found" });
  const note = element("p", { class: "tool-note" });
  function paint(scene, shift) {
    const { distance, score, sharpening } = scene;
    say(status, fill(shift ? text.status_moved : text.status, { ...wordsOf(scene), shift: shiftText(shift) }));
    Object.assign(status.dataset, { score: score(distance), distance });
    found.textContent = finding(scene);
    note.textContent = fill(sharpening === 1 ? text.note : text.note_sharpened, { sharpening: fixed(sharpening, 2) });
  }
  return { status, found, note, paint };
}

export function legendOf(text, ...names) {
  const entries = names.map((name) => element("span", { class: `rx-entry rx-entry-${name}` }, text[name]));
  return element("p", { class: "rx-legend tool-note", "aria-hidden": "true" }, ...entries);
}

export function dialTable({ text, pairs }) {
  const row = (pair, index) => [
    whole(index),
    exact(TURN / pair.speed),
    fixed(pair.ratio, 2),
    fixed(pair.seen / TURN, 2),
    fill(text.degrees, { angle: whole((360 * pair.angle) / TURN) }),
    pair.isNew ? text.no : text.yes,
  ];
  const head = [text.pair, text.wavelength, text.ratio, text.turns, text.angle, text.is_seen];
  return { summary: text.dials_table, head, rows: () => pairs.map(row) };
}

export function curveTable({ text, settings, span, score }) {
  const length = settings.trained_length;
  const shares = [0, 1 / 64, 1 / 16, 1 / 4, 1 / 2, 1].map((share) => Math.round(share * length));
  const distances = [...new Set([...shares, 2 * length, 3 * length, span])];
  const row = (at) => [whole(at), scoreText(score(at)), at < length ? text.yes : text.no];
  return { summary: text.curve_table, head: [text.distance, text.score, text.is_seen], rows: () => distances.map(row) };
}
