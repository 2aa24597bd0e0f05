// What stands in Redis: the vector's float32 values as they lie in memory, then a trailer {tokens, dropped, CRC-32}. The sum covers the
// entry's name too: a value that stands under another text's name, or comes as the answer to another question, is no value.
import { crc32 } from 'node:zlib';
import { float32ToBytes } from '../../formats/float-bytes.js';
import type { Embedded } from '../batcher.js';

/** Part of every name: servers that write another layout do not read this one. */
export const LAYOUT = 1;

const TRAILER_BYTES = 12;

export function encodeValue(name: string, { vector, tokens, dropped }: Embedded): Buffer {
  const value = Buffer.allocUnsafe(vector.byteLength + TRAILER_BYTES);
  value.set(float32ToBytes(vector));
  value.writeUInt32LE(tokens, vector.byteLength);
  value.writeUInt32LE(dropped, vector.byteLength + 4);
  value.writeUInt32LE(sumOf(name, value), vector.byteLength + 8);
  return value;
}

/** The entry, its vector in memory of its own; undefined for bytes that `encodeValue` did not make of this name. */
export function decodeValue(name: string, value: Buffer): Embedded | undefined {
  const length = value.byteLength - TRAILER_BYTES;
  if (length <= 0 || length % 4 !== 0 || value.readUInt32LE(length + 8) !== sumOf(name, value)) return undefined;
  const vector = new Float32Array(length / 4);
  new Uint8Array(vector.buffer).set(value.subarray(0, length));
  const dropped = value.readUInt32LE(length + 4);
  return { vector, tokens: value.readUInt32LE(length), dropped, truncated: dropped > 0 };
}

const sumOf = (name: string, value: Buffer): number => crc32(value.subarray(0, -4), crc32(name));
