// The ids of an index, a page at a time.

import Type from 'typebox';
import { operation } from './operation.js';
import { takePage } from './page.js';
import { Cursor, IndexId, Limit } from './schemas.js';

export const vectorsList = operation({
  name: 'vectors.list',
  summary: 'List the ids of an index',
  input: Type.Object({ index: IndexId, limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }, { additionalProperties: false }),
  output: Type.Object({ ids: Type.Array(Type.String()), next_cursor: Type.Optional(Type.String()) }),
  async run({ indexes, config }, { tenant }, { index, ...page }) {
    const wanted = takePage(page, config.limits.pageSize);
    return indexes.get(tenant, index).list(wanted);
  },
});
