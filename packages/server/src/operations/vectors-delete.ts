// Deletes many vectors: by id, or all that match a filter.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { parseFilter } from '../indexes/filter/index.js';
import { operation } from './operation.js';
import { Filter, Ids, IndexId } from './schemas.js';

export const vectorsDelete = operation({
  name: 'vectors.delete',
  summary: 'Delete vectors by id or by filter',
  input: Type.Object({ index: IndexId, ids: Type.Optional(Ids), filter: Type.Optional(Filter) }, { additionalProperties: false }),
  output: Type.Object({ deleted_count: Type.Integer({ description: 'how many were there' }) }),
  async run({ indexes }, { tenant }, { index, ids, filter }) {
    if ((ids === undefined) === (filter === undefined)) {
      throw new VoisinError('invalid_argument', `ids: expected either ids or filter, got ${ids === undefined ? 'neither' : 'both'}`, {
        field: 'ids',
      });
    }
    const parsed = filter === undefined ? undefined : parseFilter(filter);
    const managed = indexes.get(tenant, index);
    if (parsed !== undefined) return { deleted_count: await managed.deleteWhere(parsed) };
    return { deleted_count: await managed.delete([...new Set(ids?.ids)]) };
  },
});
