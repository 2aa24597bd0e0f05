// The end of a key.

import Type from 'typebox';
import { keyJson } from '../accounts/account-json.js';
import { KeyInfo, requireAdmin } from './account-schemas.js';
import { operation } from './operation.js';

export const keyRevoke = operation({
  name: 'key.revoke',
  summary: 'Revoke a key: within a second no server takes it',
  input: Type.Object({ key: Type.String({ minLength: 1, maxLength: 64, description: 'its id' }) }, { additionalProperties: false }),
  output: KeyInfo,
  async run({ account }, caller, { key }) {
    const own = caller.account?.userId;
    if (own === undefined) requireAdmin(caller);
    return keyJson(await account.administration.revokeKey(key, caller.admin ? undefined : own));
  },
});
