// Deletes one vector.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { operation } from './operation.js';
import { IndexId, VectorId } from './schemas.js';
import { requireVectorId } from './vector-id.js';

export const vectorDelete = operation({
  name: 'vector.delete',
  summary: 'Delete a vector',
  input: Type.Object({ index: IndexId, id: VectorId }, { additionalProperties: false }),
  output: Type.Object({}),
  async run({ indexes, config }, { tenant }, { index, id }) {
    requireVectorId(id, config.limits.maxIdBytes);
    const deleted = await indexes.get(tenant, index).delete([id]);
    if (deleted === 0) throw new VoisinError('not_found', `no vector ${JSON.stringify(id)} in index ${index}`);
    return {};
  },
});
