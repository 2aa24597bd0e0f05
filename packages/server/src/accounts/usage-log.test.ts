import { describe, expect, test } from 'vitest';
import type { UsageBatch, UsageCounts } from './records.js';
import { UsageLog, type UsageJournal } from './usage-log.js';

const who = { userId: 'u', keyId: 'k', model: 'm' };
const once: UsageCounts = { requests: 1, embeddings: 2, cacheHits: 1, tokens: 9, cost: 1100 };
const times = (n: number): UsageCounts => ({ requests: n, embeddings: 2 * n, cacheHits: n, tokens: 9 * n, cost: 1100 * n });
const log = { warn: () => undefined, info: () => undefined };

/** A store that can be away, or lose its answer on the way; a batch that comes twice counts once. */
class Store {
  away = false;
  answersLost = 0;
  readonly #seen = new Set<string>();
  requests = 0;
  readonly rows: string[] = [];
  readonly lastUsed: [string, Date][] = [];

  async addUsage({ id, rows, lastUsed }: UsageBatch): Promise<void> {
    if (this.away) throw new Error('away');
    if (!this.#seen.has(id)) {
      this.#seen.add(id);
      this.lastUsed.push(...lastUsed);
      for (const row of rows) {
        this.requests += row.requests;
        this.rows.push(`${row.day} ${row.model} ${row.requests}`);
      }
    }
    if (this.answersLost-- > 0) throw new Error('the answer was lost');
  }
}

class Journal implements UsageJournal {
  readonly kept = new Map<string, UsageBatch>();
  async batches(): Promise<UsageBatch[]> {
    return [...this.kept.values()];
  }
  async keep(batch: UsageBatch): Promise<void> {
    this.kept.set(batch.id, structuredClone(batch));
  }
  async drop(id: string): Promise<void> {
    this.kept.delete(id);
  }
}

describe('usage', () => {
  test('adds up by day, key and model before it is written', async () => {
    const store = new Store();
    let now = new Date('2026-01-31T23:59:59Z');
    const usage = await UsageLog.open({ store, log, now: () => now });
    usage.record(who, once);
    usage.record(who, once);
    usage.record({ ...who, model: 'other' }, once);
    now = new Date('2026-02-01T00:00:00Z');
    usage.record(who, once);
    await usage.close();
    expect(store.rows).toEqual(['2026-01-31 m 2', '2026-01-31 other 1', '2026-02-01 m 1']);
  });

  test('of a key that does not embed is its last use, written once a minute', async () => {
    const store = new Store();
    let now = new Date('2026-01-31T10:00:00Z');
    const usage = await UsageLog.open({ store, log, now: () => now });
    const use = async (at: string): Promise<void> => {
      now = new Date(at);
      usage.touch('k');
      await usage.write();
    };
    for (const at of ['2026-01-31T10:00:00Z', '2026-01-31T10:00:59Z', '2026-01-31T10:01:00Z']) await use(at);
    await usage.close();
    expect(store.lastUsed).toEqual([
      ['k', new Date('2026-01-31T10:00:00Z')],
      ['k', new Date('2026-01-31T10:01:00Z')],
    ]);
  });

  test('is written by itself within a second', async () => {
    const store = new Store();
    const usage = await UsageLog.open({ store, log });
    usage.record(who, times(3));
    while (store.requests < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    await usage.close();
  });

  test('whose answer was lost is sent again and counts once', async () => {
    const store = new Store();
    const usage = await UsageLog.open({ store, log });
    store.answersLost = 2;
    for (let i = 0; i < 4; i++) {
      usage.record(who, once);
      await usage.write();
    }
    await usage.close();
    expect(store.requests).toBe(4);
  });

  test('that comes while the store is away lies in the journal, and a later start writes it', async () => {
    const [store, journal] = [new Store(), new Journal()];
    const usage = await UsageLog.open({ store, journal, log });
    store.away = true;
    for (let i = 0; i < 5; i++) {
      usage.record(who, once);
      await usage.write();
    }
    expect(usage.isFailing).toBe(true);
    // Killed here: what a later start finds is the journal alone.
    expect(journal.kept.size).toBe(2);
    store.away = false;
    const later = await UsageLog.open({ store, journal, log });
    expect([store.requests, journal.kept.size]).toEqual([5, 0]);
    // The first one lives on in this test: what it still holds is in already.
    await usage.close();
    expect([store.requests, journal.kept.size, usage.isFailing]).toEqual([5, 0, false]);
    await later.close();
  });

  test('leaves nothing in the journal once the store is back', async () => {
    const [store, journal] = [new Store(), new Journal()];
    const usage = await UsageLog.open({ store, journal, log });
    store.away = true;
    usage.record(who, once);
    await usage.write();
    usage.record(who, once);
    await usage.write();
    store.away = false;
    usage.record(who, once);
    await usage.write();
    expect([store.requests, journal.kept.size]).toEqual([3, 0]);
    await usage.close();
  });
});
