// Accounts as JSON and back. What is read was written here: a record that does not fit its schema is damage, and says which.
import Type, { type Static } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { DamageError } from '../errors.js';
import type { KeyRecord, UsageBatch, UsageCounts, User } from './records.js';

const counts = {
  requests: Type.Number(),
  embeddings: Type.Number(),
  cacheHits: Type.Number(),
  tokens: Type.Number(),
  cost: Type.Number(),
};
const UserJson = Type.Object({
  id: Type.String(),
  email: Type.String(),
  tenant: Type.String(),
  tier: Type.String(),
  admin: Type.Boolean(),
  disabled: Type.Boolean(),
  createdAt: Type.String(),
});
const KeyJson = Type.Object({
  id: Type.String(),
  userId: Type.String(),
  name: Type.String(),
  hash: Type.String(),
  createdAt: Type.String(),
  expiresAt: Type.Optional(Type.String()),
  revokedAt: Type.Optional(Type.String()),
  lastUsedAt: Type.Optional(Type.String()),
});
const UsageJson = Type.Object(counts);
const BatchJson = Type.Object({
  id: Type.String(),
  rows: Type.Array(Type.Object({ userId: Type.String(), keyId: Type.String(), model: Type.String(), day: Type.String(), ...counts })),
  lastUsed: Type.Array(Type.Tuple([Type.String(), Type.String()])),
});

function reader<Schema extends Type.TSchema>(schema: Schema, what: string): (text: string) => Static<Schema> {
  let validator: Validator | undefined;
  return (text) => {
    validator ??= Compile(schema);
    const value = parsed(text);
    const fits = (one: unknown): one is Static<Schema> => validator?.Check(one) === true;
    if (fits(value)) return value;
    throw new DamageError(
      `a record of ${what} in the accounts store cannot be read: it was altered; restore .system from a backup, or start without the keys and accounts in it: voisin accounts set-aside`,
    );
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON fits no schema.
    return undefined;
  }
}

const readUser = reader(UserJson, 'a user');
const readKey = reader(KeyJson, 'a key');
const readBatch = reader(BatchJson, 'usage that waits');
const dateOf = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));

export const userToJson = (user: User): string => JSON.stringify(user);

export function userFromJson(text: string): User {
  const user = readUser(text);
  return { ...user, createdAt: new Date(user.createdAt) };
}

export const keyToJson = (key: KeyRecord): string => JSON.stringify(key);

export function keyFromJson(text: string): KeyRecord {
  const { createdAt, expiresAt, revokedAt, lastUsedAt, ...key } = readKey(text);
  return {
    ...key,
    createdAt: new Date(createdAt),
    expiresAt: dateOf(expiresAt),
    revokedAt: dateOf(revokedAt),
    lastUsedAt: dateOf(lastUsedAt),
  };
}

export function usageToJson({ requests, embeddings, cacheHits, tokens, cost }: UsageCounts): string {
  return JSON.stringify({ requests, embeddings, cacheHits, tokens, cost });
}

export const usageFromJson: (text: string) => UsageCounts = reader(UsageJson, 'usage');

export const batchToJson = ({ id, rows, lastUsed }: UsageBatch): string => JSON.stringify({ id, rows, lastUsed: [...lastUsed] });

export function batchFromJson(text: string): UsageBatch {
  const { id, rows, lastUsed } = readBatch(text);
  return { id, rows, lastUsed: new Map(lastUsed.map(([key, at]) => [key, new Date(at)])) };
}
