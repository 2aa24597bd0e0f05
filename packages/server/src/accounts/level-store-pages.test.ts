import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyValueStore } from '../store/key-value.js';
import { LevelAccountStore, type Records } from './level-store.js';
import type { UsageRow } from './records.js';

const counts = { requests: 1, embeddings: 1, cacheHits: 0, tokens: 3, cost: 1000 };
const users = Array.from({ length: 20 }, (_, at) => `user_${String(at).padStart(4, '0')}`);
const days = Array.from({ length: 365 }, (_, at) => new Date(Date.UTC(2025, 0, 1 + at)).toISOString().slice(0, 10));
const rowsOf = (userId: string): UsageRow[] => days.map((day) => ({ userId, keyId: 'k', model: 'a/b', day, ...counts }));

let directory: string;
let records: KeyValueStore;
/** The real records, and how many entries were read from them. */
let entries = 0;
let largest = 0;
let store: LevelAccountStore;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'voisin-usage-'));
  records = new KeyValueStore(join(directory, 'level'));
  const counting: Records = {
    get: (key) => records.get(key),
    write: (changes) => records.write(changes),
    async range(range) {
      const found = await records.range(range);
      entries += found.length;
      largest = Math.max(largest, found.length);
      return found;
    },
  };
  store = new LevelAccountStore(counting);
  for (const user of users) await store.addUsage({ id: user, rows: rowsOf(user), lastUsed: new Map() });
});
afterAll(async () => {
  await records.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a year of usage', () => {
  it('is read by the page for one user', async () => {
    entries = 0;
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.usage({ userId: users[3], from: '2025-02-01', to: '2025-03-31' }, { limit: 10, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ day }) => day));
      if (cursor === undefined) expect(entries).toBe(11);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(days.filter((day) => day >= '2025-02-01' && day <= '2025-03-31'));
  });

  it('of everyone is read by the page, without the days that nobody asked for', async () => {
    entries = 0;
    const from = '2025-06-30';
    const first = await store.usage({ userId: undefined, from, to: from }, { limit: 5 });
    expect(first.items.map(({ userId, day }) => [userId, day])).toEqual(users.slice(0, 5).map((user) => [user, from]));
    // Of a year of each of six users, a few entries.
    expect(entries).toBeLessThan(6 * 20);
    const rest = await store.usage(
      { userId: undefined, from, to: from },
      { limit: 1000, ...(first.nextCursor && { cursor: first.nextCursor }) },
    );
    expect(rest.items.map(({ userId }) => userId)).toEqual(users.slice(5));
    expect(rest.nextCursor).toBeUndefined();
  });

  it('is summed for a month a bounded number of entries at a time', async () => {
    const many = Array.from({ length: 2500 }, (_, at) => ({
      userId: 'user_many',
      keyId: `k${at}`,
      model: 'm',
      day: '2025-05-05',
      ...counts,
    }));
    await store.addUsage({ id: 'many', rows: many, lastUsed: new Map() });
    largest = 0;
    expect(await store.costOf('user_many', '2025-05')).toBe(2_500_000);
    expect(largest).toBeLessThanOrEqual(1000);
  });
});
