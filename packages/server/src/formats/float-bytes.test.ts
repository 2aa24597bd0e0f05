import { describe, expect, it } from 'vitest';
import { base64ToFloat32, bytesToFloat32, float32ToBase64, float32ToBytes } from './float-bytes.js';

const values = Float32Array.of(1, -0.5, 3.4e38, 0.1);

describe('raw float32', () => {
  it('are little-endian bytes, and come back from any place in memory', () => {
    expect([...float32ToBytes(values).subarray(0, 8)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf]);
    const shifted = new Uint8Array(17);
    shifted.set(float32ToBytes(values), 1);
    expect(bytesToFloat32(shifted.subarray(1))).toEqual(values);
    expect(bytesToFloat32(float32ToBytes(values.subarray(1, 3)))).toEqual(values.subarray(1, 3));
    expect(bytesToFloat32(new Uint8Array(0))).toEqual(new Float32Array(0));
  });

  it('come back from base64', () => {
    expect(float32ToBase64(Float32Array.of(1))).toBe('AACAPw==');
    expect(base64ToFloat32(float32ToBase64(values.subarray(1)))).toEqual(values.subarray(1));
  });

  it.each(['AACAPw=', 'AAC*Pw==', 'AAAA', 'AACAPw==AACAPw==', 'AACA_w=='])('refuse the base64 text %s and name the field', (text) => {
    expect(() => base64ToFloat32(text, 'vectors[2]')).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(/^vectors\[2\]: /) }),
    );
  });

  it('refuse a number of bytes that is no multiple of 4', () => {
    expect(() => bytesToFloat32(new Uint8Array(6), 'vector')).toThrow('vector: 6 bytes');
  });
});
