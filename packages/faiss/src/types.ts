// What calls take and give.

/** `l2`: squared Euclidean distance, smaller is nearer. `ip`: inner product, larger is nearer. */
export type Metric = 'l2' | 'ip';

export interface SearchOptions {
  /**
   * Restricts the search: position i takes part when bit `i & 7` of byte `i >> 3` is set. Positions past its end do not. For IVF
   * the bits stand for labels. Must not be transferred to another thread until the call ends.
   */
  selector?: Uint8Array | undefined;
  /** HNSW: how many candidates the walk keeps. The index's own when left out (64 for one made here; see `setParameter`). */
  efSearch?: number | undefined;
  /** IVF: how many lists are searched. The index's own when left out. */
  nprobe?: number | undefined;
  /** Compare with every selected vector, as it is kept, instead of walking the graph. Flat and HNSW, also behind transforms. */
  exact?: boolean | undefined;
}

export interface NearestOptions extends SearchOptions {
  /**
   * Compute on the calling thread, before `search` returns, unless a change of the index is under way; or, when false, on the pool in any case. Handing a call to
   * the pool and back wakes two threads, 0.04 to 0.4 ms. Left out: one search at a time that is shorter than that (2 MB of plain vectors to read) is
   * computed on the calling thread, when it has nothing else at hand.
   */
  here?: boolean | undefined;
}

/** Results of query i stand at i * k to (i + 1) * k - 1, nearest first. Where there are fewer than k, labels are -1. */
export interface SearchResult {
  distances: Float32Array;
  labels: BigInt64Array;
}

/** Results of query i stand at lims[i] to lims[i + 1] - 1, in no particular order. */
export interface RangeResult {
  lims: BigInt64Array;
  distances: Float32Array;
  labels: BigInt64Array;
}

/** What the class of an index can do. */
export interface Abilities {
  readonly selector: boolean;
  readonly rangeSearch: boolean;
  readonly remove: boolean;
}

export interface ThreadOptions {
  /** At most this many cores for the call. By default as many as are free and the work is worth. */
  threads?: number | undefined;
}
