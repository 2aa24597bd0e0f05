// What every accounts store does: one contract, run on both.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccountStore } from './account-store.js';
import type { KeyRecord, UsageRow, User } from './records.js';
import { postgresProblem } from '../../test/support/services.js';
import { skipped } from '../../test/support/skipped.js';
import { levelStoreForTest, postgresStoreForTest, type StoreForTest } from './stores.test-help.js';

const problem = await postgresProblem();
const stores: [name: string, open: () => Promise<StoreForTest>, skipped: string | undefined][] = [
  ['LevelDB', levelStoreForTest, undefined],
  ['PostgreSQL', postgresStoreForTest, problem],
];

const at = (text: string): Date => new Date(text);
const all = { limit: 100 };

function user(number: number, more: Partial<User> = {}): User {
  const id = `usr_00000000${number}`;
  const fields = { email: `u${number}@example.com`, tenant: 't', tier: 'free', admin: false, disabled: false };
  return { id, ...fields, createdAt: at('2026-01-01T00:00:00.123Z'), ...more };
}

function key(number: number, more: Partial<KeyRecord> = {}): KeyRecord {
  const absent = { expiresAt: undefined, revokedAt: undefined, lastUsedAt: undefined };
  const id = String(number).padStart(16, '0');
  return {
    id,
    userId: user(1).id,
    name: `key ${number}`,
    hash: '$2b$10$x',
    createdAt: at(`2026-01-0${number}T00:00:00Z`),
    ...absent,
    ...more,
  };
}

/** Comes after every other key of the user. */
const firstKey = (number: number): KeyRecord => key(9, { id: `f${number}`.padStart(16, '0'), userId: user(number).id });
const most = 100;

function row(day: string, more: Partial<UsageRow> = {}): UsageRow {
  const counts = { requests: 1, embeddings: 2, cacheHits: 1, tokens: 9, cost: 1100 };
  return { userId: user(1).id, keyId: key(1).id, model: 'sentence-transformers/all-MiniLM-L6-v2', day, ...counts, ...more };
}

const batch = (rows: UsageRow[], lastUsed: [string, Date][] = []) => ({ id: randomUUID(), rows, lastUsed: new Map(lastUsed) });

