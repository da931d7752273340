// Reads a safetensors file: eight bytes that say how long the header is, the header as JSON, then the numbers.
// The files of this book hold half precision (F16), two bytes a number; here they become float32, exactly.
// Source: the format's description, https://github.com/huggingface/safetensors.

// Returns {tensors: name -> Float32Array, metadata}; the rows of a matrix follow each other.
export function readSafetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = {};
  for (const [name, { dtype, data_offsets: [begin, end] }] of Object.entries(header)) {
    if (dtype !== "F16") throw new Error(`weights are read in half precision (F16), got ${dtype} for ${name}`);
    tensors[name] = fromHalf(view, 8 + length + begin, (end - begin) / 2);
  }
  return { tensors, metadata };
}

function fromHalf(view, start, n) {
  const numbers = new Float32Array(n);
  for (let i = 0; i < n; i++) numbers[i] = half(view.getUint16(start + 2 * i, true));
  return numbers;
}

// One sign bit, five of the exponent (less 15), ten of the fraction; exponent 0 means a number below 2^-14.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
