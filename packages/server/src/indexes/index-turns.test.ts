import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { longestAllowed, measureTurns } from '../turns.test-help.js';
import { parseFilter } from './filter/index.js';
import type { ManagedIndex } from './managed-index.js';
import { names, Random, TestHouse } from './testing.js';

const rows = 60_000;
const atOnce = 10_000;
const dimension = 2;

/** Puts vectors under v0, v1, ...; each knows whether its number is odd. */
async function fillWith(index: ManagedIndex, random: Random): Promise<void> {
  for (let start = 0; start < rows; start += atOnce) {
    const ids = names(atOnce, start);
    const metadata = ids.map((id, at) => JSON.stringify({ odd: at % 2 === 1, name: `the name of ${id}` }));
    await index.upsert({ ids, values: random.vectors(atOnce, dimension), metadata });
  }
}

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`index-turns: SEED=${seed}`);

describe('one request to an index of many rows', () => {
  let house: TestHouse;
  let index: ManagedIndex;

  beforeAll(async () => {
    house = await TestHouse.make({ queueBytes: 2 ** 30 });
    index = await house.make({ dimension });
    await fillWith(index, new Random(seed));
  }, 60_000);
  afterAll(() => house[Symbol.asyncDispose]());

  const odd = parseFilter({ odd: true });

  it('may replace 10,000 rows, also while their columns are in use, in bounded turns', async () => {
    await index.count(parseFilter({ name: 'x', odd: true }));
    const ids = names(atOnce);
    const metadata = ids.map((id, at) => JSON.stringify({ odd: at % 2 === 1, name: `the second name of ${id}` }));
    const values = new Random(seed).vectors(atOnce, dimension);
    const { longest } = await measureTurns(() => index.upsert({ ids, values, metadata }));
    expect(longest).toBeLessThanOrEqual(longestAllowed);
    expect(await index.count(parseFilter({ name: { $contains: 'second' } }))).toBe(atOnce);
  });

  it('may search with many queries under a filter in bounded turns', async () => {
    const { result, longest } = await measureTurns(() => index.search(new Random(seed).vectors(200, dimension), { k: 100, filter: odd }));
    expect(result.map((hits) => hits.length)).toEqual(Array.from({ length: 200 }, () => 100));
    expect(longest).toBeLessThanOrEqual(longestAllowed);
  });

  it('may open the index with its snapshot, and without, in bounded turns', async () => {
    await house.restart();
    const opened = await measureTurns(() => house.get(index.definition.id).count());
    expect([opened.result, opened.longest <= longestAllowed]).toEqual([rows, true]);
    expect(opened.total).toBeGreaterThan(rows);
    index = house.get(index.definition.id);
  });

  it('may delete half of the rows by a filter in bounded turns, and everyone sees all of that or nothing', async () => {
    await index.count(odd);
    const seen = new Set<string>();
    let done = false;
    const look = async (): Promise<void> => {
      while (!done) {
        await new Promise(setImmediate);
        const [all, matching] = await Promise.all([index.count(), index.count(odd)]);
        seen.add(`${all} ${matching}`);
      }
    };
    const looking = look();
    const { result, longest, total } = await measureTurns(() => index.deleteWhere(odd));
    done = true;
    await looking;
    expect(result).toBe(rows / 2);
    expect(total).toBeGreaterThan(longestAllowed);
    // The counts of those who look on are counted with it.
    expect(longest).toBeLessThanOrEqual(longestAllowed + rows);
    seen.delete(`${rows} ${rows / 2}`);
    seen.delete(`${rows / 2} 0`);
    expect([...seen]).toEqual([]);
    await expect(index.get('v1')).rejects.toMatchObject({ code: 'not_found' });
    expect((await index.get('v2')).id).toBe('v2');
    await house.restart();
    index = house.get(index.definition.id);
    expect(await index.count()).toBe(rows / 2);
  });

  it('may compact the index with its columns in bounded turns', async () => {
    await house.settled(index);
    await index.count(parseFilter({ name: 'x', odd: false }));
    const { longest } = await measureTurns(() => index.compact());
    expect(longest).toBeLessThanOrEqual(longestAllowed);
    const before = await index.stats();
    expect([before.vector_count, before.dead_rows]).toEqual([rows / 2, 0]);
    expect(await index.count(parseFilter({ odd: false }))).toBe(rows / 2);
  });
});
