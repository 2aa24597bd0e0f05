// The accounts store in PostgreSQL: several servers share it.
import { and, asc, eq, gt, gte, isNull, lt, lte, sql, type SQL } from 'drizzle-orm';
import { DatabaseError } from 'pg';
import { VoisinError } from '../../errors.js';
import type { AccountStore } from '../account-store.js';
import { keyCursor, readKeyCursor, readUsageCursor, readUserCursor, usageCursor, userCursor } from '../cursors.js';
import { pageOf } from '../page.js';
import type { KeyOwner, KeyRecord, Page, PageQuery, UsageBatch, UsageQuery, UsageRow, User, UserChange } from '../records.js';
import { causeOf, type Database } from './database.js';
import { keys, usage, usageBatches, users } from './tables.js';

const uniqueViolation = '23505';
/** A batch is sent again for as long as its server lives or its data directory is kept: long enough for either. */
const batchesKept = sql`interval '90 days'`;

export class PostgresAccountStore implements AccountStore {
  readonly shared = true;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async createUser(user: User, firstKey: KeyRecord): Promise<void> {
    await this.#database
      .transaction(async (change) => {
        await change.insert(users).values(user);
        await change.insert(keys).values(firstKey);
      })
      .catch((error: unknown) => {
        // Ids are made by chance: what is there already is the address.
        throw codeOf(error) === uniqueViolation
          ? new VoisinError('already_exists', `email: there is a user ${user.email} already`, { field: 'email' }, { cause: error })
          : error;
      });
  }

  async user(id: string): Promise<User | undefined> {
    return (await this.#database.run((orm) => orm.select().from(users).where(eq(users.id, id))))[0];
  }

  async userByEmail(email: string): Promise<User | undefined> {
    return (await this.#database.run((orm) => orm.select().from(users).where(eq(users.email, email))))[0];
  }

  async users({ limit, cursor }: PageQuery): Promise<Page<User>> {
    const after = cursor === undefined ? undefined : gt(users.id, readUserCursor(cursor));
    const found = await this.#database.run((orm) =>
      orm
        .select()
        .from(users)
        .where(after)
        .orderBy(asc(users.id))
        .limit(limit + 1),
    );
    return pageOf(found, limit, userCursor);
  }

  hasUsers(): Promise<boolean> {
    return this.#has(undefined);
  }

  hasAdmin(): Promise<boolean> {
    return this.#has(eq(users.admin, true));
  }

  async updateUser(id: string, change: UserChange): Promise<User | undefined> {
    if (Object.keys(change).length === 0) return this.user(id);
    return (await this.#database.run((orm) => orm.update(users).set(change).where(eq(users.id, id)).returning()))[0];
  }

  async deleteUser(id: string): Promise<boolean> {
    return (await this.#database.run((orm) => orm.delete(users).where(eq(users.id, id)).returning({ id: users.id }))).length > 0;
  }

  createKey(key: KeyRecord, most: number): Promise<boolean> {
    return this.#database.transaction(async (change) => {
      // Held to the end: keys that come together are counted one after the other.
      const owner = await change.select({ id: users.id }).from(users).where(eq(users.id, key.userId)).for('no key update');
      if (owner.length === 0) throw new VoisinError('not_found', `no user ${key.userId}`, { field: 'user' });
      const live = await change
        .select({ id: keys.id })
        .from(keys)
        .where(and(eq(keys.userId, key.userId), isNull(keys.revokedAt)))
        .limit(most);
      if (live.length >= most) return false;
      await change.insert(keys).values(key);
      return true;
    });
  }

  async key(id: string): Promise<KeyOwner | undefined> {
    const found = await this.#database.run((orm) =>
      orm.select({ key: keys, user: users }).from(keys).innerJoin(users, eq(users.id, keys.userId)).where(eq(keys.id, id)),
    );
    const [row] = found;
    return row === undefined ? undefined : { key: keyOf(row.key), user: row.user };
  }

