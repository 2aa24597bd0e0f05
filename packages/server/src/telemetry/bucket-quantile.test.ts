import { expect, it } from 'vitest';
import { bucketQuantile } from './bucket-quantile.js';

const buckets = [
  { bound: 1, count: 10 },
  { bound: 2, count: 30 },
  { bound: 4, count: 30 },
  { bound: Infinity, count: 40 },
];

it('lies where observations spread evenly over their bucket would have it', () => {
  expect(bucketQuantile(buckets, 0.25)).toBe(1);
  expect(bucketQuantile(buckets, 0.5)).toBe(1.5);
  expect(bucketQuantile(buckets, 0.75)).toBe(2);
});

it('is the last bound when it lies beyond, and nothing when nothing was observed', () => {
  expect(bucketQuantile(buckets, 0.99)).toBe(4);
  expect(bucketQuantile([{ bound: Infinity, count: 0 }], 0.5)).toBeUndefined();
  expect(bucketQuantile([], 0.5)).toBeUndefined();
});
