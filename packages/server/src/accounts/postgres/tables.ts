// The tables of packages/server/migrations, as drizzle knows them.
import { bigint, boolean, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
const sum = (name: string) => bigint(name, { mode: 'number' }).notNull();

export const users = pgTable('voisin_users', {
  id: text('id').primaryKey(),
  email: text('email').notNull().unique(),
  tenant: text('tenant').notNull(),
  tier: text('tier').notNull(),
  admin: boolean('admin').notNull(),
  disabled: boolean('disabled').notNull(),
  createdAt: moment('created_at').notNull(),
});

export const keys = pgTable('voisin_keys', {
  id: text('id').primaryKey(),
  userId: text('user_id').notNull(),
  name: text('name').notNull(),
  hash: text('hash').notNull(),
  createdAt: moment('created_at').notNull(),
  expiresAt: moment('expires_at'),
  revokedAt: moment('revoked_at'),
  lastUsedAt: moment('last_used_at'),
});

export const usage = pgTable(
  'voisin_usage',
  {
    userId: text('user_id').notNull(),
    day: text('day').notNull(),
    keyId: text('key_id').notNull(),
    model: text('model').notNull(),
    requests: sum('requests'),
    embeddings: sum('embeddings'),
    cacheHits: sum('cache_hits'),
    tokens: sum('tokens'),
    cost: sum('cost'),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day, table.keyId, table.model] })],
);

export const usageBatches = pgTable('voisin_usage_batches', {
  id: uuid('id').primaryKey(),
  addedAt: moment('added_at').notNull().defaultNow(),
});
