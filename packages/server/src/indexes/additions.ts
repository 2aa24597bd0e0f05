// Adding rows to FAISS in pieces of some ten milliseconds, so that searches, which wait for an addition, never wait for long.
import type { NewRow } from '../store/row-store.js';
import type { Definition } from './definition.js';
import type { Generation } from './generation.js';
import { prepare } from './geometry.js';

const pieceMilliseconds = 10;
/** Preparing a piece holds the event loop: at most a millisecond or two. */
const [leastPiece, greatestPiece] = [16, 1024];

export class Additions {
  readonly #definition: Definition;
  readonly #threads: number;
  #piece = 64;

  constructor(definition: Definition, threads: number) {
    this.#definition = definition;
    // One core is left to the event loop and to searches of other indexes: their 99th percentile fell from 39 to 30 ms on two cores.
    this.#threads = Math.max(1, threads - 1);
  }

  /** Adds to FAISS, without booking; searches that start before that are told to find booked positions only. */
  async add(generation: Generation, added: readonly NewRow[]): Promise<void> {
    const { metric, wanted } = this.#definition;
    const { dimension } = wanted;
    const values = asMatrix(added, dimension);
    generation.adding = true;
    for (let start = 0; start < added.length;) {
      const end = Math.min(added.length, start + this.#piece);
      const startedAt = performance.now();
      const piece = prepare(metric, values.subarray(start * dimension, end * dimension), dimension);
      await generation.outside.addMeasured(generation.faiss, generation.fit, generation.size + start, piece, this.#threads);
      this.#learn(end - start, performance.now() - startedAt);
      start = end;
    }
  }

  #learn(rows: number, milliseconds: number): void {
    const fitting = (rows * pieceMilliseconds) / Math.max(milliseconds, 0.05);
    this.#piece = Math.round(Math.min(greatestPiece, Math.max(leastPiece, (this.#piece + fitting) / 2)));
  }
}

/** The values of all rows, n x dimension: where they lie one behind the other, as those of one request do, the very same memory. */
function asMatrix(rows: readonly NewRow[], dimension: number): Float32Array {
  const start = rows[0]?.values;
  const isInOrder = (row: NewRow, at: number): boolean =>
    row.values.buffer === start?.buffer && row.values.byteOffset === start.byteOffset + at * dimension * 4;
  if (start !== undefined && rows.every(isInOrder)) return new Float32Array(start.buffer, start.byteOffset, rows.length * dimension);
  const matrix = new Float32Array(rows.length * dimension);
  for (const [at, { values }] of rows.entries()) matrix.set(values, at * dimension);
  return matrix;
}
