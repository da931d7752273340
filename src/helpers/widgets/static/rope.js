// Rotary positions, as in helpers.positions: how fast each pair of coordinates turns, plain or by a scaling rule, what
// a query and a key then score, and which angles between them training has never seen.

export const TURN = 2 * Math.PI;

const plainFrequencies = (d, base) => Array.from({ length: d / 2 }, (_, pair) => base ** ((-2 * pair) / d));

// Each pair slowed by a share of its own: 0 keeps the speed, 1 turns `factor` times slower.
const slowedBy = (plain, factor, share) =>
  plain.map((speed, pair) => {
    const slowed = Math.min(1, Math.max(0, share(speed, pair)));
    return (slowed * speed) / factor + (1 - slowed) * speed;
  });

export const RULES = {
  none: (d, base) => plainFrequencies(d, base),
  linear: (d, base, factor) => plainFrequencies(d, base).map((speed) => speed / factor),
  ntk: (d, base, factor) => plainFrequencies(d, base * factor ** (d / (d - 2))),
  yarn(d, base, factor, length) {
    const pairTurning = (nTurns) => (d * Math.log(length / (nTurns * TURN))) / (2 * Math.log(base));
    const first = Math.max(Math.floor(pairTurning(32)), 0);
    const last = Math.min(Math.ceil(pairTurning(1)), d - 1);
    return slowedBy(plainFrequencies(d, base), factor, (_, pair) => (pair - first) / Math.max(last - first, 0.001));
  },
  llama3: (d, base, factor, length) =>
    slowedBy(plainFrequencies(d, base), factor, (speed) => 1 - ((length * speed) / TURN - 1) / (4 - 1)),
};

// Radians per position of each pair.
export const frequenciesOf = ({ d_head, base, scaling, factor, trained_length }) =>
  RULES[scaling](d_head, base, factor, trained_length);

// What queries and keys are multiplied by, each.
export const attentionFactor = ({ scaling, factor }) => (scaling === "yarn" ? 0.1 * Math.log(factor) + 1 : 1);

// The dot product of two equal vectors of length 1, alike in every pair, so many tokens apart.
export const scoreAt = (distance, frequencies, sharpening = 1) =>
  (sharpening * frequencies.reduce((sum, speed) => sum + Math.cos(distance * speed), 0)) / frequencies.length;

// The same, averaged over the distances around: a fast pair turns so often in there that it adds next to nothing.
export function meanAround(distance, frequencies, sharpening, window) {
  const kept = (speed) => Math.sin((speed * window) / 2) / ((speed * window) / 2);
  const sum = frequencies.reduce((total, speed) => total + Math.cos(distance * speed) * kept(speed), 0);
  return (sharpening * sum) / frequencies.length;
}

// Each pair: its speed, how far it turned in training, and whether the angle between the hands is one never seen there.
export function pairsOf(settings, distance = Math.abs(settings.query_position - settings.key_position)) {
  const plain = plainFrequencies(settings.d_head, settings.base);
  return frequenciesOf(settings).map((speed, pair) => {
    const seen = (settings.trained_length - 1) * plain[pair];
    const angle = (distance * speed) % TURN;
    const isSlow = seen < TURN;
    return { speed, ratio: plain[pair] / speed, seen, angle, isSlow, isNew: isSlow && angle > seen * (1 + 1e-9) };
  });
}
