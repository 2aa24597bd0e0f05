import { expect, test } from 'vitest';
import { cacheHash } from './fingerprint.js';

const files = 'f'.repeat(64);

test('int8 vectors with a scale a token are not those with a scale a text', () => {
  const apart = cacheHash(files, { oneByOne: true, keepsTextsApart: true });
  expect(apart).not.toBe(cacheHash(files, { oneByOne: true, keepsTextsApart: false }));
});

test('float32 vectors are the same, whoever computes them', () => {
  const apart = cacheHash(files, { oneByOne: false, keepsTextsApart: true });
  expect(apart).toBe(cacheHash(files, { oneByOne: false, keepsTextsApart: false }));
});
