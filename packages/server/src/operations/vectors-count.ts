// How many vectors an index holds, or how many of them match a filter.

import Type from 'typebox';
import { parseFilter } from '../indexes/filter/index.js';
import { operation } from './operation.js';
import { Filter, IndexId } from './schemas.js';

export const vectorsCount = operation({
  name: 'vectors.count',
  summary: 'Count vectors, all or those that match a filter',
  input: Type.Object({ index: IndexId, filter: Type.Optional(Filter) }, { additionalProperties: false }),
  output: Type.Object({ count: Type.Integer() }),
  async run({ indexes }, { tenant }, { index, filter }) {
    const parsed = filter === undefined ? undefined : parseFilter(filter);
    return { count: await indexes.get(tenant, index).count(parsed) };
  },
});
