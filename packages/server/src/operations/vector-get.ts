// One stored vector with its values, metadata and text.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, StoredVector, VectorId } from './schemas.js';
import { requireVectorId } from './vector-id.js';

export const vectorGet = operation({
  name: 'vector.get',
  summary: 'Get a vector',
  input: Type.Object({ index: IndexId, id: VectorId }, { additionalProperties: false }),
  output: StoredVector,
  run({ indexes, config }, { tenant }, { index, id }) {
    requireVectorId(id, config.limits.maxIdBytes);
    return indexes.get(tenant, index).get(id);
  },
});
