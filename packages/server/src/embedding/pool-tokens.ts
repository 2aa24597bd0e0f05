// Token vectors to one vector a text, as sentence-transformers' Pooling does it.
import type { PoolingMode } from './models/model-description.js';

/** One text's token vectors: `count` rows of `size` values in `values`, from `start` on. */
interface Rows {
  readonly values: Float32Array;
  readonly start: number;
  readonly count: number;
  readonly size: number;
}

/** Writes one vector of `size` values into `into` at `at`. */
type Pool = (rows: Rows, into: Float32Array, at: number) => void;

const copyOf =
  (row: (count: number) => number): Pool =>
  ({ values, start, count, size }, into, at) => {
    const from = start + row(count) * size;
    into.set(values.subarray(from, from + size), at);
  };

/** The sum of the rows by their weights, divided by `divisor`; in float64, so that long texts lose nothing. */
const sumOf =
  (weight: (row: number) => number, divisor: (count: number) => number): Pool =>
  ({ values, start, count, size }, into, at) => {
    const sum = new Float64Array(size);
    let from = start;
    for (let row = 0; row < count; row++) {
      const by = weight(row);
      for (let i = 0; i < size; i++) sum[i] = (sum[i] ?? 0) + by * (values[from++] ?? 0);
    }
    const share = divisor(count);
    for (let i = 0; i < size; i++) into[at + i] = (sum[i] ?? 0) / share;
  };

const max: Pool = ({ values, start, count, size }, into, at) => {
  into.fill(-Infinity, at, at + size);
  let from = start;
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < size; i++) into[at + i] = Math.max(into[at + i] ?? 0, values[from++] ?? 0);
  }
};

const pools: Readonly<Record<PoolingMode, Pool>> = {
  cls: copyOf(() => 0),
  lasttoken: copyOf((count) => count - 1),
  max,
  mean: sumOf(
    () => 1,
    (count) => count,
  ),
  mean_sqrt_len_tokens: sumOf(() => 1, Math.sqrt),
  // Later tokens count more: they have seen more of the text in a model that reads one way.
  weightedmean: sumOf(
    (row) => row + 1,
    (count) => (count * (count + 1)) / 2,
  ),
};

/**
 * Vectors of `modes.length x size` values, one a text.
 * @param hidden rows of `size` values
 * @param lengths rows of each text
 * @param first each text's first row
 */
export function poolTokens(
  hidden: Float32Array,
  { lengths, first }: { readonly lengths: Int32Array; readonly first: Int32Array },
  { size, modes }: { readonly size: number; readonly modes: readonly PoolingMode[] },
): Float32Array {
  const pooled = new Float32Array(lengths.length * size * modes.length);
  let at = 0;
  lengths.forEach((count, text) => {
    for (const mode of modes) {
      pools[mode]({ values: hidden, start: (first[text] ?? 0) * size, count, size }, pooled, at);
      at += size;
    }
  });
  return pooled;
}
