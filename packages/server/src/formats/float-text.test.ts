import { describe, expect, it } from 'vitest';
import { float32ToJson, shortFloat } from './float-text.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function fromBits(word: number): number {
  bits[0] = word;
  return float[0] ?? 0;
}

function digitsOf(x: number): number {
  return String(x)
    .replace(/e.*|[-.]/g, '')
    .replace(/^0+|0+$/g, '').length;
}

// The plain way: the first precision at which the nearest decimal comes back.
function plainShortest(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(x.toPrecision(digits));
    if (Math.fround(candidate) === x) return candidate;
  }
  return Number(x.toPrecision(9));
}

function check(x: number): void {
  const short = shortFloat(x);
  if (!Object.is(Math.fround(short), x)) throw new Error(`${x} became ${short}, which is another float32`);
  const text = float32ToJson(Float32Array.of(x));
  const read: unknown = JSON.parse(text);
  if (!Array.isArray(read) || !Object.is(read[0], short)) throw new Error(`${x} is written ${text}, not ${short}`);
  const plain = plainShortest(x);
  if (digitsOf(short) > digitsOf(plain)) throw new Error(`${x} became ${short}, though ${plain} is shorter`);
}

describe('shortFloat', () => {
  it.each<[number, string]>([
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [16777216, '16777216'],
    [33888848, '33888850'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.1754943508222875e-38, '1.1754944e-38'],
    [1.401298464324817e-45, '1e-45'],
    [1e-7, '1e-7'],
    [1e21, '1e+21'],
    [0.5, '0.5'],
    [2 ** -20, '9.536743e-7'],
    [-123.456, '-123.456'],
    [0, '0'],
    [8388607.5, '8388607.5'],
    [0.000001, '0.000001'],
  ])('writes the float32 of %d as %s', (x, text) => {
    expect(String(shortFloat(x))).toBe(text);
    expect(float32ToJson(Float32Array.of(x))).toBe(`[${text}]`);
  });

  it('leaves NaN and the infinities, and keeps the sign of zero', () => {
    expect([NaN, Infinity, -Infinity, 1e39].map(shortFloat)).toEqual([NaN, Infinity, -Infinity, Infinity]);
    expect(Object.is(shortFloat(-0), -0)).toBe(true);
    expect(float32ToJson(Float32Array.of(-0, NaN, Infinity, 0))).toBe('[-0,null,null,0]');
  });

  it('comes back as the same float32, as short as can be, at every power of two and its neighbours', () => {
    for (let exponent = 0; exponent < 255; exponent++) {
      for (const step of [-1, 0, 1]) {
        const word = (exponent << 23) + step;
        if (word >= 0) for (const x of [fromBits(word), -fromBits(word)]) check(x);
      }
    }
  });

  it('comes back as the same float32, as short as can be, for random bits, embeddings and decimals', () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`float-text: SEED=${seed}`);
    let state = seed;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    for (let i = 0; i < 30_000; i++) {
      const anything = fromBits(Math.floor(random() * 2 ** 32));
      if (Number.isFinite(anything)) check(anything);
      check(Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 8 - 4)));
      check(Math.fround(Math.round(random() * 1e6) / 10 ** Math.floor(random() * 9)));
    }
  });
});

describe('float32ToJson', () => {
  it('writes arrays of any length', () => {
    expect(float32ToJson(new Float32Array(0))).toBe('[]');
    expect(float32ToJson(Float32Array.of(1, -0.25, 1e-9, 2e9))).toBe('[1,-0.25,1e-9,2000000000]');
    const longest = new Float32Array(1000).fill(-999999984306749400);
    expect(JSON.parse(float32ToJson(longest))).toHaveLength(1000);
  });
});
