// One stored vector with its values, metadata and text.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, StoredVector, VectorId } from './schemas.js';

export const vectorGet = operation({
  name: 'vector.get',
  summary: 'Get a vector',
  input: Type.Object({ index: IndexId, id: VectorId }, { additionalProperties: false }),
  output: StoredVector,
  run: ({ indexes }, { tenant }, { index, id }) => indexes.get(tenant, index).get(id),
});
