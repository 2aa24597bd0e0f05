// Make an index again without its deleted rows.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, IndexInfo } from './schemas.js';

export const indexCompact = operation({
  name: 'index.compact',
  summary: 'Make an index again without its deleted rows',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: IndexInfo,
  async run({ indexes }, { tenant }, { index }) {
    await indexes.get(tenant, index).compact();
    return indexes.info(tenant, index);
  },
});
