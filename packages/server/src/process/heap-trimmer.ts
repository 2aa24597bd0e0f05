// Gives freed memory back to the system while the server grows: of what came with a bulk of requests, only what was kept shall stay.

import { trimHeap } from '@voisin/faiss';

/** Growth from which on it is worth a look. */
const GROWTH_BYTES = 32 * 2 ** 20;
const LOOK_MS = 1000;

export interface Heap {
  /** Bytes of the process that are in memory. */
  readonly size: () => number;
  /** Gives back what is free. */
  readonly trim: () => Promise<void>;
}

const ownHeap: Heap = { size: () => process.memoryUsage.rss(), trim: trimHeap };

export class HeapTrimmer {
  readonly #heap: Heap;
  readonly #timer: NodeJS.Timeout;
  /** The least size since the last trim. */
  #least: number;
  #trimming: Promise<void> | undefined;

  constructor(heap: Heap = ownHeap) {
    this.#heap = heap;
    this.#least = heap.size();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Resolves when no trim is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#trimming;
  }

  #look(): void {
    if (this.#trimming) return;
    const size = this.#heap.size();
    this.#least = Math.min(this.#least, size);
    if (size - this.#least >= GROWTH_BYTES) this.#trimming = this.#trim();
  }

  async #trim(): Promise<void> {
    await this.#heap.trim();
    this.#least = this.#heap.size();
    this.#trimming = undefined;
  }
}
