import { expect, test } from 'vitest';
import { MemoryCache } from './memory-cache.js';

const embedded = (values: number) => ({ vector: new Float32Array(values), tokens: 1, truncated: false, dropped: 0 });

test('the least recently used entry leaves when there are too many', () => {
  const cache = new MemoryCache({ entries: 2, bytes: 1e6 });
  cache.set('a', embedded(4));
  cache.set('b', embedded(4));
  cache.get('a');
  cache.set('c', embedded(4));
  expect([cache.get('a'), cache.get('b'), cache.get('c')].map((entry) => entry !== undefined)).toEqual([true, false, true]);
  expect(cache.size).toBe(2);
});

test('the bytes of vectors and of long texts are bounded', () => {
  const cache = new MemoryCache({ entries: 1000, bytes: 50_000 });
  for (let i = 0; i < 100; i++) cache.set(`text ${i}`, embedded(384));
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  expect(cache.size).toBeGreaterThan(2);
  const before = cache.size;
  cache.set('x'.repeat(20_000), embedded(4));
  expect(cache.get('x'.repeat(20_000))).toBeDefined();
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  expect(cache.size).toBeLessThan(before);
  cache.set('x'.repeat(30_000), embedded(4));
  expect(cache.get('x'.repeat(30_000))).toBeUndefined();
});

test('ten thousand vectors of 384 values fit into 64 MiB, and weigh more once they were asked for again', () => {
  const cache = new MemoryCache({ entries: 10_000, bytes: 64 * 2 ** 20 });
  for (let i = 0; i < 10_000; i++) cache.set(`${'x'.repeat(250)} ${i}`, embedded(384));
  expect(cache.size).toBe(10_000);
  const before = cache.bytes;
  const key = `${'x'.repeat(250)} 7`;
  const found = cache.get(key);
  const after = cache.bytes;
  expect(after - before).toBe(384 * 12);
  expect(cache.get(key)).toEqual(found);
  expect([cache.bytes, cache.size]).toEqual([after, 10_000]);
});

test('a cache of nothing keeps nothing', () => {
  const cache = new MemoryCache({ entries: 0, bytes: 1e6 });
  cache.set('a', embedded(4));
  expect(cache.get('a')).toBeUndefined();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});
