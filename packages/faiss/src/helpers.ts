// Functions that need no index, the number of threads, threads that give way, and memory that is given back.
import * as check from './checks.js';
import { codedError } from './errors.js';
import { maxDescriptor, maxDimension, maxThreadId, maxThreads } from './limits.js';
import { native } from './native.js';
import type { Metric, SearchResult } from './types.js';

/** The k nearest rows of `vectors` for each row of `queries`, by comparing with all of them. Labels are row numbers. */
export async function knn(
  queries: Float32Array,
  vectors: Float32Array,
  dimension: number,
  k: number,
  metric: Metric = 'l2',
): Promise<SearchResult> {
  check.integer(dimension, 'dimension', 1, maxDimension);
  const rows = check.vectors(queries, 'queries', dimension, { empty: true });
  const base = check.vectors(vectors, 'vectors', dimension, { empty: true });
  return native.knn(rows, base, dimension, check.resultCount(rows.length / dimension, k), check.metric(metric));
}

/** A copy whose rows have length 1; rows of zeros stay zeros. Computes at once, on the calling thread. */
export function normalize(vectors: Float32Array, dimension: number): Float32Array {
  check.integer(dimension, 'dimension', 1, maxDimension);
  return native.normalize(check.vectors(vectors, 'vectors', dimension, { empty: true }), dimension);
}

/** How many calls may compute at once. To be called before the first call of the process; by default the number of cores, two at least. */
export function setThreads(count: number): void {
  if (!native.setThreads(check.integer(count, 'count', 1, maxThreads))) {
    throw codedError('ERR_FAISS_UNSUPPORTED', 'the threads have started: set their number before the first call');
  }
}

export function threads(): number {
  return native.threads();
}

/**
 * Lets a thread of this process (0: the calling one) run only where nobody else wants the core, so that its work costs no search its place.
 * For the threads of the caller's own; those of this library never wait for them. Does nothing where the system cannot do it.
 */
export function giveWay(threadId: number): void {
  native.giveWay(check.integer(threadId, 'threadId', 0, maxThreadId));
}

/**
 * Gives memory that was freed back to the system: glibc keeps blocks of up to 256 KB for the next who ask, some 100 MB after 100,000 vectors were added over
 * HTTP. Takes milliseconds, on a thread of this library. Does nothing where the C library is another.
 */
export async function trimHeap(): Promise<void> {
  await native.trimHeap();
}

/**
 * Bytes that the other end of a TCP connection has acknowledged: what its kernel took, whether or not its program has read it. Kernels count
 * finer than a stream does, which sees nothing of an answer leave until a third of the socket's buffer (megabytes) is free again.
 * @param descriptor of a socket of this process
 * @returns undefined where it is no TCP connection, or the system does not count them
 */
export function acknowledgedBytes(descriptor: number): number | undefined {
  const bytes = native.acknowledgedBytes(check.integer(descriptor, 'descriptor', -1, maxDescriptor));
  return bytes < 0 ? undefined : bytes;
}
