// How accounts look to callers, and who may act for whom.

import Type from 'typebox';
import { emailOf, longestKeyName } from '../accounts/names.js';
import { costOfOne } from '../accounts/records.js';
import { VoisinError } from '../errors.js';
import { isDay, timeOf } from '../time-text.js';
import type { Caller, Services } from './operation.js';

export const UserName = Type.String({ minLength: 1, maxLength: 260, description: 'an id or an e-mail address' });
export const TierName = Type.String({ minLength: 1, maxLength: 32, description: 'a tier of TIERS_FILE' });
export const TenantName = Type.String({ minLength: 1, maxLength: 64, description: 'whose indexes the keys see' });
export const KeyName = Type.String({ maxLength: longestKeyName, description: 'what its owner calls it; no control characters' });

const [day, time] = ['2026-12-31', '2026-12-31T00:00:00Z'];
export const Moment = Type.Refine(
  Type.String({ format: 'date-time', description: `as ${time}`, 'x-expected': `a time as ${time}` }),
  (value) => timeOf(value) !== undefined,
  () => `expected a time as ${time}`,
);
export const Day = Type.Refine(
  Type.String({ format: 'date', description: `as ${day}, UTC`, 'x-expected': `a day as ${day}` }),
  isDay,
  () => `expected a day as ${day}`,
);

export const UserInfo = Type.Object({
  id: Type.String(),
  email: Type.String(),
  tenant: Type.String(),
  tier: Type.String(),
  admin: Type.Boolean(),
  disabled: Type.Boolean(),
  created_at: Type.String({ format: 'date-time' }),
});

export const KeyInfo = Type.Object({
  id: Type.String(),
  user_id: Type.String(),
  name: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
  expires_at: Type.Optional(Type.String({ format: 'date-time' })),
  revoked_at: Type.Optional(Type.String({ format: 'date-time' })),
  last_used_at: Type.Optional(Type.String({ format: 'date-time' })),
});

export const KeyText = Type.String({ description: 'the key itself: shown now and never again' });

export const embeddingsOf = (thousandths: number): number => thousandths / costOfOne;

/** @throws VoisinError permission_denied */
export function requireAdmin({ admin }: Caller): void {
  if (!admin) throw new VoisinError('permission_denied', 'an admin key is needed here');
}

/**
 * The user that the caller means: themselves, or anyone for an administrator.
 * @param user an id or an e-mail address, where one was named
 * @throws VoisinError permission_denied for someone else's, invalid_argument where there is no account to mean, not_found
 */
export async function subjectOf({ account }: Services, caller: Caller, user: string | undefined): Promise<string> {
  const own = caller.account?.userId;
  if (user === undefined) {
    if (own !== undefined) return own;
    throw new VoisinError('invalid_argument', 'user: required, since the key that was sent belongs to no account', { field: 'user' });
  }
  if (caller.admin) return (await account.administration.user(user)).id;
  const self = own === undefined ? undefined : await account.administration.user(own);
  if (self !== undefined && (user === self.id || emailOf(user) === self.email)) return self.id;
  throw new VoisinError('permission_denied', 'user: an admin key is needed for the account of someone else', { field: 'user' });
}
