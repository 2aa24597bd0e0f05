import { expect, test } from 'vitest';
import { pickBatch } from './pick-batch.js';

const waiting = (...lengths: number[]) => lengths.map((length) => ({ length, alone: false }));
const lengths = (batch: readonly { length: number }[]) => batch.map(({ length }) => length);

test('the oldest text is always in the batch, with those nearest to its length', () => {
  expect(lengths(pickBatch(waiting(20, 200, 22, 90, 18), { tokens: 512 }))).toEqual([20, 22, 18]);
});

test('padded tokens stay within the budget, but one text may be over it', () => {
  const batch = pickBatch(waiting(100, 101, 102, 103, 104, 105), { tokens: 512 });
  expect(batch.length * Math.max(...lengths(batch))).toBeLessThanOrEqual(512);
  expect(batch).toHaveLength(5 - 1);
  expect(lengths(pickBatch(waiting(600, 10), { tokens: 512 }))).toEqual([600]);
});

test('no text is padded by more than a run of its own would cost', () => {
  const batch = lengths(pickBatch(waiting(50, 20, 80, 79, 21), { tokens: 5000 }));
  expect(Math.max(...batch) - Math.min(...batch)).toBeLessThanOrEqual(32);
});

test('a text whose batch failed runs alone, as the oldest and beside others', () => {
  const suspect = { length: 10, alone: true };
  expect(pickBatch([suspect, ...waiting(10, 10)], { tokens: 512 })).toEqual([suspect]);
  expect(pickBatch([...waiting(10), suspect, ...waiting(11)], { tokens: 512 })).toHaveLength(2);
});

test('texts that are not padded go together in order of arrival, whatever their lengths', () => {
  expect(lengths(pickBatch(waiting(20, 90, 10, 30), { tokens: 128, unpadded: true }))).toEqual([20, 90, 10]);
  expect(lengths(pickBatch(waiting(200, 1), { tokens: 128, unpadded: true }))).toEqual([200]);
});

test('no more texts than wanted: the oldest and those nearest to its length', () => {
  expect(lengths(pickBatch(waiting(20, 30, 21, 22), { tokens: 512, texts: 3 }))).toEqual([20, 21, 22]);
});
