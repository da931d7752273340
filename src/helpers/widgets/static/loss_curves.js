// The mathematics of loss curves: units, averages that look back, where a curve passes a level, marks of an axis.
// A curve is its steps, which rise, and one loss in nats a token for each.

const UNITS = {
  nats: (nats) => nats,
  bits: (nats) => nats / Math.LN2,
  perplexity: (nats) => Math.exp(Math.min(nats, 700)), // what diverges stays a number
  gap: (nats, floor) => nats - floor,
};

export const UNIT_NAMES = Object.keys(UNITS);

// A loss in nats a token, said in a unit; `floor` in nats is needed for "gap" only.
export const inUnit = (nats, unit, floor) => UNITS[unit](nats, floor);

// The mean of the points in the last `window` steps, each point's own included. It never looks ahead.
export function movingAverage(steps, losses, window) {
  let from = 0;
  let sum = 0;
  return losses.map((loss, index) => {
    sum += loss;
    while (steps[from] <= steps[index] - window) sum -= losses[from++];
    return from === index ? (sum = loss) : sum / (index - from + 1);
  });
}

// The first step at which the loss is below a level, or null.
export const firstBelow = (steps, losses, level) => steps[losses.findIndex((loss) => loss < level)] ?? null;

// The place of the step nearest to `step`; of two equally near, the earlier.
export function nearest(steps, step) {
  const after = steps.findIndex((one) => one >= step);
  if (after <= 0) return after < 0 ? steps.length - 1 : 0;
  return steps[after] - step < step - steps[after - 1] ? after : after - 1;
}

// The loss at a step, or null before the curve begins and after it ends (by half the distance of its points).
export function lossAt(steps, losses, step) {
  const half = (steps.at(-1) - steps[0]) / Math.max(1, steps.length - 1) / 2;
  return step < steps[0] - half || step > steps.at(-1) + half ? null : losses[nearest(steps, step)];
}

// At most `count` of the steps, evenly from the first to the last.
export function someOf(steps, count) {
  const last = Math.min(count, steps.length) - 1;
  return Array.from({ length: last + 1 }, (_, index) => steps[Math.round((index * (steps.length - 1)) / (last || 1))]);
}

const rounded = (value) => Number(value.toPrecision(12)); // 3 · 0.1 is to be 0.3

// Round numbers from low to high, at most about `count`, which are 1, 2 or 5 times a power of ten apart.
export function linearTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const apart = ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / apart - 1e-9);
  const length = Math.floor(high / apart + 1e-9) - first + 1;
  return Array.from({ length }, (_, index) => rounded((first + index) * apart));
}

// 1, 2 and 5 times the powers of ten from low to high; the powers alone, or every so many, where those are too many.
export function logTicks(low, high, count) {
  const from = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, index) => 10 ** (from + index));
  const within = (ticks) => ticks.map(rounded).filter((tick) => tick >= low && tick <= high);
  const fine = within(powers.flatMap((power) => [1, 2, 5].map((times) => times * power)));
  const every = Math.ceil(powers.length / count);
  return fine.length <= count ? fine : within(powers.filter((_, index) => index % every === 0));
}

// Places for labels: in the order of the wanted places, `gap` apart, within low and high if there is room.
export function spread(wanted, gap, low, high) {
  const apart = Math.min(gap, (high - low) / Math.max(1, wanted.length - 1));
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [];
  let last = low - apart;
  for (const index of order) last = placed[index] = Math.max(wanted[index], last + apart);
  last = high + apart;
  for (const index of order.reverse()) last = placed[index] = Math.min(placed[index], last - apart);
  return placed;
}

// Two digits behind the point, three for small numbers, none for large ones.
export function digits(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return value.toExponential(1);
  return size === 0 || size >= 99.95 ? value.toFixed(0) : value.toFixed(size < 0.0995 ? 3 : 2);
}
