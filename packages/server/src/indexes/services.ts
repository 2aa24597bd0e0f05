// What all indexes of a process share: how they log, what they may use, and the one line of background work.
import type { LRUCache } from 'lru-cache';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface IndexLimits {
  readonly maxIndexes: number;
  readonly maxOpenIndexes: number;
  /** Open indexes that nobody used for this long are closed. */
  readonly idleMilliseconds: number;
  /** Bytes of changes that may wait for one index. */
  readonly queueBytes: number;
  /** Bytes of changes that one synced batch may hold. */
  readonly groupBytes: number;
  /** A changed index is written to index.faiss after this long, and sooner (but not within `snapshotPauseMilliseconds`) when a fifth of it changed. */
  readonly snapshotMilliseconds: number;
  readonly snapshotPauseMilliseconds: number;
  /** Training or compaction that failed is tried again after this long. */
  readonly retryJobMilliseconds: number;
  /** Bytes of JSON that the metadata of one vector may have after a patch. */
  readonly metadataBytes: number;
  /** Bytes of metadata and texts of recent hits kept in memory, for all indexes together. */
  readonly metadataCacheBytes: number;
}

export interface HitRecord {
  /** JSON text of an object. */
  readonly metadata: string;
  readonly text: string | undefined;
  /** Bytes that both take in the JSON of an answer. */
  readonly bytes: number;
}

export interface IndexServices {
  readonly log: Log;
  readonly limits: IndexLimits;
  /** Threads that one addition may use. */
  readonly threads: number;
  readonly records: LRUCache<string, HitRecord>;
  /** Training and compaction: one index at a time. */
  readonly background: Background;
}

/** Runs pieces of work one after another. */
export class Background {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    // Who asked hears of the failure; the next piece of work starts all the same.
    this.#last = result.catch((error: unknown) => error);
    return result;
  }
}
