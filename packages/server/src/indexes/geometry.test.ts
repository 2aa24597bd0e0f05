import { describe, expect, it } from 'vitest';
import { distanceOf, isNearer, isWithin, prepare, refusal, scoreOf } from './geometry.js';

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
    expect(refusal('cosine', Float32Array.of(0, -0))).toMatch(/zero vector/);
    expect(refusal('cosine', Float32Array.of(0, 1e-45))).toBeUndefined();
    expect(refusal('l2', Float32Array.of(0, 0))).toBeUndefined();
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
    expect([isWithin('l2', 2, 2), isWithin('ip', 2, 2), isWithin('ip', 1, 2), isWithin('cosine', 0.3, 0.2)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
