// Float32 values as raw little-endian bytes and as base64. The machine is little-endian, as every platform of Node is: memory is the format.
import { VoisinError } from '../errors.js';

/** The bytes of the values: a view, not a copy. */
export function float32ToBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The values in raw bytes: a view where the bytes lie on a float's edge, else a copy. `field` names the bytes in the error. */
export function bytesToFloat32(bytes: Uint8Array, field = 'values'): Float32Array {
  if (bytes.length % 4 !== 0) {
    throw new VoisinError('invalid_argument', `${field}: ${bytes.length} bytes are no whole number of float32 values of 4 bytes`, {
      field,
    });
  }
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return new Float32Array(bytes.slice().buffer);
}

export function float32ToBase64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** The values in the base64 text of their raw bytes. Throws invalid_argument naming `field`. */
export function base64ToFloat32(text: string, field = 'values'): Float32Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new VoisinError('invalid_argument', `${field}: is not base64 (A-Z a-z 0-9 + / with = at the end) of little-endian float32`, {
      field,
    });
  }
  // Node cuts small buffers from a shared pool: a copy stands alone and begins on a float's edge.
  return bytesToFloat32(Uint8Array.from(Buffer.from(text, 'base64')), field);
}
