// What a parser sent, as the operations take it.

import { VectorColumns, VectorRows } from '../../../operations/vector-columns.js';
import type { ParsedBody } from './parse-body.js';
import type { ParsedVectors } from './vectors-reader.js';

export function toColumns(parsed: ParsedVectors): VectorColumns {
  const { count, values, ends, texts, refused } = parsed;
  const ids = count === 0 ? [] : parsed.ids.split('\n');
  const metadata = count === 0 ? [] : parsed.metadata.split('\n');
  return new VectorColumns({ values, ends, ids, metadata, refused, ...(texts === undefined ? {} : { texts }) });
}

/** The fields of a body as an operation's input has them. */
export function toInput({ fields, vectors, matrix, columns }: ParsedBody): Record<string, unknown> {
  return {
    ...fields,
    ...vectors,
    ...(matrix === undefined ? {} : { vectors: new VectorRows(matrix.values, matrix.ends) }),
    ...(columns === undefined ? {} : { vectors: toColumns(columns) }),
  };
}
