import { expect, test } from 'vitest';
import { newSeed, Random } from './testing.js';
import { SplitMap } from './split-map.js';

const seed = newSeed();

test(`a map in parts holds what a map holds (seed ${seed})`, () => {
  const random = new Random(seed);
  const map = new Map<string, number>();
  const split = SplitMap.byId<number>();
  for (let step = 0; step < 20_000; step++) {
    const id = `id-${random.below(3000)}${'x'.repeat(random.below(60))}`;
    if (random.below(3) === 0) expect(split.delete(id)).toBe(map.delete(id));
    else {
      split.set(id, step);
      map.set(id, step);
    }
    expect([split.get(id), split.has(id)]).toEqual([map.get(id), map.has(id)]);
  }
  expect(split.size).toBe(map.size);
  expect(new Map(split.entries())).toEqual(map);
});

test.each([
  ['numbers', (i: number) => String(i)],
  ['names with a number behind', (i: number) => `documents/2026/page-${i}`],
  ['names with a number in front', (i: number) => `${i}-of-the-same-collection-of-many-documents`],
  ['UUIDs that differ in the middle alone', (i: number) => `00000000-0000-${String(i).padStart(6, '0')}-0000-000000000000`],
])('no part of a hundred thousand %s has more than three times its share', (_, idOf) => {
  const split = SplitMap.byId<number>();
  for (let i = 0; i < 100_000; i++) split.set(idOf(i), i);
  const sizes = [...split.partSizes()];
  expect(sizes).toHaveLength(64);
  expect(Math.max(...sizes)).toBeLessThan((3 * 100_000) / 64);
});

test('rows come back in their order', () => {
  const split = SplitMap.byRow<string>();
  for (let row = 1; row < 100_000; row += 7) split.set(row, '');
  const rows = [...split.keys()];
  expect(rows).toEqual(rows.toSorted((a, b) => a - b));
});