  async keys(userId: string, { limit, cursor }: PageQuery): Promise<Page<KeyRecord>> {
    const [createdAt, id] = cursor === undefined ? [] : readKeyCursor(cursor);
    const after = cursor === undefined ? undefined : sql`(${keys.createdAt}, ${keys.id}) > (${createdAt}::timestamptz, ${id})`;
    const found = await this.#database.run((orm) =>
      orm
        .select()
        .from(keys)
        .where(and(eq(keys.userId, userId), after))
        .orderBy(asc(keys.createdAt), asc(keys.id))
        .limit(limit + 1),
    );
    return pageOf(found.map(keyOf), limit, keyCursor);
  }

  async revokeKey(id: string, at: Date): Promise<KeyRecord | undefined> {
    const found = await this.#database.run((orm) =>
      orm
        .update(keys)
        .set({ revokedAt: sql`coalesce(${keys.revokedAt}, ${at.toISOString()}::timestamptz)` })
        .where(eq(keys.id, id))
        .returning(),
    );
    return found[0] === undefined ? undefined : keyOf(found[0]);
  }

  async addUsage({ id, rows, lastUsed }: UsageBatch): Promise<void> {
    // In one order everywhere: two servers that add to the same rows must not wait for one another.
    const sorted = rows.toSorted((a, b) => compare(usageCursor(a), usageCursor(b)));
    const used = [...lastUsed].toSorted(([a], [b]) => compare(a, b));
    await this.#database.transaction(async (change) => {
      const added = await change.insert(usageBatches).values({ id }).onConflictDoNothing().returning({ id: usageBatches.id });
      if (added.length === 0) return;
      if (sorted.length > 0) {
        await change
          .insert(usage)
          .values([...sorted])
          .onConflictDoUpdate({
            target: [usage.userId, usage.day, usage.keyId, usage.model],
            set: {
              requests: sql`${usage.requests} + excluded.requests`,
              embeddings: sql`${usage.embeddings} + excluded.embeddings`,
              cacheHits: sql`${usage.cacheHits} + excluded.cache_hits`,
              tokens: sql`${usage.tokens} + excluded.tokens`,
              cost: sql`${usage.cost} + excluded.cost`,
            },
          });
      }
      for (const [key, at] of used) {
        await change
          .update(keys)
          .set({ lastUsedAt: sql`greatest(${keys.lastUsedAt}, ${at.toISOString()}::timestamptz)` })
          .where(eq(keys.id, key));
      }
    });
  }

  async usage({ userId, from, to }: UsageQuery, { limit, cursor }: PageQuery): Promise<Page<UsageRow>> {
    const [user, day, key, model] = cursor === undefined ? [] : readUsageCursor(cursor);
    const after =
      cursor === undefined
        ? undefined
        : sql`(${usage.userId}, ${usage.day}, ${usage.keyId}, ${usage.model}) > (${user}, ${day}, ${key}, ${model})`;
    const found = await this.#database.run((orm) =>
      orm
        .select()
        .from(usage)
        .where(and(userId === undefined ? undefined : eq(usage.userId, userId), gte(usage.day, from), lte(usage.day, to), after))
        .orderBy(asc(usage.userId), asc(usage.day), asc(usage.keyId), asc(usage.model))
        .limit(limit + 1),
    );
    return pageOf(found, limit, usageCursor);
  }

  async costOf(userId: string, month: string): Promise<number> {
    const found = await this.#database.run((orm) =>
      orm
        .select({ cost: sql<string>`coalesce(sum(${usage.cost}), 0)` })
        .from(usage)
        .where(and(eq(usage.userId, userId), gte(usage.day, month), lt(usage.day, `${month}~`))),
    );
    return Number(found[0]?.cost ?? 0);
  }

  /** Forgets batches that nobody can send again. */
  async forgetOldBatches(): Promise<void> {
    await this.#database.run((orm) => orm.delete(usageBatches).where(sql`${usageBatches.addedAt} < now() - ${batchesKept}`));
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #has(which: SQL | undefined): Promise<boolean> {
    return (await this.#database.run((orm) => orm.select({ id: users.id }).from(users).where(which).limit(1))).length > 0;
  }
}

/** Absent is NULL there and undefined here. */
function keyOf({ expiresAt, revokedAt, lastUsedAt, ...key }: typeof keys.$inferSelect): KeyRecord {
  return { ...key, expiresAt: expiresAt ?? undefined, revokedAt: revokedAt ?? undefined, lastUsedAt: lastUsedAt ?? undefined };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function codeOf(error: unknown): string | undefined {
  const cause = causeOf(error);
  return cause instanceof DatabaseError ? cause.code : undefined;
}
