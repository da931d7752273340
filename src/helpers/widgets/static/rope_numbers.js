// The numbers of the RoPE explorer, with a minus as wide as the plus.

import { grouped } from "./dom.js";

const written = (value, options) => grouped(value, options).replace("-", "−");
export const whole = (value) => written(value, { maximumFractionDigits: 0 });
export const short = (value) => written(value, { notation: "compact", maximumSignificantDigits: 3 });
export const exact = (value) => written(value, { maximumSignificantDigits: 6 });
export const fixed = (value, n) => written(value, { minimumFractionDigits: n, maximumFractionDigits: n });
export const scoreText = (score) => fixed(Math.abs(score) < 0.0005 ? 0 : score, 3);
export const ratioText = (ratio) => fixed(ratio, ratio < 99.95 ? 1 : 0);
export const shiftText = (shift) => written(shift, { signDisplay: "always" });
