// One user.

import Type from 'typebox';
import { requireAdmin, UserInfo, userInfo, UserName } from './account-schemas.js';
import { operation } from './operation.js';

export const userGet = operation({
  name: 'user.get',
  summary: 'Look at a user',
  input: Type.Object({ user: UserName }, { additionalProperties: false }),
  output: UserInfo,
  async run({ account }, caller, { user }) {
    requireAdmin(caller);
    return userInfo(await account.administration.user(user));
  },
});
