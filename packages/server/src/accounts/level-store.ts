// The accounts store in the data directory's own LevelDB: one process, so what it wrote is what there is.
//
//   accounts/user/{id}                          the user
//   accounts/email/{address}                    the user's id
//   accounts/key/{id}                           the key
//   accounts/user-key/{user}/{created}/{id}     empty: the keys of a user in order
//   accounts/usage/{user}/{day}/{key}/{model}   sums
//   accounts/last-usage-batch                   the id of the batch that was added last
import { VoisinError } from '../errors.js';
import type { AccountStore } from './account-store.js';
import { keyCursor, readKeyCursor, readUsageCursor, readUserCursor, usageCursor, userCursor } from './cursors.js';
import { keyFromJson, keyToJson, usageFromJson, usageToJson, userFromJson, userToJson } from './level-records.js';
import { pageOf } from './page.js';
import type { KeyOwner, KeyRecord, Page, PageQuery, UsageBatch, UsageQuery, UsageRow, User, UserChange } from './records.js';
import { addCounts } from './usage-counts.js';

type Change = { readonly type: 'put'; readonly key: string; readonly value: string } | { readonly type: 'del'; readonly key: string };

/** The part of store/key-value.ts that is used here. */
export interface Records {
  get(key: string): Promise<string | undefined>;
  /** All or nothing, and durable. */
  write(changes: readonly Change[]): Promise<void>;
  range(range: { readonly gte: string; readonly lt: string; readonly limit?: number }): Promise<[string, string][]>;
}

const place = {
  user: (id: string): string => `accounts/user/${id}`,
  email: (email: string): string => `accounts/email/${email}`,
  key: (id: string): string => `accounts/key/${id}`,
  userKey: (user: string, cursor = ''): string => `accounts/user-key/${user}/${cursor}`,
  usage: (rest: string): string => `accounts/usage/${rest}`,
  lastBatch: 'accounts/last-usage-batch',
};
/** Entries that are read at a time where all are wanted, and where only those of some days are. */
const [entriesAtOnce, entriesOfJump] = [1000, 100];
/** Sorts after every key that begins with the text before it. */
const end = '\u{10ffff}';
const usageKey = (row: UsageRow): string => place.usage(usageCursor(row));

export class LevelAccountStore implements AccountStore {
  readonly shared = false;
  readonly #records: Records;
  #last: Promise<unknown> = Promise.resolve();

  constructor(records: Records) {
    this.#records = records;
  }

