// Deletes many vectors: by id, or all that match a filter.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { parseFilter } from '../indexes/filter/index.js';
import { operation } from './operation.js';
import { Filter, IndexId, VectorId } from './schemas.js';
import { requireVectorId } from './vector-id.js';

export const vectorsDelete = operation({
  name: 'vectors.delete',
  summary: 'Delete vectors by id or by filter',
  input: Type.Object(
    { index: IndexId, ids: Type.Optional(Type.Array(VectorId)), filter: Type.Optional(Filter) },
    { additionalProperties: false },
  ),
  output: Type.Object({ deleted_count: Type.Integer({ description: 'how many were there' }) }),
  async run({ indexes, config }, { tenant }, { index, ids, filter }) {
    if ((ids === undefined) === (filter === undefined)) {
      throw new VoisinError('invalid_argument', `ids: expected either ids or filter, got ${ids === undefined ? 'neither' : 'both'}`, {
        field: 'ids',
      });
    }
    const most = config.limits.maxVectorsPerRequest;
    if (ids !== undefined && ids.length > most) {
      throw new VoisinError('invalid_argument', `ids: expected at most ${most} ids, got ${ids.length}`, { field: 'ids' });
    }
    for (const [at, id] of (ids ?? []).entries()) requireVectorId(id, config.limits.maxIdBytes, `ids[${at}]`);
    const parsed = filter === undefined ? undefined : parseFilter(filter);
    const managed = indexes.get(tenant, index);
    if (parsed !== undefined) return { deleted_count: await managed.deleteWhere(parsed) };
    return { deleted_count: await managed.delete([...new Set(ids)]) };
  },
});
