// Loads the addon, and says what its functions take. Everything that reaches them has been checked.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { BertWeights } from './weights.js';

export interface NativeEncoder {
  run(ids: Int32Array, lengths: Int32Array, vectors: Float32Array): undefined;
}

interface Addon {
  readonly NativeEncoder: new (weights: BertWeights, threads: number) => NativeEncoder;
  /** Whether there are kernels for this kind of processor. */
  readonly isFast: boolean;
  /** Whether this processor multiplies int8 matrices. */
  readonly multipliesBytes: boolean;
}

const file = fileURLToPath(new URL('../../build/voisin_encoder.node', import.meta.url));

export const native: Addon = createRequire(import.meta.url)(file);
