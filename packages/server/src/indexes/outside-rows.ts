// The vectors of a generation that its type cannot hold, or that its training does not fit: kept as they are, and compared exactly.
import { Index, type Metric as FaissMetric } from '@voisin/faiss';
import { hasBit } from './filter/index.js';
import { type Fit, outsideOf } from './fit.js';
import type { Nearest } from './question.js';

export class OutsideRows {
  /** Positions in the generation, in the order of #faiss. */
  readonly positions: number[] = [];
  readonly #metric: FaissMetric;
  readonly #dimension: number;
  #faiss: Index | undefined;
  #bits = new Uint8Array(0);

  constructor(metric: FaissMetric, dimension: number) {
    this.#metric = metric;
    this.#dimension = dimension;
  }

  get count(): number {
    return this.positions.length;
  }

  get memoryBytes(): number {
    return (this.#faiss?.memoryBytes ?? 0) + this.#bits.byteLength + 8 * this.positions.length;
  }

  /** How many are alive, by the bitmap of live positions. */
  alive(live: Uint8Array): number {
    return this.positions.reduce((sum, position) => sum + (hasBit(live, position) ? 1 : 0), 0);
  }

  /** Adds prepared vectors to FAISS's index `to`, from position `first` on, and keeps those that do not fit. */
  async addMeasured(to: Index, fit: Fit | undefined, first: number, values: Float32Array, threads: number): Promise<void> {
    if (fit === undefined) return to.add(values, { threads });
    const errors = await to.addMeasured(values, { threads });
    const outside = outsideOf(fit, values, errors);
    if (outside.length > 0)
      await this.keep(
        outside.map((at) => first + at),
        rowsOf(values, this.#dimension, outside),
      );
  }

  /** Keeps prepared vectors under ascending positions higher than all before. */
  async keep(positions: readonly number[], values: Float32Array): Promise<void> {
    this.#faiss ??= await Index.fromFactory(this.#dimension, 'Flat', this.#metric);
    await this.#faiss.add(values, { threads: 1 });
    const last = positions.at(-1) ?? 0;
    if (last >= this.#bits.length * 8) {
      const bits = new Uint8Array(Math.max(2 * this.#bits.length, (last >>> 3) + 1));
      bits.set(this.#bits);
      this.#bits = bits;
    }
    for (const position of positions) {
      this.#bits[position >>> 3] = (this.#bits[position >>> 3] ?? 0) | (1 << (position & 7));
      this.positions.push(position);
    }
  }

  /** The bits of the positions that are not here. */
  leave(bitmap: Uint8Array): Uint8Array {
    return bitmap.map((byte, at) => byte & ~(this.#bits[at] ?? 0));
  }

  /** The k nearest of those that `selected` has, for each query. */
  async search(queries: Float32Array, k: number, selected: Uint8Array): Promise<Nearest[]> {
    const queryCount = queries.length / this.#dimension;
    const { positions } = this;
    const selector = new Uint8Array((positions.length + 7) >>> 3);
    for (const [at, position] of positions.entries()) {
      if (hasBit(selected, position)) selector[at >>> 3] = (selector[at >>> 3] ?? 0) | (1 << (at & 7));
    }
    const wanted = Math.min(k, positions.length);
    if (this.#faiss === undefined || wanted === 0) return Array.from({ length: queryCount }, () => ({ positions: [], distances: [] }));
    const { labels, distances } = await this.#faiss.search(queries, wanted, { selector, here: false });
    return Array.from({ length: queryCount }, (_, query) => {
      const found: Nearest = { positions: [], distances: [] };
      for (let at = query * wanted; at < (query + 1) * wanted && (labels[at] ?? -1n) >= 0n; at++) {
        found.positions.push(positions[Number(labels[at])] ?? -1);
        found.distances.push(distances[at] ?? 0);
      }
      return found;
    });
  }

  async release(): Promise<void> {
    await this.#faiss?.release();
  }
}

function rowsOf(values: Float32Array, dimension: number, rows: readonly number[]): Float32Array {
  const some = new Float32Array(rows.length * dimension);
  for (const [at, row] of rows.entries()) some.set(values.subarray(row * dimension, (row + 1) * dimension), at * dimension);
  return some;
}
