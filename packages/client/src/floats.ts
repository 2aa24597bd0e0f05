// Vectors on the wire: base64 of little-endian float32 coming in, JSON numbers going out.

import { VoisinError } from './errors.js';

/** Values of one vector, as many as the index has dimensions. */
export type Values = Float32Array | readonly number[];

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** @throws VoisinError internal when the text is no base64 of whole float32 values */
export function floatsOf(base64: unknown): Float32Array {
  if (typeof base64 !== 'string') throw new VoisinError('internal', `embedding: expected base64, got ${typeof base64}`);
  const binary = decoded(base64);
  if (binary.length % 4 !== 0) throw new VoisinError('internal', `embedding: expected whole float32 values, got ${binary.length} bytes`);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  if (littleEndian) return new Float32Array(bytes.buffer);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch (cause) {
    throw new VoisinError('internal', 'embedding: expected base64', { cause });
  }
}

/** JSON.stringify makes an object of a typed array. */
export const numbersOf = (values: Values): readonly number[] => (values instanceof Float32Array ? Array.from(values) : values);