describe.each(stores)('accounts in %s', (_name, open, skipped) => {
  let place: StoreForTest;
  let store: AccountStore;
  beforeEach(async (context) => {
    if (skipped !== undefined) context.skip(skipped);
    place = await open();
    store = place.store;
  });
  afterEach(async () => {
    if (skipped === undefined) await place.remove();
  });

  test('a user is found by id and by address, as it was made', async () => {
    expect([await store.hasUsers(), await store.hasAdmin(), await store.user('usr_x')]).toEqual([false, false, undefined]);
    await store.createUser(user(1), firstKey(1));
    expect([await store.hasUsers(), await store.hasAdmin()]).toEqual([true, false]);
    await store.createUser(user(2, { admin: true, tier: 'scale' }), firstKey(2));
    expect(await store.hasAdmin()).toBe(true);
    expect(await store.user(user(1).id)).toEqual(user(1));
    expect(await store.userByEmail('u2@example.com')).toEqual(user(2, { admin: true, tier: 'scale' }));
    expect(await store.userByEmail('nobody@example.com')).toBeUndefined();
  });

  test('an address has one user, however many are made at once', async () => {
    const made = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((number) => store.createUser(user(number, { email: 'same@example.com' }), firstKey(number))),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of made)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'already_exists', details: { field: 'email' } });
    const [only] = (await store.users(all)).items;
    expect((await store.users(all)).items).toHaveLength(1);
    const kept = await Promise.all([1, 2, 3, 4, 5].map(async (number) => (await store.key(firstKey(number).id))?.user));
    expect(kept.filter((owner) => owner !== undefined)).toEqual([only]);
  });

  test('a user is made with a first key', async () => {
    await store.createUser(user(1), firstKey(1));
    expect(await store.key(firstKey(1).id)).toEqual({ key: firstKey(1), user: user(1) });
    expect((await store.keys(user(1).id, all)).items).toEqual([firstKey(1)]);
  });

  test('a user has at most so many keys that are not revoked, however many come at once', async () => {
    await store.createUser(user(1), firstKey(1));
    const other = await place.another();
    const numbers = [...Array(20).keys()];
    const more = (number: number): KeyRecord => key(1, { id: `e${number}`.padStart(16, '0') });
    const made = await Promise.all(numbers.map((number) => (number % 2 === 0 ? store : other).createKey(more(number), 5)));
    expect(made.filter(Boolean)).toHaveLength(4);
    const { items } = await store.keys(user(1).id, all);
    expect(items).toHaveLength(5);
    expect(await store.createKey(key(1), 5)).toBe(false);
    await store.revokeKey(firstKey(1).id, new Date());
    expect(await store.createKey(key(1), 5)).toBe(true);
    expect(await store.createKey(key(2), 5)).toBe(false);
    await expect(store.createKey(key(3, { userId: 'usr_x' }), 5)).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.key(key(3).id)).toBeUndefined();
  });

  test('a user is changed, and deleted with their keys but not with their usage', async () => {
    await store.createUser(user(1), firstKey(1));
    await store.createKey(key(1), most);
    await store.createKey(key(2), most);
    expect(await store.updateUser(user(1).id, { tier: 'pro', disabled: true })).toEqual(user(1, { tier: 'pro', disabled: true }));
    expect(await store.user(user(1).id)).toMatchObject({ tier: 'pro', disabled: true });
    expect(await store.updateUser('usr_x', { tier: 'pro' })).toBeUndefined();
    await store.addUsage(batch([row('2026-01-01')]));
    expect(await store.deleteUser(user(1).id)).toBe(true);
    expect(await store.deleteUser(user(1).id)).toBe(false);
    expect([await store.user(user(1).id), await store.key(key(1).id), await store.key(key(2).id)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect((await store.usage({ userId: user(1).id, from: '2026-01-01', to: '2026-01-31' }, all)).items).toEqual([row('2026-01-01')]);
    await store.createUser(user(2, { email: user(1).email }), firstKey(2));
  });

  test('users come page by page in order', async () => {
    for (const number of [3, 1, 2]) await store.createUser(user(number), firstKey(number));
    const first = await store.users({ limit: 2 });
    expect(first.items).toEqual([user(1), user(2)]);
    const second = await store.users({ limit: 2, cursor: first.nextCursor });
    expect(second).toEqual({ items: [user(3)] });
    expect((await store.users({ limit: 3 })).nextCursor).toBeUndefined();
  });

  test('a key is found with its user, and the keys of a user page by page as they were made', async () => {
    await store.createUser(user(1), firstKey(1));
    await store.createUser(user(2), firstKey(2));
    const expiring = key(2, { expiresAt: at('2027-01-01T00:00:00.5Z') });
    for (const one of [key(3), expiring, key(1), key(4, { userId: user(2).id })]) await store.createKey(one, most);
    expect(await store.key(expiring.id)).toEqual({ key: expiring, user: user(1) });
    expect(await store.key('ffffffffffffffff')).toBeUndefined();
    const first = await store.keys(user(1).id, { limit: 2 });
    expect(first.items).toEqual([key(1), expiring]);
    expect(await store.keys(user(1).id, { limit: 2, cursor: first.nextCursor })).toEqual({ items: [key(3), firstKey(1)] });
    expect((await store.keys('usr_x', all)).items).toEqual([]);
  });

  test('a key is revoked once, for every server at once', async () => {
    await store.createUser(user(1), firstKey(1));
    await store.createKey(key(1), most);
    const other = await place.another();
    expect(await store.revokeKey(key(1).id, at('2026-02-01T00:00:00Z'))).toMatchObject({ revokedAt: at('2026-02-01T00:00:00Z') });
    expect((await other.key(key(1).id))?.key.revokedAt).toEqual(at('2026-02-01T00:00:00Z'));
    expect((await other.revokeKey(key(1).id, at('2026-03-01T00:00:00Z')))?.revokedAt).toEqual(at('2026-02-01T00:00:00Z'));
    expect(await store.revokeKey('ffffffffffffffff', new Date())).toBeUndefined();
  });

  test('usage adds up by key, model and day, from several at once', async () => {
    await store.createUser(user(1), firstKey(1));
    await store.createKey(key(1), most);
    const other = await place.another();
    const rows = [row('2026-01-31'), row('2026-01-31', { model: 'm' }), row('2026-02-01')];
    await Promise.all(
      [...Array(20).keys()].map((i) => (i % 2 === 0 ? store : other).addUsage(batch(i % 3 === 0 ? rows : rows.toReversed()))),
    );
    const sums = { requests: 20, embeddings: 40, cacheHits: 20, tokens: 180, cost: 22_000 };
    const { items } = await store.usage({ userId: user(1).id, from: '2026-01-01', to: '2026-12-31' }, all);
    expect(items).toEqual([
      { ...row('2026-01-31', { model: 'm' }), ...sums },
      { ...row('2026-01-31'), ...sums },
      { ...row('2026-02-01'), ...sums },
    ]);
    expect([await store.costOf(user(1).id, '2026-01'), await store.costOf(user(1).id, '2026-02')]).toEqual([44_000, 22_000]);
    expect([await store.costOf(user(1).id, '2026-03'), await store.costOf('usr_x', '2026-01')]).toEqual([0, 0]);
  });

  test('the last use of a key never goes back', async () => {
    await store.createUser(user(1), firstKey(1));
    await store.createKey(key(1), most);
    await store.addUsage(batch([], [[key(1).id, at('2026-05-02T00:00:00Z')]]));
    await store.addUsage(batch([], [[key(1).id, at('2026-05-01T00:00:00Z')]]));
    await store.addUsage(batch([], [['ffffffffffffffff', at('2026-05-01T00:00:00Z')]]));
    expect((await store.key(key(1).id))?.key.lastUsedAt).toEqual(at('2026-05-02T00:00:00Z'));
  });

  test('usage is listed between two days, of one user or of all, page by page', async () => {
    const days = ['2026-01-01', '2026-01-02', '2026-01-03'];
    const rows = days.flatMap((day) => [row(day), row(day, { userId: user(2).id, keyId: key(2).id }), row(day, { model: 'b/c' })]);
    await store.addUsage(batch(rows));
    const collect = async (userId: string | undefined, limit: number, from: string, to: string): Promise<UsageRow[]> => {
      const found: UsageRow[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.usage({ userId, from, to }, { limit, cursor });
        found.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return found;
    };
    const one = await collect(user(1).id, 1, '2026-01-02', '2026-01-03');
    expect(one.map(({ day, model }) => [day, model])).toEqual([
      ['2026-01-02', 'b/c'],
      ['2026-01-02', row('').model],
      ['2026-01-03', 'b/c'],
      ['2026-01-03', row('').model],
    ]);
    const everyone = await collect(undefined, 2, '2026-01-02', '2026-01-02');
    expect(everyone.map(({ userId, model }) => [userId, model])).toEqual([
      [user(1).id, 'b/c'],
      [user(1).id, row('').model],
      [user(2).id, row('').model],
    ]);
    expect(await collect(undefined, 4, '2026-01-01', '2026-01-03')).toHaveLength(9);
  });

  test('the cursor of somebody else’s usage leads to none of theirs', async () => {
    const own = row('2026-01-01', { userId: user(2).id });
    await store.addUsage(batch([row('2026-01-01'), row('2026-01-02'), row('2026-01-03'), own]));
    const january = { from: '2026-01-01', to: '2026-01-31' };
    const { nextCursor } = await store.usage({ userId: user(1).id, ...january }, { limit: 1 });
    expect((await store.usage({ userId: user(2).id, ...january }, { limit: 100, cursor: nextCursor })).items).toEqual([own]);
  });

  test.each([
    'garbage',
    '\0',
    'é',
    'a/b/c',
    '2026-01-01/\0',
    '2026-02-31T00:00:00.000Z/0000000000000001',
    '0000-01-01T00:00:00.000Z/0000000000000001',
    'usr_1/2026-01-01/0000000000000001/\0',
    'usr_1/2026-01-01/\ud800/m',
    'usr_\0',
  ])('%j is the cursor of no page', async (cursor) => {
    const page = { limit: 10, cursor };
    const january = { userId: user(1).id, from: '2026-01-01', to: '2026-01-31' };
    const lists = [() => store.users(page), () => store.keys(user(1).id, page), () => store.usage(january, page)];
    for (const list of lists) await expect(list()).rejects.toMatchObject({ code: 'invalid_argument', details: { field: 'cursor' } });
  });
});

test.skipIf(problem !== undefined)(`a batch of usage that comes twice counts once in PostgreSQL${skipped(problem)}`, async () => {
  const place = await postgresStoreForTest();
  const same = batch([row('2026-01-01')]);
  await Promise.all([1, 2, 3].map(() => place.store.addUsage(same)));
  expect(await place.store.costOf(user(1).id, '2026-01')).toBe(1100);
  await place.remove();
});

test.skipIf(problem !== undefined)(`a user whose first key cannot be kept is not made in PostgreSQL${skipped(problem)}`, async () => {
  const place = await postgresStoreForTest();
  await expect(place.store.createUser(user(1), { ...firstKey(1), name: 'a\0b' })).rejects.toThrow();
  expect([await place.store.hasUsers(), await place.store.userByEmail(user(1).email)]).toEqual([false, undefined]);
  await place.remove();
});

test.skipIf(problem !== undefined)(`servers that start together on an empty database bring it up once${skipped(problem)}`, async () => {
  const place = await postgresStoreForTest();
  const others = await Promise.all([1, 2, 3].map(() => place.another()));
  await Promise.all(others.map((store, i) => store.createUser(user(i + 1), firstKey(i + 1))));
  expect((await place.store.users(all)).items).toHaveLength(3);
  await place.remove();
});
