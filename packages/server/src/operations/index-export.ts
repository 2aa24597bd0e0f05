// Every vector of an index, read in steps: what is written or deleted meanwhile may or may not be among them.

import Type from 'typebox';
import type { StoredVector } from '../indexes/types.js';
import { operation } from './operation.js';
import { IndexId } from './schemas.js';

export interface Export {
  readonly dimension: number;
  /** How many vectors follow. */
  readonly count: number;
  readonly vectors: AsyncIterable<StoredVector>;
}

export const indexExport = operation({
  name: 'index.export',
  summary: 'Export every vector as a stream: JSON lines, .npy or .fvecs',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: Type.Unsafe<Export>({ 'x-json': { type: 'string', format: 'binary' } }),
  async run({ indexes }, { tenant }, { index }) {
    const managed = indexes.get(tenant, index);
    return { dimension: managed.dimension, count: await managed.count(), vectors: managed.export() };
  },
});
