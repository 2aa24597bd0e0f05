// Train an index on what it holds, without waiting until it has enough vectors.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, IndexInfo } from './schemas.js';

export const indexTrain = operation({
  name: 'index.train',
  summary: 'Train an index on what it holds, without waiting until it has enough vectors',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: IndexInfo,
  async run({ indexes }, { tenant }, { index }) {
    await indexes.get(tenant, index).train();
    return indexes.info(tenant, index);
  },
});
