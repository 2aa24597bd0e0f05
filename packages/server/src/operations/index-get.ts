// One index as its creation answered it, with what it holds now.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId, IndexInfo } from './schemas.js';

export const indexGet = operation({
  name: 'index.get',
  summary: 'Get an index',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: IndexInfo,
  run: ({ indexes }, { tenant }, { index }) => indexes.info(tenant, index),
});
