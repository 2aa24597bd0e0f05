// A new key of an account.

import Type from 'typebox';
import { keyJson } from '../accounts/account-json.js';
import { KeyInfo, KeyName, KeyText, Moment, subjectOf, UserName } from './account-schemas.js';
import { operation } from './operation.js';

export const keyCreate = operation({
  name: 'key.create',
  summary: 'Make a key; it is shown in this answer and never again',
  input: Type.Object(
    { user: Type.Optional(UserName), name: Type.Optional(KeyName), expires_at: Type.Optional(Moment) },
    { additionalProperties: false },
  ),
  output: Type.Object({ key: KeyText, ...KeyInfo.properties }),
  async run(services, caller, { user, name, expires_at: expires }) {
    const userId = await subjectOf(services, caller, user);
    const expiresAt = expires === undefined ? undefined : new Date(expires);
    const { key, text } = await services.account.administration.createKey(userId, { name, expiresAt });
    return { key: text, ...keyJson(key) };
  },
});
