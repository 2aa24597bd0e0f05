// What the readers and writers of plain vectors share: how rows are gathered, and how many at a time.
import { VoisinError } from '../errors.js';

export interface ReadRowsOptions {
  /** Values a row: those of the index. Another number in the file is an error. */
  readonly dimension: number;
  /** At most so many rows a batch (1000), and never more than some 4 MB. */
  readonly batchRows?: number;
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
