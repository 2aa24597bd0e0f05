// What the readers and writers of plain vectors share: how rows are gathered, and how many at a time.
import { VoisinError } from '../errors.js';

export interface ReadRowsOptions {
  /** Values a row: those of the index. Another number in the file is an error. */
  readonly dimension: number;
  /** At most so many rows a batch (1000), and never more than some 4 MB. */
  readonly batchRows?: number;
}

/** Whole rows of a file, end to end. */
export interface RowBatch {
  readonly values: Float32Array;
  /** The rows that are no vectors of finite float32, ascending; their neighbours are whole. */
  readonly unfit: readonly UnfitValue[];
}

/** The first value of a row that is no finite float32. */
export interface UnfitValue {
  /** Within the batch. */
  readonly row: number;
  readonly column: number;
  /** As it is in the file. */
  readonly value: number;
}

const maxBatchBytes = 4 * 2 ** 20;

export function rowsPerBatch({ dimension, batchRows = 1000 }: ReadRowsOptions): number {
  return Math.max(1, Math.min(batchRows, Math.floor(maxBatchBytes / (dimension * 4))));
}

export function malformed(format: string, message: string): VoisinError {
  return new VoisinError('invalid_argument', `the ${format} file ${message}`, { field: format });
}

/** Throws internal unless the batch is made of whole rows. Gives the number of rows. */
export function wholeRows(values: Float32Array, dimension: number): number {
  if (values.length % dimension === 0) return values.length / dimension;
  throw new VoisinError('internal', `a batch of ${values.length} values is no whole number of rows of ${dimension}`);
}

/** @param source the values as they are in the file: of those that were narrowed, what they were before */
export function rowBatch(values: Float32Array, dimension: number, source: Float32Array | Float64Array = values): RowBatch {
  // A sum is finite when all of its parts are, but for overflow: only then is each looked at.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  if (Number.isFinite(sum)) return { values, unfit: [] };
  const unfit: UnfitValue[] = [];
  for (let row = 0; row * dimension < values.length; row++) {
    const column = values.subarray(row * dimension, (row + 1) * dimension).findIndex((value) => !Number.isFinite(value));
    if (column !== -1) unfit.push({ row, column, value: source[row * dimension + column] ?? NaN });
  }
  return { values, unfit };
}
