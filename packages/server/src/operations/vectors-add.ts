// Adds many vectors, or replaces those whose id is there already.

import Type from 'typebox';
import { keepVectors } from './keep-vectors.js';
import { operation } from './operation.js';
import { IndexId, RefusedVector, Vectors } from './schemas.js';

export const vectorsAdd = operation({
  name: 'vectors.add',
  summary: 'Add vectors, replacing those whose id is there already',
  input: Type.Object({ index: IndexId, vectors: Vectors }, { additionalProperties: false }),
  output: Type.Object({
    success: Type.Boolean({ description: 'true when every vector was kept' }),
    added_count: Type.Integer({ description: 'vectors kept; an id that came twice counts twice, the last one stays' }),
    failed_count: Type.Integer(),
    errors: Type.Optional(Type.Array(RefusedVector, { description: 'the first 1,000 that were not kept' })),
  }),
  async run(services, caller, { index, vectors }) {
    const managed = services.indexes.get(caller.tenant, index);
    const { added, failed, refused } = await keepVectors(services, managed, vectors, { caller });
    const errors = refused.length === 0 ? {} : { errors: [...refused] };
    return { success: failed === 0, added_count: added, failed_count: failed, ...errors };
  },
});
