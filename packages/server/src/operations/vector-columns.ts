// Many vectors of one request as columns: what a wire's parser makes (on any thread) and the operations take.

/** One vector of a request that was not kept, and why. */
export interface Refused {
  /** Where it stood in the request, from 0. */
  readonly position: number;
  readonly id?: string;
  /** From a parser it begins where the vector's own name ends: `.values[17]: expected ...`. */
  readonly error: string;
}

/** Of the vectors of a request (or of a part of a stream) that were not kept, only the first so many are named; all are counted. */
export const namedRefusals = 1000;

/** Ids of a request, each of which may be the id of a vector. */
export class IdList {
  readonly ids: readonly string[];

  constructor(ids: readonly string[]) {
    this.ids = ids;
  }
}

/** Rows of float32 end to end; row i is values[ends[i - 1] ?? 0 .. ends[i]]. Rows may differ in length until a dimension is known. */
export class VectorRows {
  readonly values: Float32Array;
  readonly ends: Uint32Array;

  constructor(values: Float32Array, ends: Uint32Array) {
    this.values = values;
    this.ends = ends;
  }

  get count(): number {
    return this.ends.length;
  }

  start(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] ?? 0);
  }

  length(row: number): number {
    return (this.ends[row] ?? 0) - this.start(row);
  }

  row(row: number): Float32Array {
    return this.values.subarray(this.start(row), this.ends[row]);
  }
}

export interface VectorColumnsParts {
  readonly values: Float32Array;
  readonly ends: Uint32Array;
  readonly ids: readonly string[];
  /** JSON text of an object, one a vector. */
  readonly metadata: readonly string[];
  /** Present when at least one vector came with a text. */
  readonly texts?: readonly (string | undefined)[] | undefined;
  /** The first `namedRefusals` of the vectors that a parser already refused, in order. */
  readonly refused: readonly Refused[];
  /** Positions of all that it refused, ascending; they have (empty) entries in the columns too. */
  readonly refusedAt: Uint32Array;
}

/** The vectors of an add, with their ids, metadata and texts. */
export class VectorColumns {
  readonly rows: VectorRows;
  readonly ids: readonly string[];
  readonly metadata: readonly string[];
  readonly texts: readonly (string | undefined)[] | undefined;
  readonly refused: readonly Refused[];
  readonly refusedAt: Uint32Array;

  constructor(parts: VectorColumnsParts) {
    this.rows = new VectorRows(parts.values, parts.ends);
    this.ids = parts.ids;
    this.metadata = parts.metadata;
    this.texts = parts.texts;
    this.refused = parts.refused;
    this.refusedAt = parts.refusedAt;
  }

  get count(): number {
    return this.ids.length;
  }

  /** The vectors from `from` to before `to`, with positions that count from 0 again. */
  slice(from: number, to: number): VectorColumns {
    const { values, ends } = this.rows;
    const start = this.rows.start(from);
    const isIn = (position: number): boolean => position >= from && position < to;
    return new VectorColumns({
      values: values.subarray(start, ends[Math.min(to, ends.length) - 1] ?? start),
      ends: ends.slice(from, to).map((end) => end - start),
      ids: this.ids.slice(from, to),
      metadata: this.metadata.slice(from, to),
      ...(this.texts === undefined ? {} : { texts: this.texts.slice(from, to) }),
      refused: this.refused.filter(({ position }) => isIn(position)).map((one) => ({ ...one, position: one.position - from })),
      refusedAt: this.refusedAt.filter(isIn).map((position) => position - from),
    });
  }
}
