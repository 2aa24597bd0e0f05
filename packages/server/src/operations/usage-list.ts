// What was embedded, by key, model and day.

import Type from 'typebox';
import { usageJson } from '../accounts/account-json.js';
import { dayOf } from '../accounts/records.js';
import { Day, subjectOf, UserName } from './account-schemas.js';
import { type Caller, operation, type Services } from './operation.js';
import { takePage } from './page.js';
import { Cursor, Limit } from './schemas.js';

export const usageList = operation({
  name: 'usage.list',
  summary: 'Tell what was embedded, by key, model and day',
  input: Type.Object(
    {
      user: Type.Optional(UserName),
      from: Type.Optional(Day),
      to: Type.Optional(Day),
      limit: Type.Optional(Limit),
      cursor: Type.Optional(Cursor),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    from: Type.String({ format: 'date', description: 'by default the first day of this month, UTC' }),
    to: Type.String({ format: 'date', description: 'included; by default today, UTC' }),
    usage: Type.Array(
      Type.Object({
        user_id: Type.String(),
        key_id: Type.String(),
        model: Type.String(),
        day: Type.String({ format: 'date' }),
        requests: Type.Integer(),
        embeddings: Type.Integer(),
        cache_hits: Type.Integer({ description: 'of the embeddings, those that came from a cache' }),
        tokens: Type.Integer(),
        counted: Type.Number({ description: 'embeddings as the quota counts them' }),
      }),
    ),
    next_cursor: Type.Optional(Type.String()),
  }),
  async run(services, caller, { user, from, to, ...page }) {
    const today = dayOf(new Date());
    const days = { from: from ?? `${today.slice(0, 8)}01`, to: to ?? today };
    await services.account.usage.write();
    const userId = await whose(services, caller, user);
    const found = await services.account.administration.usage({ userId, ...days }, takePage(page, services.config.limits.pageSize));
    const usage = found.items.map(usageJson);
    return { ...days, usage, ...(found.nextCursor === undefined ? {} : { next_cursor: found.nextCursor }) };
  },
});

/** An administrator who names nobody means everyone, and may mean someone who was deleted. */
async function whose(services: Services, caller: Caller, user: string | undefined): Promise<string | undefined> {
  if (!caller.admin) return subjectOf(services, caller, user);
  return user === undefined ? undefined : services.account.administration.userOfUsage(user);
}
