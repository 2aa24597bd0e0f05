// L1: pooled vectors in memory, least recently used out first, bounded by entries and by bytes.
import { LRUCache } from 'lru-cache';
import type { Embedded } from '../batcher.js';

/** About what an entry costs beside its key and values: the objects, the map's and the list's own. */
const ENTRY_BYTES = 300;
/** The pooled values, and those at length 1, which the first answer makes of them and which live as long. */
const VECTORS = 2;
/** The text of a vector that was asked for again is kept with it: 12 characters a value of 4 bytes. */
const TEXT = 12 / Float32Array.BYTES_PER_ELEMENT;

export class MemoryCache {
  readonly #entries: LRUCache<string, Embedded> | undefined;
  readonly #askedAgain = new WeakSet<Float32Array>();

  /** Zero entries or zero bytes: nothing is kept. */
  constructor(limits: { readonly entries: number; readonly bytes: number }) {
    if (limits.entries > 0 && limits.bytes > 0) {
      this.#entries = new LRUCache({
        max: limits.entries,
        maxSize: limits.bytes,
        sizeCalculation: ({ vector }, key) => {
          const kept = this.#askedAgain.has(vector) ? VECTORS + TEXT : VECTORS;
          return vector.byteLength * kept + 2 * key.length + ENTRY_BYTES;
        },
      });
    }
  }

  get(key: string): Embedded | undefined {
    const found = this.#entries?.get(key);
    if (found && !this.#askedAgain.has(found.vector)) {
      this.#askedAgain.add(found.vector);
      // The library weighs a value anew only where it is another object.
      this.#entries?.set(key, { ...found });
    }
    return found;
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
