// The curve of the RoPE explorer: the score by distance, far beyond what training has seen.

import { fill, svgElement } from "./dom.js";
import { frequenciesOf, meanAround } from "./rope.js";
import { fixed, whole } from "./rope_numbers.js";
import { legendOf, wordsOf } from "./rope_sentences.js";

// The distances at which the curve is drawn: all of them, or eight in a row for each of its columns.
export function distancesOf(span, columns) {
  if (span <= 8 * columns) return Array.from({ length: span + 1 }, (_, distance) => distance);
  const starts = Array.from({ length: columns }, (_, column) => Math.floor((column * span) / columns));
  return starts.flatMap((start) => Array.from({ length: 8 }, (_, more) => start + more)).concat(span);
}

const HIGH = 158, LEFT = 30, RIGHT = 6, TOP = 24, FLOOR = HIGH - 34;

// Over how many distances the thick line averages.
const windowOf = ({ settings, span }) => Math.max(2, Math.round(settings.trained_length / 4), Math.round(span / 100));

// From distances and scores to pixels; `most` is the right end.
function frameOf(width, scores, { span, sharpening }) {
  const least = Math.min(-0.25, Math.floor(4 * scores.reduce((a, b) => Math.min(a, b))) / 4);
  const x = (at) => LEFT + ((width - LEFT - RIGHT) * at) / span;
  const y = (score) => TOP + ((FLOOR - TOP) * (sharpening - score)) / (sharpening - least);
  return { x, y, most: width - RIGHT };
}

const rule = (name, x1, y1, x2, y2) => svgElement("line", { class: `rx-${name}`, x1, y1, x2, y2 });

function line(name, { x, y }, distances, score) {
  const points = distances.map((at, i) => `${x(at).toFixed(1)} ${y(score(at, i)).toFixed(1)}`);
  return svgElement("path", { class: `rx-${name}`, d: `M${points.join("L")}` });
}

// The thick line, and beside it the dotted one of the model without the rule.
function trends(frame, scene) {
  const { settings, span, frequencies, sharpening } = scene;
  const steps = Array.from({ length: 201 }, (_, i) => (i * span) / 200);
  const window = windowOf(scene);
  const trend = (name, speeds, sharp) => line(name, frame, steps, (at) => meanAround(at, speeds, sharp, window));
  const plain = settings.scaling === "none" ? [] : [["plain", frequenciesOf({ ...settings, scaling: "none" }), 1]];
  return [...plain, ["trend", frequencies, sharpening]].map((one) => trend(...one));
}

function lettersOf({ x, y, most }, { text, settings, span, sharpening }) {
  const end = x(settings.trained_length);
  const words = (at, high, anchor, content) => svgElement("text", { x: at, y: high, "text-anchor": anchor }, content);
  return [
    words(0, 12, "start", text.score),
    words(Math.max(end + 6, LEFT + 14), 17, "start", text.unseen),
    words(LEFT - 6, y(sharpening) + 4, "end", fixed(sharpening, 1)),
    words(LEFT - 6, y(0) + 4, "end", whole(0)),
    words(end, FLOOR + 18, "middle", whole(settings.trained_length)),
    words(most, FLOOR + 18, "end", whole(span)),
    words(most, HIGH - 2, "end", text.axis),
  ];
}

// The whole curve anew: `width` in pixels, so that letters keep their size on a phone.
function curve(width, scene) {
  const { settings, span, distance, score } = scene;
  const distances = distancesOf(span, width - LEFT);
  const scores = distances.map(score);
  const frame = frameOf(width, scores, scene);
  const { x, y, most } = frame;
  const [end, now] = [x(settings.trained_length), x(distance)];
  return [
    svgElement("rect", { class: "rx-unseen", x: end, y: TOP, width: most - end, height: FLOOR - TOP }),
    rule("zero", LEFT, y(0), most, y(0)),
    line("line", frame, distances, (_, i) => scores[i]),
    ...trends(frame, scene),
    rule("trained", LEFT, FLOOR + 2, end, FLOOR + 2),
    ...lettersOf(frame, scene),
    rule("now", now, TOP, now, FLOOR),
    svgElement("circle", { class: "rx-dot", cx: now, cy: y(score(distance)), r: 5.5 }),
  ];
}

// A finger on the curve picks a distance, given as a share of the span.
export function curveOf(text, pick) {
  const plot = svgElement("svg", { class: "rx-curve", role: "img" });
  const legend = legendOf(text, "line", "trend", "plain");
  function draw(scene) {
    const width = plot.clientWidth || 600;
    plot.setAttribute("viewBox", `0 0 ${width} ${HIGH}`);
    plot.replaceChildren(...curve(width, scene));
  }
  function paint(scene) {
    draw(scene);
    plot.setAttribute("aria-label", fill(text.curve, wordsOf(scene)));
    legend.children[1].textContent = fill(text.trend, { window: whole(windowOf(scene)) });
    legend.lastChild.hidden = scene.settings.scaling === "none";
  }
  function touch(event) {
    if (event.type === "pointermove" && !event.buttons) return;
    const { left, width } = plot.getBoundingClientRect();
    pick(Math.min(1, Math.max(0, (event.clientX - left - LEFT) / (width - LEFT - RIGHT))));
  }
  plot.addEventListener("pointerdown", touch);
  plot.addEventListener("pointermove", touch);
  return { plot, nodes: [plot, legend], paint, draw };
}
