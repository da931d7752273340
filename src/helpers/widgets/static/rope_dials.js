// The dials of the RoPE explorer: one for each pair of coordinates, with a hand for the query and one for the key.

import { element, fill, svgElement } from "./dom.js";
import { TURN } from "./rope.js";
import { ratioText, short, whole } from "./rope_numbers.js";
import { finding, legendOf } from "./rope_sentences.js";

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

const isSlowed = ({ ratio }) => ratio > 1.005;

export function dialsOf(text) {
  const node = element("div", { class: "rx-dials", role: "img" });
  const legend = legendOf(text, "query_hand", "key_hand", "seen", "turn", "slower");
  let faces = [];
  function paint(scene) {
    const { pairs, settings } = scene;
    if (faces.length !== pairs.length) {
      faces = pairs.map(() => dial(text));
      node.replaceChildren(...faces.map((face) => face.node));
      node.classList.toggle("rx-are-many", pairs.length > 8);
    }
    faces.forEach((face, index) => paintDial(face, pairs[index], settings, text));
    legend.lastChild.hidden = !pairs.some(isSlowed);
    node.setAttribute("aria-label", `${fill(text.dials, { n: whole(pairs.length) })} ${finding(scene)}`);
  }
  return { nodes: [node, legend], paint };
}
