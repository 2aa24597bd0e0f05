// Whether two results of a search are the same.
import type { Metric, SearchResult } from '../src/index.js';

/** Within 1e-4 of the larger or 1e-5. */
export function isClose(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= Math.max(1e-5, 1e-4 * Math.max(Math.abs(a), Math.abs(b)));
}

/** The first way in which the results differ; undefined when distances are close and labels equal but for ties. */
export function disagreement(ours: SearchResult, theirs: SearchResult, k: number): string | undefined {
  if (ours.labels.length !== theirs.labels.length) return `${ours.labels.length} labels, not ${theirs.labels.length}`;
  for (let start = 0; start < ours.labels.length; start += k) {
    const [ourLabels, theirLabels] = [ours.labels, theirs.labels].map((labels) => labels.subarray(start, start + k));
    const [ourDistances, theirDistances] = [ours.distances, theirs.distances].map((list) => list.subarray(start, start + k));
    if (ourLabels === undefined || theirLabels === undefined || ourDistances === undefined || theirDistances === undefined) continue;
    const last = theirDistances.at(-1) ?? 0;
    for (let i = 0; i < k; i++) {
      const [a, b, label] = [ourDistances[i] ?? NaN, theirDistances[i] ?? NaN, ourLabels[i] ?? -1n];
      if (!isClose(a, b)) return `query ${start / k}, place ${i}: distance ${a}, not ${b}`;
      const at = theirLabels.indexOf(label);
      const tied = at === -1 ? isClose(a, last) : isClose(a, theirDistances[at] ?? NaN);
      if (!tied) return `query ${start / k}, place ${i}: label ${label} where theirs is ${theirLabels[i]}`;
    }
  }
  return undefined;
}

/** The first place at which ours is farther than theirs; undefined: none. */
export function fartherThan(ours: SearchResult, theirs: SearchResult, metric: Metric): string | undefined {
  const at = ours.distances.findIndex((a, i) => {
    const b = theirs.distances[i] ?? NaN;
    return theirs.labels[i] !== -1n && !isClose(a, b) && (metric === 'l2' ? a > b : a < b);
  });
  return at === -1 ? undefined : `place ${at}: ${ours.distances[at]}, not ${theirs.distances[at]}`;
}

/** Labels and distances of a range search in the order of labels, which FAISS leaves open. */
export function sortedRange(lims: BigInt64Array, labels: BigInt64Array, distances: Float32Array): [bigint, number][][] {
  return Array.from({ length: lims.length - 1 }, (_, query) => {
    const [from, to] = [Number(lims[query]), Number(lims[query + 1])];
    const found = Array.from(labels.subarray(from, to), (label, i): [bigint, number] => [label, distances[from + i] ?? NaN]);
    return found.toSorted(([a], [b]) => Number(a - b));
  });
}
