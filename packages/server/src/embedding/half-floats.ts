// Numbers of two bytes, as they come in: float16 (IEEE 754) and bfloat16 (the upper half of a float32).

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

export function fromBfloat16(values: Uint16Array): Float32Array {
  const wide = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) wide[i] = (values[i] ?? 0) << 16;
  return new Float32Array(wide.buffer);
}

export function fromFloat16(values: Uint16Array): Float32Array {
  return Float32Array.from(values, halfToNumber);
}

function halfToNumber(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  // Subnormals have no hidden bit: multiples of 2 ** -24.
  if (exponent === 0) return (sign ? -1 : 1) * fraction * 2 ** -24;
  bits[0] = sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13);
  return number[0] ?? 0;
}
