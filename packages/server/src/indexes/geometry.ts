// What a metric means: how values are laid before FAISS, and how FAISS's number becomes a distance and a score.
import type { Metric as FaissMetric } from '@voisin/faiss';
import type { IndexType } from './index-type.js';
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

const largestFloat = 3.4028234663852886e38;
const smallQuery = 2 ** -10;
/** Half the distance between two floats next to 1, as a share of them: what one rounding can lose. */
const rounding = 2 ** -24;

/**
 * The largest magnitude of a value for which every distance stays a finite float32: between two such vectors lie at most d (2 m)^2. A PCA and an OPQ sum squares over
 * a hundred thousand vectors when they are trained, and tables of product quantizers hold sums of two distances. Cosine has none: lengths become 1 before anything is compared.
 */
export function largestMagnitude(metric: Metric, dimension: number, type: IndexType): number {
  if (metric === 'cosine') return largestFloat;
  const share = type.transform !== undefined ? 1e-3 : type.family === 'ivf' && type.code.startsWith('PQ') ? 0.5 : 1;
  const most = (Math.sqrt(largestFloat / dimension) / 2) * share;
  // Two digits, rounded down: a number that a message can show.
  const digit = 10 ** Math.floor(Math.log10(most) - 1);
  return Math.fround(Math.floor(most / digit) * digit);
}

/** Why an index cannot keep, or be asked for, these values; undefined: it can. `largest`: of largestMagnitude. */
export function refusal(metric: Metric, values: Float32Array, largest: number): string | undefined {
  if (metric === 'cosine') {
    if (values.some((value) => value !== 0)) return undefined;
    return 'a zero vector has no direction: an index with the cosine metric cannot keep it';
  }
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value > largest || value < -largest) {
      return (
        `value ${at} is ${value}; an index of this type and dimension with the metric ${metric} takes values from -${largest.toPrecision(2)} to ` +
        `${largest.toPrecision(2)}, or distances would not be finite numbers. Scale the vectors`
      );
    }
  }
  return undefined;
}

/**
 * Powers of two that bring small queries of an inner-product index to about 1, one for each, and the queries so lengthened; undefined: none is small. The products of two
 * small vectors would be 0 as float32, all the same; the order of products does not change, and dividing by a power of two is exact.
 */
export function lengthened(
  queries: Float32Array,
  dimension: number,
): { readonly queries: Float32Array; readonly factors: number[] } | undefined {
  const factors = Array.from({ length: queries.length / dimension }, (_, query) => {
    let most = 0;
    for (let i = query * dimension; i < (query + 1) * dimension; i++) most = Math.max(most, Math.abs(queries[i] ?? 0));
    return most > 0 && most < smallQuery ? 2 ** -Math.round(Math.log2(most)) : 1;
  });
  if (factors.every((factor) => factor === 1)) return undefined;
  return { factors, queries: queries.map((value, at) => value * (factors[Math.floor(at / dimension)] ?? 1)) };
}

/** FAISS's number as the contract's `distance`; rounding must not take a cosine past 1. Rows of before the magnitudes were bounded may overflow. */
export function distanceOf(metric: Metric, faissDistance: number): number {
  return metric === 'cosine' ? 1 - clampCosine(faissDistance) : finite(faissDistance);
}

/** Higher is nearer. */
export function scoreOf(metric: Metric, faissDistance: number): number {
  if (metric === 'l2') return 1 / (1 + finite(faissDistance));
  return metric === 'cosine' ? clampCosine(faissDistance) : finite(faissDistance);
}

/**
 * How much of a distance its computation may lose. A distance is a sum of d float32 terms in at least four parts, each addition rounded; of a cosine, the values
 * too were rounded when they were brought to length 1.
 */
export function tolerance(metric: Metric, limit: number, dimension: number): number {
  const steps = dimension / 4 + 8;
  return rounding * steps * (metric === 'cosine' ? 1 : Math.abs(limit));
}

/**
 * Whether `distance` (the contract's) is at most `limit` away; for ip, where larger is nearer, at least that product. Within what rounding may lose, so that a limit
 * of 0 finds the vector itself.
 */
export function isWithin(metric: Metric, distance: number, limit: number, dimension: number): boolean {
  const slack = tolerance(metric, limit, dimension);
  return metric === 'ip' ? distance >= limit - slack : distance <= limit + slack;
}

/** Whether FAISS number `a` is nearer than `b`. */
export function isNearer(metric: Metric, a: number, b: number): boolean {
  return metric === 'l2' ? a < b : a > b;
}

const finite = (distance: number): number => Math.min(largestFloat, Math.max(-largestFloat, distance));

const clampCosine = (product: number): number => Math.min(1, Math.max(-1, product));
