// Whose key this is, and what is left of its allowance.

import Type from 'typebox';
import { userJson } from '../accounts/account-json.js';
import { embeddingsOf, UserInfo } from './account-schemas.js';
import { operation } from './operation.js';

export const accountGet = operation({
  name: 'account.get',
  summary: 'Tell whose key this is, and what is left of its month',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    tenant: Type.Optional(Type.String({ description: 'absent on a server without keys' })),
    admin: Type.Boolean(),
    key_id: Type.Optional(Type.String()),
    user: Type.Optional(UserInfo),
    tier: Type.Optional(
      Type.Object({ name: Type.String(), per_month: Type.Integer(), per_minute: Type.Integer(), cache_hit: Type.Number() }),
    ),
    month: Type.Optional(
      Type.Object({
        used: Type.Number({ description: 'embeddings; one from a cache counts `cache_hit`' }),
        remaining: Type.Number(),
        resets_at: Type.String({ format: 'date-time' }),
      }),
    ),
  }),
  async run({ account }, caller) {
    const { tenant, admin } = caller;
    const who = { ...(tenant === undefined ? {} : { tenant }), admin };
    if (caller.account === undefined) return who;
    const user = await account.administration.user(caller.account.userId);
    const { tier, monthUsed, monthResetsAt } = await account.meter.limitsOf(caller.account);
    const used = embeddingsOf(monthUsed);
    return {
      ...who,
      key_id: caller.account.keyId,
      user: userJson(user),
      tier: { name: tier.name, per_month: tier.perMonth, per_minute: tier.perMinute, cache_hit: tier.cacheHit },
      month: { used, remaining: Math.max(0, embeddingsOf(tier.perMonth * 1000 - monthUsed)), resets_at: monthResetsAt.toISOString() },
    };
  },
});
