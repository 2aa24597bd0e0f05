// Entries on their way to Redis: after the answer that they were made for, a few at a time, bounded in memory.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Embedded } from '../batcher.js';
import type { CacheKey } from './cache-key.js';

export interface Entry {
  readonly key: CacheKey;
  readonly value: Embedded;
}

/** So many entries make one message: about 100 KB, and half a millisecond of the event loop. */
const TOGETHER = 64;
/** Past so many bytes the next entries are dropped: Redis takes less than the models give, or does not answer. */
const MOST_BYTES = 8 * 2 ** 20;

export class WriteBehind {
  readonly #write: (entries: readonly Entry[]) => Promise<void>;
  #waiting: Entry[] = [];
  #bytes = 0;
  #sending: Promise<void> | undefined;
  #dropped = 0;

  /** @param write never rejects */
  constructor(write: (entries: readonly Entry[]) => Promise<void>) {
    this.#write = write;
  }

  /** Entries that found no room, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  push(entry: Entry): void {
    const bytes = sizeOf(entry);
    if (this.#bytes + bytes > MOST_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(entry);
    this.#bytes += bytes;
    this.#sending ??= this.#send();
  }

  /** Resolves when nothing waits any more. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      // The answers that wait for these vectors are made first.
      await nextTurn();
      const entries = this.#waiting.splice(0, TOGETHER);
      await this.#write(entries);
      for (const entry of entries) this.#bytes -= sizeOf(entry);
    }
    this.#sending = undefined;
  }
}

const sizeOf = ({ key, value }: Entry): number => value.vector.byteLength + 2 * key.length;
