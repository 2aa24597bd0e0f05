// Loads the addon, and says what its functions take. Everything that reaches them has been checked.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { codedError, rangeError } from './errors.js';
import type { Metric, RangeResult, SearchResult } from './types.js';

export interface NativeIndex {
  describe(): {
    dimension: number;
    metric: Metric;
    className: string;
    hasFlatStorage: boolean;
    isConnected: boolean;
    selector: boolean;
    rangeSearch: boolean;
    remove: boolean;
  };
  counts(): { ntotal: number; isTrained: boolean; memoryBytes: number };
  add(vectors: Float32Array, ids: BigInt64Array | undefined, threads: number, measured: boolean): Promise<Float32Array>;
  train(vectors: Float32Array, threads: number): Promise<undefined>;
  removeIds(ids: BigInt64Array): Promise<number>;
  reset(): Promise<undefined>;
  setParameter(name: string, value: number): Promise<undefined>;
  search(
    queries: Float32Array,
    k: number,
    selector: Uint8Array | undefined,
    efSearch: number,
    nprobe: number,
    exact: boolean,
    here: boolean | undefined,
  ): Promise<SearchResult>;
  rangeSearch(
    queries: Float32Array,
    radius: number,
    selector: Uint8Array | undefined,
    efSearch: number,
    nprobe: number,
    exact: boolean,
  ): Promise<RangeResult>;
  reconstruct(first: bigint, count: number): Promise<Float32Array>;
  serialize(): Promise<Uint8Array>;
  write(path: string): Promise<number>;
  copy(): Promise<NativeIndex>;
  release(): Promise<undefined>;
}

interface Addon {
  create(dimension: number, factory: string, metric: Metric): Promise<NativeIndex>;
  deserialize(bytes: Uint8Array): Promise<NativeIndex>;
  read(path: string): Promise<NativeIndex>;
  knn(queries: Float32Array, vectors: Float32Array, dimension: number, k: number, metric: Metric): Promise<SearchResult>;
  normalize(vectors: Float32Array, dimension: number): Float32Array;
  /** What to do when a short search has been kept for the calling thread; `runKept` computes it. */
  onKept(tell: () => void): undefined;
  runKept(): undefined;
  setThreads(count: number): boolean;
  threads(): number;
  trimHeap(): Promise<undefined>;
  acknowledgedBytes(descriptor: number): number;
  giveWay(thread: number): undefined;
}

export const native = load();

function load(): Addon {
  // OpenMP reads its settings when its library is loaded. By default an idle team spins, which takes the cores from everybody else.
  process.env['OMP_WAIT_POLICY'] ??= 'passive';
  const path = fileURLToPath(new URL('../../build/voisin_faiss.node', import.meta.url));
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw codedError(
      'ERR_FAISS_NOT_BUILT',
      `cannot load ${path}. Build it with \`npm run build:native\` (Debian packages: libfaiss-dev libopenblas-dev libopenblas0-openmp cmake g++ make)`,
      cause,
    );
  }
  const threads = process.env['VOISIN_FAISS_THREADS'];
  if (threads !== undefined && threads !== '') {
    const count = Number(threads);
    if (!Number.isInteger(count) || count < 1 || count > 1024) {
      throw rangeError(`VOISIN_FAISS_THREADS must be a whole number from 1 to 1024, not "${threads}"`);
    }
    // False when another thread of this process has loaded the addon and used it: the pool is the process's.
    addon.setThreads(count);
  }
  const { runKept } = addon;
  addon.onKept(() => setImmediate(runKept));
  return addon;
}
