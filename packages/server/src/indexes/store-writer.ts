// The writes of an open index to its store: refused while the disk is full, and cleared up after one that failed.
import { VoisinError } from '../errors.js';
import { freeBytes, isDiskFull } from '../store/disk.js';
import { reasonOf, withoutPaths } from '../store/failure.js';
import type { RowStore } from '../store/row-store.js';
import type { Log } from './services.js';

/** Beside twice the bytes of a commit, what LevelDB may need for its own files. */
const spareDiskBytes = 2 ** 20;
const amplyFreeBytes = 64 * 2 ** 20;
const reclaimPauseMilliseconds = 30_000;

export interface StoreWriterOptions {
  readonly store: RowStore;
  /** Where the store lies: its disk is looked at. */
  readonly directory: string;
  readonly log: Log;
  /** For the log. */
  readonly names: object;
  /** Makes memory again from the store, which holds another state than memory. */
  readonly reload: () => Promise<void>;
  /** The store is closed and cannot be opened again. */
  readonly onBroken: (error: unknown) => void;
}

/** All of its methods are to be called between two changes of the index. */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  #readOnly: string | undefined;
  #reopening: Promise<void> | undefined;
  #orphanBytes = 0;
  #reclaimedAt = 0;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  /** Why nothing can be written. undefined: it can, as far as is known. */
  get readOnly(): string | undefined {
    return this.#readOnly;
  }

  /** Under way: the store is opened again, and memory made again where the disk has another state. */
  get reopening(): Promise<void> | undefined {
    return this.#reopening;
  }

  /** After a write that failed: finds out what the disk holds, and makes memory follow it. To be called before a change is planned. */
  async clearFailedWrite(): Promise<void> {
    const { needsReopen } = this.#options.store;
    if (!needsReopen && this.#readOnly === undefined) return;
    // Enough where the write failed before it reached the store.
    await this.requireDisk(0);
    if (needsReopen) await this.#reopen();
  }

  /** Errors: resource_exhausted; the index is read-only from then on, until this succeeds. */
  async requireDisk(bytes: number): Promise<void> {
    const { store, directory } = this.#options;
    const free = await freeBytes(directory);
    // The next start writes LevelDB's logs into tables: it must find the room for that. They are looked at only when room is scarce.
    const wanted = 2 * bytes + spareDiskBytes + (free < 2 * bytes + amplyFreeBytes ? store.reopenBytes : 0);
    if (free < wanted) throw this.#refuse(`the disk is full (${free} bytes are free, ${wanted} are wanted)`);
    if (!store.needsReopen) this.#readOnly = undefined;
  }

  /** Runs one write of the store. Errors: resource_exhausted, unavailable; the write may have reached the disk all the same. */
  async write(work: (store: RowStore) => Promise<void>): Promise<void> {
    try {
      await work(this.#options.store);
    } catch (error) {
      throw this.#refuse(isDiskFull(error) ? 'the disk is full' : 'the store could not be written', error);
    }
  }

  /** Ends the read-only state when its reason is gone. */
  async recover(): Promise<void> {
    const { store, log, names } = this.#options;
    // What a compaction left on a full disk goes when the store is opened again; one that is under way grows.
    const { orphanBytes } = store;
    if (orphanBytes > 0 && orphanBytes === this.#orphanBytes && Date.now() - this.#reclaimedAt > reclaimPauseMilliseconds) {
      this.#reclaimedAt = Date.now();
      await this.#reopen().catch((error: unknown) => {
        log.warn({ err: error, ...names }, 'the room that a compaction took could not be had back');
      });
    }
    this.#orphanBytes = orphanBytes;
    try {
      await this.clearFailedWrite();
      await this.requireDisk(0);
    } catch (error) {
      log.debug({ err: error, ...names }, 'the index is still read-only');
    }
  }

  #reopen(): Promise<void> {
    this.#reopening = this.#reopenNow().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopenNow(): Promise<void> {
    const { store, directory, log, names, reload, onBroken } = this.#options;
    const known = store.state.changes;
    try {
      await store.reopen();
    } catch (error) {
      onBroken(error);
      throw this.#refuse(`the store cannot be opened again: ${withoutPaths(reasonOf(error), directory)}`, error);
    }
    // The failed commit may have reached the disk after all.
    if (store.state.changes !== known) await reload();
    this.#readOnly = undefined;
    log.info(names, 'the index can be written again');
  }

  #refuse(reason: string, cause?: unknown): VoisinError {
    const isNews = this.#readOnly === undefined;
    this.#readOnly = `${reason}: the index is read-only until it can be written again`;
    if (isNews || cause !== undefined) this.#options.log.error({ err: cause, ...this.#options.names }, this.#readOnly);
    const code = cause === undefined || isDiskFull(cause) ? 'resource_exhausted' : 'unavailable';
    return new VoisinError(code, this.#readOnly, { retryAfterSeconds: 5 }, { cause });
  }
}
