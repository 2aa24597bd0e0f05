import { expect, test } from 'vitest';
import { collectGarbage, heapBytes } from './garbage.js';

test('garbage is gone when collectGarbage returns', () => {
  collectGarbage();
  const before = heapBytes();
  let garbage: unknown[] = Array.from({ length: 500_000 }, (_, i) => ({ i }));
  expect(garbage).toHaveLength(500_000);
  expect(heapBytes() - before).toBeGreaterThan(10e6);
  garbage = [];
  collectGarbage();
  expect(heapBytes() - before).toBeLessThan(5e6);
});
