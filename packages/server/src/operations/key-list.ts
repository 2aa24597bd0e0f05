// The keys of an account.

import Type from 'typebox';
import { keyJson } from '../accounts/account-json.js';
import { KeyInfo, subjectOf, UserName } from './account-schemas.js';
import { operation } from './operation.js';
import { takePage } from './page.js';
import { Cursor, Limit } from './schemas.js';

export const keyList = operation({
  name: 'key.list',
  summary: 'List the keys of an account, without their secrets',
  input: Type.Object(
    { user: Type.Optional(UserName), limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) },
    { additionalProperties: false },
  ),
  output: Type.Object({ keys: Type.Array(KeyInfo), next_cursor: Type.Optional(Type.String()) }),
  async run(services, caller, { user, ...page }) {
    const userId = await subjectOf(services, caller, user);
    const { items, nextCursor } = await services.account.administration.keys(userId, takePage(page, services.config.limits.pageSize));
    return { keys: items.map(keyJson), ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }) };
  },
});
