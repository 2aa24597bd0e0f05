// One user.

import Type from 'typebox';
import { userJson } from '../accounts/account-json.js';
import { requireAdmin, UserInfo, UserName } from './account-schemas.js';
import { operation } from './operation.js';

export const userGet = operation({
  name: 'user.get',
  summary: 'Look at a user',
  input: Type.Object({ user: UserName }, { additionalProperties: false }),
  output: UserInfo,
  async run({ account }, caller, { user }) {
    requireAdmin(caller);
    return userJson(await account.administration.user(user));
  },
});
