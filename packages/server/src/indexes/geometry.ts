// What a metric means: how values are laid before FAISS, and how FAISS's number becomes a distance and a score.
import type { Metric as FaissMetric } from '@voisin/faiss';
import type { Metric } from './types.js';

/** A cosine index is an inner-product index over normalised values. */
export const faissMetric = (metric: Metric): FaissMetric => (metric === 'l2' ? 'l2' : 'ip');

/** The values as FAISS keeps or compares them: n x dimension. Lengths are summed in doubles: float32 overflows from 1e19 on. */
export function prepare(metric: Metric, values: Float32Array, dimension: number): Float32Array {
  if (metric !== 'cosine') return values;
  const normalised = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += dimension) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += (values[i] ?? 0) ** 2;
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = start; i < start + dimension; i++) normalised[i] = (values[i] ?? 0) * scale;
  }
  return normalised;
}

/** Why an index of this metric cannot keep, or be asked for, these values; undefined: it can. */
export function refusal(metric: Metric, values: Float32Array): string | undefined {
  if (metric === 'cosine' && values.every((value) => value === 0))
    return 'a zero vector has no direction: an index with the cosine metric cannot keep it';
  return undefined;
}

/** FAISS's number as the contract's `distance`; rounding must not take a cosine past 1. */
export function distanceOf(metric: Metric, faissDistance: number): number {
  return metric === 'cosine' ? 1 - clampCosine(faissDistance) : faissDistance;
}

/** Higher is nearer. */
export function scoreOf(metric: Metric, faissDistance: number): number {
  if (metric === 'l2') return 1 / (1 + faissDistance);
  return metric === 'cosine' ? clampCosine(faissDistance) : faissDistance;
}

/** Whether `distance` (the contract's) is at most `limit` away; for ip, where larger is nearer, at least that product. */
export function isWithin(metric: Metric, distance: number, limit: number): boolean {
  return metric === 'ip' ? distance >= limit : distance <= limit;
}

/** Whether FAISS number `a` is nearer than `b`. */
export function isNearer(metric: Metric, a: number, b: number): boolean {
  return metric === 'l2' ? a < b : a > b;
}

const clampCosine = (product: number): number => Math.min(1, Math.max(-1, product));
