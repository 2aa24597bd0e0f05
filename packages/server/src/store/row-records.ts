// How one record of a row lies in LevelDB: its key, and its value with a checksum behind it. LevelDB does not check its blocks when it reads them.
import { crc32 } from 'node:zlib';
import { DamageError } from '../errors.js';

/** The first byte of a key: what is kept of a row. */
export const kinds = { id: 0x69, metadata: 0x6d, text: 0x74, values: 0x76 } as const;
export type Kind = keyof typeof kinds;

/** The metadata of a row that has none. */
export const noMetadata = '{}';
export const maxRow = 2 ** 48 - 1;
const [keyBytes, checksumBytes] = [7, 4];

/** A letter and a 6-byte big-endian number, so that rows lie in the order in which they were made. */
export function numberKey(prefix: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(keyBytes);
  key[0] = prefix;
  key.writeUIntBE(number, 1, keyBytes - 1);
  return key;
}

export const rowKey = (kind: Kind, row: number): Buffer => numberKey(kinds[kind], row);

export const numberOf = (key: Uint8Array): number => asBuffer(key).readUIntBE(1, keyBytes - 1);

/** The checksum starts from the kind and the row: a record that comes to lie under another key is found out. */
const seed = (kind: Kind, row: number): number => ((kinds[kind] << 24) ^ (row / 2 ** 24) ^ (row % 2 ** 24)) >>> 0;

/** A value with its checksum behind it, in memory of its own or, given `scratch`, at the start of that when it has room. */
export function sealed(kind: Kind, row: number, value: Uint8Array, scratch = Buffer.alloc(0)): Buffer {
  const length = value.byteLength + checksumBytes;
  const bytes = length <= scratch.byteLength ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  bytes.set(value);
  bytes.writeUInt32LE(crc32(value, seed(kind, row)), value.byteLength);
  return bytes;
}

/** What was sealed: a view. Errors: DamageError when it is not what was written. */
export function unsealed(kind: Kind, row: number, bytes: Uint8Array): Buffer {
  const end = bytes.byteLength - checksumBytes;
  const value = asBuffer(bytes).subarray(0, Math.max(0, end));
  if (end < 0 || asBuffer(bytes).readUInt32LE(end) !== crc32(value, seed(kind, row))) {
    throw new DamageError(`the ${kind} of row ${row} ${kind === 'values' ? 'are' : 'is'} damaged on disk: the checksum does not fit`);
  }
  return value;
}

export const valueBytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
