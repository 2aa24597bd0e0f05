// An index: FAISS's, on threads of its own.
import * as check from './checks.js';
import { codedError, rangeError, shown } from './errors.js';
import { checkFactory } from './factory.js';
import { maxDimension, maxEf, maxElements } from './limits.js';
import { native, type NativeIndex } from './native.js';
import type { Abilities, Metric, NearestOptions, RangeResult, SearchOptions, SearchResult, ThreadOptions } from './types.js';

/**
 * A FAISS index. Every method answers with a promise and computes on the addon's threads, but for short searches (`here`). Calls on one index run in the order in
 * which they were made: reads (search, reconstruct, serialize, ...) side by side, changes alone. A large typed array must be neither
 * changed nor transferred until the call that it was given to has ended. Wrong arguments reject with a TypeError or RangeError, and
 * every error has a `code`.
 */
export class Index {
  /** Floats a vector. */
  readonly dimension: number;
  readonly metric: Metric;
  /** FAISS's name of the class, like `IndexHNSWFlat`. */
  readonly className: string;
  /** Whether the vectors lie in memory as they were given (Flat, and HNSW over it). */
  readonly hasFlatStorage: boolean;
  /** Whether every vector of the graph can be reached: true of graphs that were linked here, not of those that FAISS linked. True of other classes. */
  readonly isConnected: boolean;
  readonly can: Abilities;
  readonly #native: NativeIndex;
  #released: Promise<undefined> | undefined;

  private constructor(made: NativeIndex) {
    const { dimension, metric, className, hasFlatStorage, isConnected, ...can } = made.describe();
    this.dimension = dimension;
    this.metric = metric;
    this.className = className;
    this.hasFlatStorage = hasFlatStorage;
    this.isConnected = isConnected;
    this.can = can;
    this.#native = made;
  }

  /** A new, empty index. Code ERR_FAISS_FACTORY when the string is none that we accept, with those that are. */
  static async fromFactory(dimension: number, factory: string, metric: Metric = 'l2'): Promise<Index> {
    check.integer(dimension, 'dimension', 1, maxDimension);
    checkFactory(dimension, check.string(factory, 'factory'), check.metric(metric));
    return new Index(await native.create(dimension, factory, metric));
  }

  /** From bytes that FAISS or `serialize` made. Bytes after FAISS's own are ignored; ERR_FAISS_CORRUPT when they are not an index. */
  static async deserialize(bytes: Uint8Array): Promise<Index> {
    return new Index(await native.deserialize(check.bytes(bytes, 'bytes')));
  }

  /** From a file that FAISS or `write` made. */
  static async read(path: string): Promise<Index> {
    return new Index(await native.read(check.path(path)));
  }

  get ntotal(): number {
    return this.#native.counts().ntotal;
  }

  get isTrained(): boolean {
    return this.#native.counts().isTrained;
  }

  /** Bytes held for vectors or codes, ids, links and tables, room for growth included. */
  get memoryBytes(): number {
    return this.#native.counts().memoryBytes;
  }

  /** Adds n vectors (n * dimension floats); they get the labels ntotal, ntotal + 1, ... */
  async add(vectors: Float32Array, options?: ThreadOptions): Promise<void> {
    const index = this.#living();
    await index.add(check.vectors(vectors, 'vectors', this.dimension, { empty: true }), undefined, check.threads(options), false);
  }

  /**
   * Adds as `add` does, and answers for each vector how much of it is lost: the squared distance between the vector and what the index keeps of it, its decoded
   * code. Where lists keep plain vectors it is the distance to the centroid of the vector's list.
   */
  async addMeasured(vectors: Float32Array, options?: ThreadOptions): Promise<Float32Array> {
    const index = this.#living();
    return index.add(check.vectors(vectors, 'vectors', this.dimension, { empty: true }), undefined, check.threads(options), true);
  }

  /** Adds n vectors under ids of one's own. Only IVF and IDMap can. */
  async addWithIds(vectors: Float32Array, ids: BigInt64Array, options?: ThreadOptions): Promise<void> {
    const index = this.#living();
    const checked = check.vectors(vectors, 'vectors', this.dimension, { empty: true });
    await index.add(checked, check.ids(ids, checked.length / this.dimension), check.threads(options), false);
  }

  /** Learns from n vectors. Nothing to learn for Flat and HNSW. */
  async train(vectors: Float32Array, options?: ThreadOptions): Promise<void> {
    const index = this.#living();
    await index.train(check.vectors(vectors, 'vectors', this.dimension), check.threads(options));
  }

  /** The k nearest of each query. */
  async search(queries: Float32Array, k: number, options?: NearestOptions): Promise<SearchResult> {
    const index = this.#living();
    const checked = check.vectors(queries, 'queries', this.dimension, { empty: true });
    const count = check.resultCount(checked.length / this.dimension, k);
    return index.search(checked, count, ...check.searchOptions(options), check.toggle(options?.here, 'here'));
  }

  /** Everything at a squared distance under `radius`, or with a product over it. The border is outside, as in FAISS. */
  async rangeSearch(queries: Float32Array, radius: number, options?: SearchOptions): Promise<RangeResult> {
    const index = this.#living();
    const checked = check.vectors(queries, 'queries', this.dimension, { empty: true });
    if (typeof radius !== 'number' || Number.isNaN(radius)) throw rangeError(`radius must be a number, not ${shown(radius)}`);
    return index.rangeSearch(checked, radius, ...check.searchOptions(options));
  }

  /** One vector by its label, decoded where the index keeps codes. ERR_FAISS_NOT_FOUND when it is not there. */
  async reconstruct(label: bigint | number): Promise<Float32Array> {
    return this.#living().reconstruct(check.label(label), 1);
  }

  /** The n vectors from label `start` on. */
  async reconstructN(start: bigint | number, n: number): Promise<Float32Array> {
    const index = this.#living();
    return index.reconstruct(check.label(start), check.integer(n, 'n', 1, Math.floor(maxElements / this.dimension)));
  }

  /** Removes vectors and answers how many were there. In classes that number vectors by position, those behind move up. */
  async removeIds(ids: BigInt64Array): Promise<number> {
    return this.#living().removeIds(check.ids(ids));
  }

  /** Removes all vectors; what was learned stays. */
  async reset(): Promise<void> {
    await this.#living().reset();
  }

  /** Sets what calls use that name nothing else, and what serialised bytes carry. */
  async setParameter(name: 'efSearch' | 'efConstruction' | 'nprobe', value: number): Promise<void> {
    const index = this.#living();
    if (!['efSearch', 'efConstruction', 'nprobe'].includes(name)) {
      throw rangeError(`parameter must be efSearch, efConstruction or nprobe, not ${shown(name)}`);
    }
    await index.setParameter(name, check.integer(value, name, 1, maxEf));
  }

  /** FAISS's own bytes: every FAISS reads them. */
  async serialize(): Promise<Uint8Array> {
    return this.#living().serialize();
  }

  /** Writes `serialize`'s bytes to a file, in place, and answers how many. For a crash-safe file write the bytes yourself. */
  async write(path: string): Promise<number> {
    return this.#living().write(check.path(path));
  }

  /** A copy with all that was learned and added. */
  async clone(): Promise<Index> {
    return new Index(await this.#living().copy());
  }

  /** Gives the memory back when the calls under way have ended. Every later call is refused with ERR_FAISS_RELEASED. */
  async release(): Promise<void> {
    this.#released ??= this.#native.release();
    await this.#released;
  }

  #living(): NativeIndex {
    if (this.#released !== undefined) throw codedError('ERR_FAISS_RELEASED', 'the index has been released');
    return this.#native;
  }
}
