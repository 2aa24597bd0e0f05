import { describe, expect, it } from 'vitest';
import { andBitmaps, countBits, fullBitmap, hasBit, positionsOf } from './bitmap.js';

function bitmapOf(positions: readonly number[], bytes: number): Uint8Array {
  const bitmap = new Uint8Array(bytes);
  for (const position of positions) bitmap[position >>> 3] = (bitmap[position >>> 3] ?? 0) | (1 << (position & 7));
  return bitmap;
}

describe('bitmaps', () => {
  const positions = [0, 1, 7, 8, 30, 31, 32, 63, 64, 65, 70];

  it('list and count their members, at any length and wherever they lie in memory', () => {
    for (let bytes = 9; bytes < 20; bytes++) {
      const bitmap = bitmapOf(positions, bytes);
      const shifted = new Uint8Array(bytes + 3).subarray(3);
      shifted.set(bitmap);
      for (const one of [bitmap, shifted]) {
        expect([...positionsOf(one)]).toEqual(positions);
        expect(countBits(one)).toBe(positions.length);
        expect([...andBitmaps(one, fullBitmap(66))]).toEqual([...bitmapOf(positions.slice(0, -1), 9)]);
      }
    }
    expect([...positionsOf(bitmapOf(positions, 9), 4)]).toEqual([0, 1, 7, 8]);
  });

  it('count only below n', () => {
    const bitmap = bitmapOf(positions, 9);
    for (let n = 0; n < 80; n++) expect(countBits(bitmap, n)).toBe(positions.filter((position) => position < n).length);
  });

  it('are full up to n and no further', () => {
    for (const n of [0, 1, 8, 31, 32, 33, 64]) {
      expect(fullBitmap(n).length).toBe(Math.ceil(n / 8));
      expect([...positionsOf(fullBitmap(n))]).toEqual(Array.from({ length: n }, (_, i) => i));
    }
    expect(hasBit(fullBitmap(9), 8)).toBe(true);
    expect(hasBit(fullBitmap(9), 9)).toBe(false);
    expect(hasBit(fullBitmap(9), 900)).toBe(false);
  });
});
