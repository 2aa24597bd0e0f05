// A vector of an index as it comes: its values as bytes, not as text.

import { floatsOf } from './floats.js';
import type { StoredVector } from './index-types.js';

export interface SaidVector extends Omit<StoredVector, 'values'> {
  /** Base64 of float32 values. */
  readonly values: string;
}

export const storedVector = (said: SaidVector): StoredVector => ({ ...said, values: floatsOf(said.values) });
