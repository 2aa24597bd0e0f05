// Vectors that lie in clusters, as embeddings do, with the cluster of each and two numbers to filter by; and the exact neighbours to judge by.
import { normal, random } from './vectors.mjs';

/** What the number of rows and requests is multiplied by: BENCH_SCALE=0.1 tries a benchmark out. */
export const scale = Number(process.env.BENCH_SCALE ?? 1);
export const scaled = (n, least = 1) => Math.max(least, Math.round(n * scale));

/**
 * n vectors around centres that `seed` places. The same seed with another `draw` gives other vectors around the same centres.
 * @returns {{ d: number, n: number, values: Float32Array, clusters: Int32Array }} values: n x d
 */
export function corpus({ n, d = 384, clusters = 300, seed = 1, draw = 1, spread = 0.6 }) {
  const gauss = normal(random(seed));
  const centres = Float32Array.from({ length: clusters * d }, gauss);
  const uniform = random(seed * 1_000_003 + draw);
  const noise = normal(uniform);
  const values = new Float32Array(n * d);
  const of = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    of[i] = Math.floor(uniform() * clusters);
    for (let j = 0; j < d; j++) values[i * d + j] = centres[of[i] * d + j] + spread * noise();
  }
  return { n, d, values, clusters: of };
}

/** One vector as JSON numbers. They are written with all digits of a double, as JSON.stringify and Python's tolist() do: about 7.4 KB for 384. */
export const row = ({ values, d }, i) => Array.from(values.subarray(i * d, (i + 1) * d));

/** Bodies of POST /vectors: `size` rows each, from `from` up to `to`. */
export function* batches(vectors, { from = 0, to = vectors.n, size = 1000, metadata } = {}) {
  for (let start = from; start < to; start += size) {
    const count = Math.min(size, to - start);
    yield Array.from({ length: count }, (_, i) => ({
      id: `v${start + i}`,
      values: row(vectors, start + i),
      ...(metadata && { metadata: metadata(start + i) }),
    }));
  }
}

/** Cosine neighbours by brute force in doubles, in plain JavaScript: neither engine judges itself. `keep(i)` is the filter. */
export function nearestByCosine(vectors, queries, k, keep = () => () => true) {
  const { values, d, n } = vectors;
  const lengths = Float64Array.from({ length: n }, (_, i) => Math.sqrt(dot(values, i * d, values, i * d, d)));
  return Array.from({ length: queries.n }, (_, q) => {
    const kept = keep(q);
    const best = [];
    let worst = -Infinity;
    for (let i = 0; i < n; i++) {
      if (!kept(i)) continue;
      const cosine = dot(values, i * d, queries.values, q * d, d) / lengths[i];
      if (best.length === k && cosine <= worst) continue;
      if (best.length === k) best.pop();
      let at = best.length;
      while (at > 0 && best[at - 1].cosine < cosine) at--;
      best.splice(at, 0, { id: `v${i}`, cosine });
      worst = best[best.length - 1].cosine;
    }
    return new Set(best.map(({ id }) => id));
  });
}

function dot(a, aStart, b, bStart, d) {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let j = 0; j < d; j += 4) {
    s0 += a[aStart + j] * b[bStart + j];
    s1 += a[aStart + j + 1] * b[bStart + j + 1];
    s2 += a[aStart + j + 2] * b[bStart + j + 2];
    s3 += a[aStart + j + 3] * b[bStart + j + 3];
  }
  return s0 + s1 + s2 + s3;
}

/** The part of the true neighbours that was found, over all queries. */
export function recall(truth, found) {
  let [hits, all] = [0, 0];
  for (const [q, ids] of found.entries()) {
    hits += ids.filter((id) => truth[q].has(id)).length;
    all += truth[q].size;
  }
  return hits / all;
}
