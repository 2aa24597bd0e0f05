// Vectors for benchmarks: the same ones for the same seed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A generator of numbers in [0, 1): mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal numbers, two at a time by Box and Muller. */
export function normal(uniform) {
  let spare;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** n vectors around `clusters` centres, as embeddings lie. One cluster: no structure at all. */
export function clustered(n, d, clusters, seed, spread = 0.6) {
  const uniform = random(seed);
  const gauss = normal(uniform);
  const centres = Float32Array.from({ length: clusters * d }, gauss);
  const vectors = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const centre = Math.floor(uniform() * clusters) * d;
    for (let j = 0; j < d; j++) vectors[i * d + j] = centres[centre + j] + spread * gauss();
  }
  return vectors;
}

/** A folder that is removed at the end. */
export async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-bench-'));
  try {
    return await work({
      path: (name) => join(folder, name),
      write: async (name, array) => {
        await writeFile(join(folder, name), new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
        return join(folder, name);
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
