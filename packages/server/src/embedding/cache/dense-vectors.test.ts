import { expect, test } from 'vitest';
import { DenseVectors, type Place } from './dense-vectors.js';

const vector = (seed: number, dimension = 384): Float32Array => new Float32Array(dimension).fill(seed);
const place = (): Place => ({ at: -1 });

test('vectors that are removed leave no gap, and the others are where their places say', () => {
  const vectors = new DenseVectors<Place>(384);
  const places = Array.from({ length: 1000 }, place);
  for (const [seed, one] of places.entries()) vectors.add(vector(seed), one);
  const kept = places.map((one, seed) => ({ one, seed })).filter(({ seed }) => seed % 7 === 0);
  for (const [seed, one] of places.entries()) if (seed % 7 !== 0) vectors.remove(one);
  expect(vectors.size).toBe(kept.length);
  expect(kept.map(({ one }) => one.at).toSorted((a, b) => a - b)).toEqual(kept.map((_, i) => i));
  for (const { one, seed } of kept) expect(vectors.read(one)).toEqual(vector(seed));
});

test('the memory goes with the vectors, but for a page', () => {
  const vectors = new DenseVectors<Place>(384);
  const places = Array.from({ length: 10_000 }, place);
  for (const one of places) vectors.add(vector(1), one);
  const full = vectors.bytes;
  expect(full).toBeGreaterThanOrEqual(10_000 * 384 * 4);
  expect(full).toBeLessThan(10_000 * 384 * 4 + 2 ** 20);
  for (const one of places.slice(100)) vectors.remove(one);
  expect(vectors.bytes).toBeLessThanOrEqual(2 * 2 ** 20);
  for (const one of places.slice(0, 100)) vectors.remove(one);
  expect([vectors.size, vectors.bytes <= 2 ** 20]).toEqual([0, true]);
});

test('a vector that was read is a copy', () => {
  const vectors = new DenseVectors<Place>(4);
  const [first, second] = [place(), place()];
  vectors.add(vector(1, 4), first);
  const read = vectors.read(first);
  vectors.remove(first);
  vectors.add(vector(2, 4), second);
  expect([...read]).toEqual([1, 1, 1, 1]);
});

test('a vector longer than a page has one of its own', () => {
  const vectors = new DenseVectors<Place>(300_000);
  const places = [place(), place(), place()];
  for (const [seed, one] of places.entries()) vectors.add(vector(seed, 300_000), one);
  vectors.remove(places[0] ?? place());
  expect(vectors.read(places[2] ?? place())[299_999]).toBe(2);
  expect(vectors.read(places[1] ?? place())[0]).toBe(1);
});
