// The end of a user.

import Type from 'typebox';
import { requireAdmin, UserName } from './account-schemas.js';
import { operation } from './operation.js';

export const userDelete = operation({
  name: 'user.delete',
  summary: 'Delete a user and their keys; their usage and indexes stay',
  input: Type.Object({ user: UserName }, { additionalProperties: false }),
  output: Type.Object({}),
  async run({ account }, caller, { user }) {
    requireAdmin(caller);
    await account.administration.deleteUser(user);
    return {};
  },
});
