// Whether a vector fits what an index type can hold or has learned. What does not fit is compared by its own values, and many that do not
// are the reason to train again: after the data moved, codes of the old range would be the same for all.
import { Index, knn } from '@voisin/faiss';
import { type IndexType, trainingNeeds } from './index-type.js';

/** A vector fits when the type's error (Index.addMeasured) is at most absolute + relative * |vector|^2. */
export interface Fit {
  readonly absolute: number;
  readonly relative: number;
  readonly trainedAt?: string;
}

/** Half floats keep 11 bits; past 65,504 they are infinite, and under 0.00006 they lose one bit after the other. */
const halfFloats: Fit = { absolute: 0, relative: 2 ** -20 };
/** Vectors of the training whose errors are looked at, and those of them whose nearest neighbour is looked for. */
const [measuredRows, neighbourRows] = [4096, 256];

/** Whether vectors of this type are measured when they are added. */
export const isMeasured = (type: IndexType): boolean => trainingNeeds(type) !== undefined || isHalfFloats(type);

const isHalfFloats = (type: IndexType): boolean => type.transform === undefined && type.family !== 'flat' && type.code === 'SQfp16';

/** The fit of a type that learns nothing; undefined: every vector fits, or training says which do. */
export const fitOfType = (type: IndexType): Fit | undefined =>
  trainingNeeds(type) === undefined && isHalfFloats(type) ? halfFloats : undefined;

/**
 * What fits a trained index: errors of up to twice that of the worst hundredth of the training vectors, or up to a quarter of the distance between neighbours, which
 * hides nothing. `trained` is empty, `sample` holds prepared vectors.
 */
export async function fitOfTraining(trained: Uint8Array, sample: Float32Array, dimension: number): Promise<Fit> {
  const rows = spread(sample, dimension, measuredRows);
  const faiss = await Index.deserialize(trained);
  try {
    const errors = (await faiss.addMeasured(rows, { threads: 1 })).toSorted();
    const usual = errors[Math.floor((errors.length - 1) * 0.99)] ?? 0;
    const { distances } = await knn(spread(rows, dimension, neighbourRows), rows, dimension, Math.min(2, errors.length), 'l2');
    const between = distances.filter((_, at) => at % 2 === 1).toSorted();
    return { absolute: Math.max(2 * usual, (between[between.length >> 1] ?? 0) / 16), relative: 0, trainedAt: new Date().toISOString() };
  } finally {
    await faiss.release();
  }
}

/** The numbers of the vectors that do not fit. */
export function outsideOf({ absolute, relative }: Fit, values: Float32Array, errors: Float32Array): number[] {
  const dimension = values.length / errors.length;
  const outside: number[] = [];
  for (const [at, error] of errors.entries()) {
    let squares = 0;
    if (relative > 0) for (let i = at * dimension; i < (at + 1) * dimension; i++) squares += (values[i] ?? 0) ** 2;
    // An error that is not a number fits nothing.
    if (!(error <= absolute + relative * squares)) outside.push(at);
  }
  return outside;
}

/** At most `count` of the vectors, spread evenly. */
function spread(values: Float32Array, dimension: number, count: number): Float32Array {
  const rows = values.length / dimension;
  if (rows <= count) return values;
  const some = new Float32Array(count * dimension);
  for (let at = 0; at < count; at++) {
    const row = Math.floor((at * rows) / count);
    some.set(values.subarray(row * dimension, (row + 1) * dimension), at * dimension);
  }
  return some;
}
