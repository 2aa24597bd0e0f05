// L1: pooled vectors in memory, least recently used out first, bounded by entries and by bytes.
import { LRUCache } from 'lru-cache';
import type { Embedded } from '../batcher.js';

/** About what an entry costs beside its key and values: the objects, the map's and the list's own. */
const ENTRY_BYTES = 300;
/** Beside the pooled values: those at length 1, and their text, which are kept with an entry that is asked for again (12 characters a value). */
const MADE_OF_IT = 1 + 12 / Float32Array.BYTES_PER_ELEMENT;

export class MemoryCache {
  readonly #entries: LRUCache<string, Embedded> | undefined;

  /** Zero entries or zero bytes: nothing is kept. */
  constructor(limits: { readonly entries: number; readonly bytes: number }) {
    if (limits.entries > 0 && limits.bytes > 0) {
      this.#entries = new LRUCache({
        max: limits.entries,
        maxSize: limits.bytes,
        sizeCalculation: ({ vector }, key) => vector.byteLength * (1 + MADE_OF_IT) + 2 * key.length + ENTRY_BYTES,
      });
    }
  }

  get(key: string): Embedded | undefined {
    return this.#entries?.get(key);
  }

  has(key: string): boolean {
    return this.#entries?.has(key) ?? false;
  }

  set(key: string, value: Embedded): void {
    this.#entries?.set(key, value);
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }
}