  createUser(user: User, firstKey: KeyRecord): Promise<void> {
    return this.#alone(async () => {
      if ((await this.#records.get(place.email(user.email))) !== undefined)
        throw new VoisinError('already_exists', `email: there is a user ${user.email} already`, { field: 'email' });
      await this.#records.write([
        { type: 'put', key: place.user(user.id), value: userToJson(user) },
        { type: 'put', key: place.email(user.email), value: user.id },
        ...putKey(firstKey),
      ]);
    });
  }

  async user(id: string): Promise<User | undefined> {
    const found = await this.#records.get(place.user(id));
    return found === undefined ? undefined : userFromJson(found);
  }

  async userByEmail(email: string): Promise<User | undefined> {
    const id = await this.#records.get(place.email(email));
    return id === undefined ? undefined : this.user(id);
  }

  async users({ limit, cursor }: PageQuery): Promise<Page<User>> {
    if (cursor !== undefined) readUserCursor(cursor);
    const found = await this.#after(place.user(''), cursor, limit);
    return pageOf(
      found.map(([, value]) => userFromJson(value)),
      limit,
      userCursor,
    );
  }

  async hasUsers(): Promise<boolean> {
    return (await this.#after(place.user(''), undefined, 0)).length > 0;
  }

  async hasAdmin(): Promise<boolean> {
    for await (const users of this.#pages(place.user(''), place.user(end))) {
      if (users.some(([, value]) => userFromJson(value).admin)) return true;
    }
    return false;
  }

  updateUser(id: string, change: UserChange): Promise<User | undefined> {
    return this.#alone(async () => {
      const user = await this.user(id);
      if (user === undefined) return undefined;
      const changed = { ...user, ...change };
      await this.#records.write([{ type: 'put', key: place.user(id), value: userToJson(changed) }]);
      return changed;
    });
  }

  deleteUser(id: string): Promise<boolean> {
    return this.#alone(async () => {
      const user = await this.user(id);
      if (user === undefined) return false;
      const keys = await this.#records.range({ gte: place.userKey(id), lt: place.userKey(id, end) });
      await this.#records.write([
        { type: 'del', key: place.user(id) },
        { type: 'del', key: place.email(user.email) },
        ...keys.flatMap(([key]): Change[] => [
          { type: 'del', key },
          { type: 'del', key: place.key(lastPart(key)) },
        ]),
      ]);
      return true;
    });
  }

  createKey(key: KeyRecord, most: number): Promise<boolean> {
    return this.#alone(async () => {
      if ((await this.user(key.userId)) === undefined) throw new VoisinError('not_found', `no user ${key.userId}`, { field: 'user' });
      let live = 0;
      for await (const places of this.#pages(place.userKey(key.userId), place.userKey(key.userId, end))) {
        const keys = await Promise.all(places.map(([at]) => this.#key(lastPart(at))));
        live += keys.filter((one) => one !== undefined && one.revokedAt === undefined).length;
        if (live >= most) return false;
      }
      await this.#records.write(putKey(key));
      return true;
    });
  }

  async key(id: string): Promise<KeyOwner | undefined> {
    const key = await this.#key(id);
    const user = key === undefined ? undefined : await this.user(key.userId);
    return key === undefined || user === undefined ? undefined : { key, user };
  }

  async keys(userId: string, { limit, cursor }: PageQuery): Promise<Page<KeyRecord>> {
    if (cursor !== undefined) readKeyCursor(cursor);
    const found = await this.#after(place.userKey(userId), cursor, limit);
    const keys = await Promise.all(found.map(([key]) => this.#key(lastPart(key))));
    return pageOf(
      keys.filter((key) => key !== undefined),
      limit,
      keyCursor,
    );
  }

  revokeKey(id: string, at: Date): Promise<KeyRecord | undefined> {
    return this.#alone(async () => {
      const key = await this.#key(id);
      if (key === undefined || key.revokedAt !== undefined) return key;
      const revoked = { ...key, revokedAt: at };
      await this.#records.write([{ type: 'put', key: place.key(id), value: keyToJson(revoked) }]);
      return revoked;
    });
  }

  /** A batch whose writing failed may be there all the same, and comes again before any other: it counts once. */
  addUsage({ id, rows, lastUsed }: UsageBatch): Promise<void> {
    return this.#alone(async () => {
      if ((await this.#records.get(place.lastBatch)) === id) return;
      const sums = await Promise.all(
        rows.map(async (row): Promise<Change> => {
          const known = await this.#records.get(usageKey(row));
          const sum = known === undefined ? row : { ...row, ...addCounts(usageFromJson(known), row) };
          return { type: 'put', key: usageKey(row), value: usageToJson(sum) };
        }),
      );
      const keys = await Promise.all([...lastUsed].map(([id, at]) => this.#used(id, at)));
      await this.#records.write([...sums, ...keys.flat(), { type: 'put', key: place.lastBatch, value: id }]);
    });
  }

  async usage({ userId, from, to }: UsageQuery, { limit, cursor }: PageQuery): Promise<Page<UsageRow>> {
    if (cursor !== undefined) readUsageCursor(cursor);
    const prefix = userId === undefined ? '' : `${userId}/`;
    const first = userId === undefined ? '' : prefix + from;
    // Whose usage it is, the cursor does not decide: one from another list must not begin among somebody else's.
    const gte = cursor === undefined || cursor < first ? place.usage(first) : `${place.usage(cursor)}\0`;
    if (userId === undefined) return pageOf(await this.#usageOfAll(gte, { from, to }, limit + 1), limit, usageCursor);
    const found = await this.#records.range({ gte, lt: place.usage(`${prefix}${to}${end}`), limit: limit + 1 });
    return pageOf(
      found.map(([key, value]) => rowOf(key, value)),
      limit,
      usageCursor,
    );
  }

  /** Of everyone, the first `most` rows of these days: the days of a user before and after them are jumped over. */
  async #usageOfAll(first: string, { from, to }: { readonly from: string; readonly to: string }, most: number): Promise<UsageRow[]> {
    const rows: UsageRow[] = [];
    for (let gte: string | undefined = first; gte !== undefined && rows.length < most;) {
      const limit = Math.min(most - rows.length, entriesOfJump);
      const found = await this.#records.range({ gte, lt: place.usage(end), limit });
      gte = found.length < limit ? undefined : `${found.at(-1)?.[0] ?? ''}\0`;
      for (const [key, value] of found) {
        const row = rowOf(key, value);
        if (row.day >= from && row.day <= to) {
          rows.push(row);
          continue;
        }
        gte = place.usage(`${row.userId}/${row.day < from ? from : end}`);
        break;
      }
    }
    return rows;
  }

  async costOf(userId: string, month: string): Promise<number> {
    let sum = 0;
    for await (const found of this.#pages(place.usage(`${userId}/${month}`), place.usage(`${userId}/${month}${end}`))) {
      for (const [, value] of found) sum += usageFromJson(value).cost;
    }
    return sum;
  }

  /** The records belong to the data directory, which closes them; what is being written is waited for. */
  async close(): Promise<void> {
    await this.#last;
  }

  async #key(id: string): Promise<KeyRecord | undefined> {
    const found = await this.#records.get(place.key(id));
    return found === undefined ? undefined : keyFromJson(found);
  }

  async #used(id: string, at: Date): Promise<Change[]> {
    const key = await this.#key(id);
    if (key === undefined || (key.lastUsedAt !== undefined && key.lastUsedAt >= at)) return [];
    return [{ type: 'put', key: place.key(id), value: keyToJson({ ...key, lastUsedAt: at }) }];
  }

  /** Everything in a range, a bounded number of entries at a time: other requests run between two of them. */
  async *#pages(first: string, lt: string): AsyncGenerator<[string, string][]> {
    for (let gte: string | undefined = first; gte !== undefined;) {
      const found = await this.#records.range({ gte, lt, limit: entriesAtOnce });
      if (found.length > 0) yield found;
      gte = found.length < entriesAtOnce ? undefined : `${found.at(-1)?.[0] ?? ''}\0`;
    }
  }

  #after(prefix: string, cursor: string | undefined, limit: number): Promise<[string, string][]> {
    const gte = cursor === undefined ? prefix : `${prefix}${cursor}\0`;
    return this.#records.range({ gte, lt: prefix + end, limit: limit + 1 });
  }

  /** Reads and writes back without another change between the two. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

const putKey = (key: KeyRecord): Change[] => [
  { type: 'put', key: place.key(key.id), value: keyToJson(key) },
  { type: 'put', key: place.userKey(key.userId, keyCursor(key)), value: '' },
];

const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

function rowOf(key: string, value: string): UsageRow {
  const [userId = '', day = '', keyId = '', ...model] = key.slice(place.usage('').length).split('/');
  return { userId, day, keyId, model: model.join('/'), ...usageFromJson(value) };
}
