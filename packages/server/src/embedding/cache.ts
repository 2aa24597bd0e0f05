// L1: pooled vectors in memory, least recently used out first, bounded by entries and by bytes.
import { LRUCache } from 'lru-cache';
import type { Embedded } from './batcher.js';

/** About what an entry costs beside its key and values: the objects, the map's and the list's own. */
const ENTRY_BYTES = 300;

export class EmbeddingCache {
  readonly #entries: LRUCache<string, Embedded> | undefined;
  #hits = 0;
  #misses = 0;

  /** Zero entries or zero bytes: nothing is kept. */
  constructor(limits: { readonly entries: number; readonly bytes: number }) {
    if (limits.entries > 0 && limits.bytes > 0) {
      this.#entries = new LRUCache({
        max: limits.entries,
        maxSize: limits.bytes,
        sizeCalculation: ({ vector }, key) => vector.byteLength + 2 * key.length + ENTRY_BYTES,
      });
    }
  }

  get(key: string): Embedded | undefined {
    const found = this.#entries?.get(key);
    if (found) this.#hits++;
    else this.#misses++;
    return found;
  }

  set(key: string, value: Embedded): void {
    this.#entries?.set(key, value);
  }

  stats(): { entries: number; bytes: number; hits: number; misses: number } {
    return {
      entries: this.#entries?.size ?? 0,
      bytes: this.#entries?.calculatedSize ?? 0,
      hits: this.#hits,
      misses: this.#misses,
    };
  }
}
