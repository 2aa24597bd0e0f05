// The list of an answer. The types say that it is there; what stands between client and server may have answered something else.

import { VoisinError } from './errors.js';

/** @throws VoisinError internal when the field of the answer is no list */
export function listOf<T>(field: string, value: readonly T[]): readonly T[] {
  if (Array.isArray(value)) return value;
  const got = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100);
  throw new VoisinError('internal', `${field}: expected a list in the answer, got ${got}`);
}
