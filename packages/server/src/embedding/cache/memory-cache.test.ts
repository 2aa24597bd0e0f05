import { expect, test } from 'vitest';
import type { Embedded } from '../batcher.js';
import { keyOf } from '../testing.js';
import { MemoryCache } from './memory-cache.js';

/** A vector of its own for each seed. */
const embedded = (values: number, seed = 0): Embedded => ({
  vector: Float32Array.from({ length: values }, (_, i) => seed + i / 1000),
  tokens: seed,
  truncated: false,
  dropped: 0,
});

test('the least recently used entry leaves when there are too many', () => {
  const cache = new MemoryCache({ entries: 2, bytes: 1e6 });
  cache.set(keyOf('a'), embedded(4));
  cache.set(keyOf('b'), embedded(4));
  cache.get(keyOf('a'));
  cache.set(keyOf('c'), embedded(4));
  expect([cache.get(keyOf('a')), cache.get(keyOf('b')), cache.get(keyOf('c'))].map((entry) => entry !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
  expect(cache.size).toBe(2);
});

test('the bytes of vectors are bounded, and a vector larger than all of them is not kept', () => {
  const cache = new MemoryCache({ entries: 1000, bytes: 50_000 });
  for (let i = 0; i < 100; i++) cache.set(keyOf(`text ${i}`), embedded(384, i));
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  const full = cache.size;
  expect(full).toBeGreaterThan(20);
  const last = keyOf('one more');
  cache.set(last, embedded(384, 7));
  expect(cache.get(last)).toEqual(embedded(384, 7));
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  expect(cache.size).toBeGreaterThan(full - 10);
  cache.set(keyOf('larger than all'), embedded(20_000));
  expect(cache.get(keyOf('larger than all'))).toBeUndefined();
  expect(cache.get(last)).toBeDefined();
});

test('ten thousand vectors of 384 values weigh little over their values, and more once they were asked for again', () => {
  const cache = new MemoryCache({ entries: 10_000, bytes: 64 * 2 ** 20 });
  for (let i = 0; i < 10_000; i++) cache.set(keyOf(`text ${i}`), embedded(384, i));
  expect(cache.size).toBe(10_000);
  expect(cache.bytes).toBeLessThan(1.2 * 10_000 * 384 * 4);
  const before = cache.bytes;
  const key = keyOf('text 7');
  const found = cache.get(key);
  const after = cache.bytes;
  // Beside the value: that at length 1, and the text.
  expect(after - before).toBe(384 * (4 + 12));
  expect(cache.get(key)?.vector).toBe(found?.vector);
  expect([cache.bytes, cache.size]).toEqual([after, 10_000]);
});

test('a vector is kept as it came, and one that was handed out stays as it is whatever comes and goes', () => {
  const cache = new MemoryCache({ entries: 100, bytes: 1e6 });
  const given = embedded(384, 1);
  cache.set(keyOf('mine'), given);
  given.vector.fill(0);
  const found = cache.get(keyOf('mine'));
  expect(found).toEqual(embedded(384, 1));
  for (let i = 0; i < 1000; i++) cache.set(keyOf(`other ${i}`), embedded(384, i));
  expect(cache.get(keyOf('mine'))).toBeUndefined();
  expect(found).toEqual(embedded(384, 1));
});

test('a key that is known keeps its value', () => {
  const cache = new MemoryCache({ entries: 2, bytes: 1e6 });
  cache.set(keyOf('a'), embedded(4, 1));
  cache.set(keyOf('a'), embedded(4, 2));
  expect(cache.get(keyOf('a'))).toEqual(embedded(4, 1));
  cache.set(keyOf('a'), embedded(4, 3));
  expect(cache.get(keyOf('a'))).toEqual(embedded(4, 1));
});

test('vectors of several models, at random: each is found whole or not at all, and the limits hold', () => {
  const seed = Date.now() % 1e9;
  let state = seed;
  const random = (below: number): number => (state = (state * 48_271 + 11) % 2_147_483_647) % below;
  const cache = new MemoryCache({ entries: 300, bytes: 400_000 });
  const dimensions = [3, 384, 1024];
  let found = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = random(900);
    const expected = embedded(dimensions[text % 3] ?? 0, text);
    const known = cache.get(keyOf(`${text}`));
    if (known) {
      expect(known, `seed ${seed}`).toEqual(expected);
      found++;
    } else cache.set(keyOf(`${text}`), expected);
    if (cache.size > 300 || cache.bytes > 400_000) expect.fail(`seed ${seed}: ${cache.size} entries, ${cache.bytes} bytes`);
  }
  expect(found, `seed ${seed}`).toBeGreaterThan(1000);
});

test.each([
  { entries: 0, bytes: 1e6 },
  { entries: 10, bytes: 0 },
])('a cache of nothing keeps nothing: $entries entries, $bytes bytes', (limits) => {
  const cache = new MemoryCache(limits);
  cache.set(keyOf('a'), embedded(4));
  expect([cache.get(keyOf('a')), cache.has(keyOf('a'))]).toEqual([undefined, false]);
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});
