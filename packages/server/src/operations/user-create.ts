// A new user.

import Type from 'typebox';
import { keyJson, userJson } from '../accounts/account-json.js';
import { KeyInfo, KeyName, KeyText, Moment, requireAdmin, TenantName, TierName, UserInfo } from './account-schemas.js';
import { operation } from './operation.js';

export const userCreate = operation({
  name: 'user.create',
  summary: 'Make a user with a first key; the key is shown in this answer and never again',
  input: Type.Object(
    {
      email: Type.String({ minLength: 3, maxLength: 255 }),
      tier: Type.Optional(TierName),
      tenant: Type.Optional(TenantName),
      admin: Type.Optional(Type.Boolean({ description: 'may see and change every account; by default true where nobody else may' })),
      key_name: Type.Optional(KeyName),
      expires_at: Type.Optional(Moment),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({ user: UserInfo, key: KeyText, key_info: KeyInfo }),
  async run({ account }, caller, { key_name: keyName, expires_at: expires, ...asked }) {
    requireAdmin(caller);
    const expiresAt = expires === undefined ? undefined : new Date(expires);
    const { user, key, text } = await account.administration.createUser({ ...asked, keyName, expiresAt });
    return { user: userJson(user), key: text, key_info: keyJson(key) };
  },
});
