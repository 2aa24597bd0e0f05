// When an open index is written to index.faiss, and how that keeps out of the way of its changes.
import { dirname } from 'node:path';
import { freeBytes } from '../store/disk.js';
import { writeSnapshot } from '../store/snapshot.js';
import { inTurns, type Pieces } from '../turns.js';
import type { Generation } from './generation.js';
import type { OpenIndex } from './open-index.js';
import type { IndexServices } from './services.js';

/** A snapshot is due soon when more than one in this many rows changed. */
const changedShare = 5;
/** What changes may need while it is written. */
const spareDiskBytes = 4 * 2 ** 20;

export class Snapshots {
  readonly #index: OpenIndex;
  readonly #path: string;
  readonly #services: IndexServices;
  #changes: number;
  #writtenAt: string | undefined;
  #startedAt = Date.now();
  #rowsChanged = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(
    index: OpenIndex,
    path: string,
    loaded: { readonly snapshotChanges: number; readonly snapshotAt: string | undefined },
    services: IndexServices,
  ) {
    this.#index = index;
    this.#path = path;
    this.#services = services;
    this.#changes = loaded.snapshotChanges;
    this.#writtenAt = loaded.snapshotAt;
  }

  /** The store's change that index.faiss holds; 0: there is none that serves. */
  get changes(): number {
    return this.#changes;
  }

  get writtenAt(): string | undefined {
    return this.#writtenAt;
  }

  /** Says how many rows a change touched. */
  changed(rows: number): void {
    this.#rowsChanged += rows;
  }

  /** Resolves when no snapshot is being written. */
  idle(): Promise<void> {
    return this.#running;
  }

  /** Writes when a fifth of the rows changed, or when anything did a while ago. */
  async writeWhenDue(): Promise<void> {
    const { snapshotMilliseconds, snapshotPauseMilliseconds } = this.#services.limits;
    const soon = this.#rowsChanged * changedShare > this.#index.generation.size;
    if (Date.now() - this.#startedAt >= (soon ? snapshotPauseMilliseconds : snapshotMilliseconds)) await this.write();
  }

  /** Writes if anything changed since the last time. The bytes are taken between two changes; searches go on. A failure is logged, not thrown. */
  write(): Promise<void> {
    // One after another: they share the temporary file.
    this.#running = this.#running.then(() => this.#writeIfChanged());
    return this.#running;
  }

  async #writeIfChanged(): Promise<void> {
    const index = this.#index;
    if (index.broken !== undefined || (this.#changes === index.store.state.changes && this.#rowsChanged === 0)) return;
    try {
      await this.#take();
    } catch (error) {
      const { id, tenant } = index.definition;
      this.#services.log.warn(
        { err: error, index: id, tenant },
        'a snapshot could not be written; the store has everything, and another is tried later',
      );
    }
  }

  async #take(): Promise<void> {
    const index = this.#index;
    const { wanted, metric } = index.definition;
    this.#startedAt = Date.now();
    const [free, needed] = [await freeBytes(dirname(this.#path)), index.generation.memoryBytes + spareDiskBytes];
    if (free < needed) throw new Error(`there is no room for it: ${free} bytes are free, and it may take ${needed}`);
    const taken = await index.alone(async () => {
      const { generation, isTrained } = index;
      const { changes, lastRow } = index.store.state;
      this.#rowsChanged = 0;
      const outside = await inTurns(outsideRows(generation));
      const { trainedAt } = generation.fit ?? {};
      const header = {
        dimension: wanted.dimension,
        metric,
        standIn: !isTrained,
        lastRow,
        changes,
        ...(trainedAt !== undefined && { trainedAt }),
      };
      // FAISS takes the bytes after this change and before the next one; the line of changes need not wait for the disk.
      const writing = generation.pin(() =>
        writeSnapshot(this.#path, { rows: generation.rows.slice(), outside }, header, (path) => generation.faiss.write(path)),
      );
      // In an object: a promise given back as it is would be waited for.
      return { writing, changes };
    });
    this.#writtenAt = (await taken.writing).writtenAt;
    this.#changes = taken.changes;
  }
}

function* outsideRows(generation: Generation): Pieces<Float64Array> {
  const rows: number[] = [];
  for (const position of generation.outside.positions) {
    if (generation.isLive(position)) rows.push(generation.rowAt(position));
    yield 1;
  }
  return Float64Array.from(rows);
}
