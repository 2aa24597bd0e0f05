// Quantiles of a histogram, by its buckets: as exact as those are narrow.

export interface Bucket {
  /** The upper bound; Infinity of the last. */
  readonly bound: number;
  /** Observations up to the bound. */
  readonly count: number;
}

/**
 * As Prometheus's histogram_quantile: observations are taken to lie evenly within a bucket.
 * @param buckets by ascending bound
 * @param quantile from 0 to 1
 * @returns undefined when nothing was observed; the last finite bound when it lies beyond
 */
export function bucketQuantile(buckets: readonly Bucket[], quantile: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = quantile * total;
  let low = { bound: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.bound === Infinity) return low.bound;
      const share = bucket.count === low.count ? 1 : (rank - low.count) / (bucket.count - low.count);
      return low.bound + (bucket.bound - low.bound) * share;
    }
    low = bucket;
  }
  return low.bound;
}
