// What a parser sent, as the operations take it.

import { IdList, VectorColumns, VectorRows } from '../../../operations/vector-columns.js';
import { unpackStrings } from './packed-strings.js';
import type { ParsedBody } from './parse-body.js';
import type { ParsedVectors } from './vectors-reader.js';

export function toColumns(parsed: ParsedVectors): VectorColumns {
  const { count, values, ends, texts, refused, refusedAt } = parsed;
  const ids = count === 0 ? [] : parsed.ids.split('\n');
  const metadata = count === 0 ? [] : parsed.metadata.split('\n');
  return new VectorColumns({
    values,
    ends,
    ids,
    metadata,
    refused,
    refusedAt,
    ...(texts === undefined ? {} : { texts: unpackStrings(texts) }),
  });
}

/** The fields of a body as an operation's input has them. */
export function toInput({ fields, vectors, lists, ids, matrix, columns }: ParsedBody): Record<string, unknown> {
  return {
    ...fields,
    ...vectors,
    ...(lists === undefined ? {} : unpackLists(lists)),
    ...(ids === undefined ? {} : { ids: new IdList(ids.count === 0 ? [] : ids.joined.split('\n')) }),
    ...(matrix === undefined ? {} : { vectors: new VectorRows(matrix.values, matrix.ends) }),
    ...(columns === undefined ? {} : { vectors: toColumns(columns) }),
  };
}

function unpackLists(lists: NonNullable<ParsedBody['lists']>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(lists).map(([name, packed]) => [name, unpackStrings(packed)]));
}
