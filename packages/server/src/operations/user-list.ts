// The users.

import Type from 'typebox';
import { userJson } from '../accounts/account-json.js';
import { requireAdmin, UserInfo } from './account-schemas.js';
import { operation } from './operation.js';
import { takePage } from './page.js';
import { Cursor, Limit } from './schemas.js';

export const userList = operation({
  name: 'user.list',
  summary: 'List the users',
  input: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }, { additionalProperties: false }),
  output: Type.Object({ users: Type.Array(UserInfo), next_cursor: Type.Optional(Type.String()) }),
  async run({ account, config }, caller, page) {
    requireAdmin(caller);
    const { items, nextCursor } = await account.administration.users(takePage(page, config.limits.pageSize));
    return { users: items.map(userJson), ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }) };
  },
});
