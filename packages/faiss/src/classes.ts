// FAISS's classes by name: makers of an Index, with the arguments of FAISS's constructors.
import { Index } from './faiss-index.js';
import type { Metric } from './types.js';

export const IndexFlatL2 = (dimension: number): Promise<Index> => Index.fromFactory(dimension, 'Flat', 'l2');

export const IndexFlatIP = (dimension: number): Promise<Index> => Index.fromFactory(dimension, 'Flat', 'ip');

/** @param M links a vertex (twice as many on the lowest level) */
export const IndexHNSWFlat = (dimension: number, M = 32, metric: Metric = 'l2'): Promise<Index> =>
  Index.fromFactory(dimension, `HNSW${M},Flat`, metric);

export const IndexIVFFlat = (dimension: number, nlist: number, metric: Metric = 'l2'): Promise<Index> =>
  Index.fromFactory(dimension, `IVF${nlist},Flat`, metric);

// np: FAISS's factory orders the codes for polysemous search, which takes most of a training; its classes do not.

/** @param m sub-vectors; @param nbits bits of each one's code */
export const IndexIVFPQ = (dimension: number, nlist: number, m: number, nbits = 8, metric: Metric = 'l2'): Promise<Index> =>
  Index.fromFactory(dimension, `IVF${nlist},PQ${m}x${nbits}np`, metric);

export const IndexPQ = (dimension: number, m: number, nbits = 8, metric: Metric = 'l2'): Promise<Index> =>
  Index.fromFactory(dimension, `PQ${m}x${nbits}np`, metric);

export const IndexScalarQuantizer = (
  dimension: number,
  type: 'SQ4' | 'SQ6' | 'SQ8' | 'SQfp16' = 'SQ8',
  metric: Metric = 'l2',
): Promise<Index> => Index.fromFactory(dimension, type, metric);
