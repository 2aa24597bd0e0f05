import { describe, expect, it } from 'vitest';
import { distanceOf, isNearer, isWithin, largestMagnitude, lengthened, prepare, refusal, scoreOf } from './geometry.js';

const flat = { family: 'flat' } as const;

describe('a metric', () => {
  it('leaves values as they are, but for cosine, which makes their length 1', () => {
    const values = Float32Array.of(3, 4, 0, -2);
    expect(prepare('l2', values, 2)).toBe(values);
    expect(prepare('ip', values, 2)).toBe(values);
    expect([...prepare('cosine', values, 2)]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, -1]);
    expect([...values]).toEqual([3, 4, 0, -2]);
  });

  it('normalises the largest and the smallest floats', () => {
    for (const size of [3e38, 1e-45]) {
      expect([...prepare('cosine', Float32Array.of(size, 0, size, size), 2)].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([
        1, 0, 0.7071, 0.7071,
      ]);
    }
    expect([...prepare('cosine', Float32Array.of(0, 0), 2)]).toEqual([0, 0]);
  });

  it('refuses a vector without a direction for cosine alone', () => {
    expect(refusal('cosine', Float32Array.of(0, -0), 1)).toMatch(/zero vector/);
    expect(refusal('cosine', Float32Array.of(0, 1e-45), 1)).toBeUndefined();
    expect(refusal('l2', Float32Array.of(0, 0), 1)).toBeUndefined();
  });

  it.each([
    ['l2', 4, 4, 0.2],
    ['ip', -2.5, -2.5, -2.5],
    ['cosine', 0.25, 0.75, 0.25],
    ['cosine', 1.0000001, 0, 1],
    ['cosine', -1.0000001, 2, -1],
  ] as const)('%s makes of FAISS’s %f the distance %f and the score %f', (metric, faiss, distance, score) => {
    expect(distanceOf(metric, faiss)).toBeCloseTo(distance, 6);
    expect(scoreOf(metric, faiss)).toBeCloseTo(score, 6);
  });

  it('knows which of two is nearer, and what is near enough', () => {
    expect([isNearer('l2', 1, 2), isNearer('ip', 1, 2), isNearer('cosine', 0.9, 0.1)]).toEqual([true, false, true]);
    expect([isWithin('l2', 2, 2, 4), isWithin('ip', 2, 2, 4), isWithin('ip', 1, 2, 4), isWithin('cosine', 0.3, 0.2, 4)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([1, 2, 384, 65_536])(
    'takes values of %i dimensions whose distances stay finite, and says which it does not take',
    (dimension) => {
      for (const metric of ['l2', 'ip'] as const) {
        const largest = largestMagnitude(metric, dimension, flat);
        const a = new Float32Array(dimension).fill(largest);
        const b = new Float32Array(dimension).fill(-largest);
        expect(refusal(metric, a, largest)).toBeUndefined();
        let distance = 0;
        for (let i = 0; i < dimension; i++) distance = Math.fround(distance + (metric === 'l2' ? Math.fround((a[i] ?? 0) - (b[i] ?? 0)) ** 2 : (a[i] ?? 0) * (b[i] ?? 0))); // prettier-ignore
        expect(Number.isFinite(distance)).toBe(true);
        a[dimension - 1] = -1.2 * largest;
        expect(refusal(metric, a, largest)).toMatch(new RegExp(`^value ${dimension - 1} is -.* takes values from -\\d`));
      }
      expect(refusal('cosine', new Float32Array(dimension).fill(3e38), largestMagnitude('cosine', dimension, flat))).toBeUndefined();
    },
  );

  it('gives numbers for rows that were kept before their magnitude was bounded', () => {
    for (const metric of ['l2', 'ip'] as const) {
      expect([distanceOf(metric, Infinity), scoreOf(metric, Infinity)].every(Number.isFinite)).toBe(true);
    }
  });

  it('counts as equal what rounding alone tells apart', () => {
    expect(isWithin('cosine', 2e-7, 0, 2)).toBe(true);
    expect(isWithin('cosine', 1e-5, 0, 2)).toBe(false);
    expect(isWithin('ip', 99.99999, 100, 2)).toBe(true);
    expect(isWithin('ip', 99.99, 100, 2)).toBe(false);
    expect(isWithin('l2', 1e-45, 0, 2)).toBe(false);
  });

  it('lengthens small queries by a power of two', () => {
    expect(lengthened(Float32Array.of(1, 0.5, 2 ** -10, 0), 2)).toBeUndefined();
    const long = lengthened(Float32Array.of(3, 4, 2 ** -100, 2 ** -101, 0, 0), 2);
    expect(long?.factors).toEqual([1, 2 ** 100, 1]);
    expect([...(long?.queries ?? [])]).toEqual([3, 4, 1, 0.5, 0, 0]);
  });
});
