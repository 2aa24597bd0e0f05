// The bundled model, and what tests do with a model.
import { fileURLToPath } from 'node:url';
import { Encoder } from '../src/index.js';

/** That of the repository: 384 numbers a token, six layers. */
export const bundled = fileURLToPath(new URL('../../../../models/all-MiniLM-L6-v2/onnx/model_compact.onnx', import.meta.url));

/** The same with int8 matrices. */
export const bundledInt8 = fileURLToPath(new URL('../../../../models/all-MiniLM-L6-v2/onnx/model_int8.onnx', import.meta.url));

/** Whether this processor multiplies int8 matrices (AVX-512 with VNNI); else such a file is none for the encoder. */
export const takesInt8 = (await Encoder.open(bundledInt8, { threads: 1 })) !== undefined;

/** What a test's name says where it is skipped for that. */
export const withoutInt8 = takesInt8 ? '' : ' (skipped: this processor does not multiply int8 matrices)';

export async function openEncoder(file: string, threads = 2): Promise<Encoder> {
  const encoder = await Encoder.open(file, { threads });
  if (encoder === undefined) throw new Error(`${file} is not taken for a BERT encoder`);
  return encoder;
}

/** The largest difference between two numbers at the same place; NaN is infinitely far. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => {
    const apart = Math.abs(value - (b[i] ?? NaN));
    return apart <= most ? most : Number.isNaN(apart) ? Infinity : apart;
  }, 0);
}
