// Deletes an index and everything in it.

import Type from 'typebox';
import { operation } from './operation.js';
import { IndexId } from './schemas.js';

export const indexDelete = operation({
  name: 'index.delete',
  summary: 'Delete an index',
  input: Type.Object({ index: IndexId }, { additionalProperties: false }),
  output: Type.Object({}),
  async run({ indexes }, { tenant }, { index }) {
    await indexes.delete(tenant, index);
    return {};
  },
});
