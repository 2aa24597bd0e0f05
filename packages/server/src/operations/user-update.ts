// A change to a user.

import Type from 'typebox';
import { userJson } from '../accounts/account-json.js';
import { requireAdmin, TenantName, TierName, UserInfo, UserName } from './account-schemas.js';
import { operation } from './operation.js';

export const userUpdate = operation({
  name: 'user.update',
  summary: 'Change the tier, tenant or rights of a user, or disable all their keys',
  input: Type.Object(
    {
      user: UserName,
      tier: Type.Optional(TierName),
      tenant: Type.Optional(TenantName),
      admin: Type.Optional(Type.Boolean()),
      disabled: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  output: UserInfo,
  async run({ account }, caller, { user, ...change }) {
    requireAdmin(caller);
    return userJson(await account.administration.updateUser(user, change));
  },
});
