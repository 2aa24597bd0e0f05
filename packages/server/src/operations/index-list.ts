// Lists a tenant's indexes, a page at a time.

import Type from 'typebox';
import { operation } from './operation.js';
import { takePage } from './page.js';
import { Cursor, IndexInfo, Limit } from './schemas.js';

export const indexList = operation({
  name: 'index.list',
  summary: 'List indexes',
  input: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }, { additionalProperties: false }),
  output: Type.Object({ indexes: Type.Array(IndexInfo), next_cursor: Type.Optional(Type.String()) }),
  run: ({ indexes, config }, { tenant }, page) => indexes.list(tenant, takePage(page, config.limits.pageSize)),
});
