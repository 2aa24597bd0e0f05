// Vectors for tests: the same ones for the same seed.

/** Numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** n vectors around 20 centres, values about -2 to 2. */
export function makeVectors(n: number, dimension: number, seed: number): Float32Array {
  const next = random(seed);
  const centres = Float32Array.from({ length: 20 * dimension }, () => next() * 2 - 1);
  return Float32Array.from({ length: n * dimension }, (_, i) => {
    const row = Math.floor(i / dimension);
    return (centres[(row % 20) * dimension + (i % dimension)] ?? 0) + (next() + next() - 1);
  });
}

/** A bitmap of n positions in which each is set with a probability. */
export function makeSelector(n: number, kept: number, seed: number): Uint8Array {
  const next = random(seed);
  const bits = new Uint8Array(Math.ceil(n / 8));
  for (let i = 0; i < n; i++) if (next() < kept) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}

/** Whether position i is in a selector. */
export const isSelected = (selector: Uint8Array, i: number): boolean => (((selector[i >> 3] ?? 0) >> (i & 7)) & 1) === 1;
