// L1: pooled vectors in memory, least recently used out first, bounded by entries and by bytes.
import { LRUCache } from 'lru-cache';
import type { Embedded } from '../batcher.js';
import type { CacheKey } from './cache-key.js';
import { DenseVectors, type Place } from './dense-vectors.js';

/** Most texts come once: the vector of one lies among others, and what the answer made of its own is gone with the answer. */
interface Cold extends Omit<Embedded, 'vector'>, Place {
  readonly vectors: DenseVectors<Cold>;
}

/** Asked for again since it came: its vector is the same array each time, by which whatever is made of it is remembered. */
interface Hot extends Embedded {
  readonly vectors?: undefined;
}

/** About what an entry costs beside its values: its objects, its key, the map's and the list's own. */
const ENTRY_BYTES = 300;
const COLD_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** A value, that at length 1, which an answer makes of it, and 12 characters of text: they live as long as the vector. */
const HOT_BYTES = 2 * Float32Array.BYTES_PER_ELEMENT + 12;

const bytesOf = (entry: Cold | Hot): number =>
  ENTRY_BYTES + (entry.vectors ? entry.vectors.dimension * COLD_BYTES : entry.vector.length * HOT_BYTES);

export class MemoryCache {
  readonly #bytes: number;
  readonly #entries: LRUCache<CacheKey, Cold | Hot> | undefined;
  readonly #vectors = new Map<number, DenseVectors<Cold>>();

  /** Zero entries or zero bytes: nothing is kept. */
  constructor({ entries, bytes }: { readonly entries: number; readonly bytes: number }) {
    this.#bytes = bytes;
    // The library makes room for all entries at once: for no more of them than the bytes allow.
    const max = Math.min(entries, Math.floor(bytes / ENTRY_BYTES));
    if (max === 0) return;
    this.#entries = new LRUCache({ max, maxSize: bytes, sizeCalculation: bytesOf, dispose: (entry) => this.#free(entry) });
  }

  /** The vector is never written to afterwards, and stays what it is when the entry has left. */
  get(key: CacheKey): Embedded | undefined {
    const entry = this.#entries?.get(key);
    if (!entry?.vectors) return entry;
    const { tokens, truncated, dropped } = entry;
    const hot = { vector: entry.vectors.read(entry), tokens, truncated, dropped };
    this.#entries?.set(key, hot);
    return hot;
  }

  has(key: CacheKey): boolean {
    return this.#entries?.has(key) ?? false;
  }

  /** Copies the vector. A key that is known stays as it is: it never has another value. */
  set(key: CacheKey, { vector, tokens, truncated, dropped }: Embedded): void {
    if (!this.#entries || this.#entries.has(key)) return;
    const entry: Cold = { vectors: this.#vectorsOf(vector.length), at: 0, tokens, truncated, dropped };
    // The library would not keep it, nor say so.
    if (bytesOf(entry) > this.#bytes) return;
    entry.vectors.add(vector, entry);
    this.#entries.set(key, entry);
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  /** Models have vectors of their own lengths. */
  #vectorsOf(dimension: number): DenseVectors<Cold> {
    const known = this.#vectors.get(dimension);
    if (known) return known;
    const made = new DenseVectors<Cold>(dimension);
    this.#vectors.set(dimension, made);
    return made;
  }

  #free(entry: Cold | Hot): void {
    if (!entry.vectors) return;
    entry.vectors.remove(entry);
    if (entry.vectors.size === 0) this.#vectors.delete(entry.vectors.dimension);
  }
}
