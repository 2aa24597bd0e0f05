import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from './stored-value.js';

const vector = Float32Array.from({ length: 384 }, (_, i) => Math.sin(i + 1));
const entry = { vector, tokens: 7, dropped: 3, truncated: true };

test('a value comes back as it was', () => {
  expect(decodeValue('name', encodeValue('name', entry))).toEqual(entry);
  expect(decodeValue('name', encodeValue('name', { ...entry, dropped: 0, truncated: false }))).toMatchObject({ truncated: false });
});

test('the values stand first, as raw little-endian float32', () => {
  const value = encodeValue('name', entry);
  expect(value.byteLength).toBe(384 * 4 + 12);
  expect(value.readFloatLE(4 * 100)).toBe(vector[100]);
});

test('the vector does not share the memory that it was read from', () => {
  const value = encodeValue('name', entry);
  const decoded = decodeValue('name', value);
  value.fill(0);
  expect(decoded?.vector).toEqual(vector);
});

test('another name, a changed bit, a cut or a longer value are no value', () => {
  const value = encodeValue('name', entry);
  expect(decodeValue('other', value)).toBeUndefined();
  for (let bit = 0; bit < value.byteLength * 8; bit += 97) {
    const changed = Buffer.from(value);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeValue('name', changed), `bit ${bit}`).toBeUndefined();
  }
  for (const length of [0, 1, 4, 11, 12, 13, 16, 384 * 4, 384 * 4 + 8, 384 * 4 + 11]) {
    expect(decodeValue('name', value.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(decodeValue('name', Buffer.concat([value, Buffer.alloc(4)]))).toBeUndefined();
  expect(decodeValue('name', Buffer.from('{"embedding":[1,2,3],"tokens":4}'))).toBeUndefined();
});
