// The store of one index: its rows in a LevelDB, and the only place that knows how they are laid out there.
//
// Keys are a letter and a 6-byte number; every value of a row ends with its CRC32 (row-records.ts):
//   i<row>  the vector's outside id
//   m<row>  the metadata, JSON text of an object; absent when empty
//   t<row>  the text beside the values, where there is one
//   v<row>  the values, little-endian float32
//   s<change>  {lastRow, rows} after that commit, which removes the record of the commit before it. Row numbers are never used twice.
//   trained a trained, empty FAISS index, from which every later generation starts
//
// Beside it lies `acknowledged`, the number of the last commit that was answered. LevelDB takes a cut log for the trace of a crash, and leaves out
// altered blocks of one, without a word; we know better: commits at the end are missing when more were answered, and one in the middle is missing
// when two s records are there. `acknowledged` is written after the sync, never synced itself: it can lag, not lead.
import { ClassicLevel } from 'classic-level';
import { join } from 'node:path';
import { closeAll } from '../close-all.js';
import { DamageError, VoisinError } from '../errors.js';
import { Acknowledged } from './acknowledged.js';
import { isDiskFull, makeDirectory } from './disk.js';
import { HeldSnapshot } from './held-snapshot.js';
import { requireLevel } from './level-directory.js';
import { checkTables, listedBytes, logBytes, tableBytes } from './level-files.js';
import { removeOrphanTables } from './orphan-tables.js';
import { CommitBatch, type NewRow } from './commit-batch.js';
import { removeRowCount, writeRowCount } from './row-count.js';
import { type Kind, maxRow, noMetadata, numberOf, rowKey, sealed, unsealed, valueBytes } from './row-records.js';
import { type Level, readState, type StoreState, whatToDo } from './store-state.js';

export type { NewRow } from './commit-batch.js';
export type { StoreState } from './store-state.js';

export interface Commit {
  readonly added: readonly NewRow[];
  readonly removed: readonly number[];
  /** Rows whose metadata or text alone changed. */
  readonly rewritten: readonly { readonly row: number; readonly metadata: string; readonly text: string | undefined }[];
}

const trainedKey = Buffer.from('trained');
/** LevelDB keeps up to two of these in memory; 8 MB took bulk loads at full speed where 4 MB stalled in compactions. */
const writeBufferBytes = 8 * 1024 * 1024;
/** For each open index. LevelDB's own 8 MB let ten indexes keep 80 MB of blocks: metadata of recent hits are remembered beside it anyway, and what is not in it is in the system's memory. */
const blockCacheBytes = 2 * 1024 * 1024;
const readAheadBytes = 1024 * 1024;

export class RowStore {
  readonly #db: Level;
  readonly #valueBytes: number;
  readonly #acknowledged: Acknowledged;
  readonly #directory: string;
  #isOpen = false;
  #hasCount = true;
  #state: StoreState = { lastRow: 0, changes: 0, rows: 0 };
  /** The store before the commit that is not settled yet: what reads see until it is. */
  #before: HeldSnapshot | undefined;
  #reopening: Promise<void> | undefined;
  #needsReopen = false;
  #closed = false;
  #hasTexts = false;

  private constructor(directory: string, dimension: number, acknowledged: Acknowledged) {
    this.#directory = directory;
    this.#db = new ClassicLevel(levelPath(directory), { keyEncoding: 'view', valueEncoding: 'view' });
    this.#valueBytes = dimension * 4;
    this.#acknowledged = acknowledged;
  }

  /**
   * Opens the store in `directory`, or makes an empty one in a folder without files. LevelDB's own errors pass through (LEVEL_LOCKED, LEVEL_CORRUPTION, ...).
   * Errors: DamageError when commits that were answered are missing, or a file was cut.
   */
  static async open(directory: string, dimension: number): Promise<RowStore> {
    await makeDirectory(directory);
    const acknowledged = new Acknowledged(join(directory, 'acknowledged'), 'rows/acknowledged');
    try {
      await requireLevel(levelPath(directory), acknowledged.read() ?? 0, whatToDo);
    } catch (error) {
      acknowledged.close();
      throw error;
    }
    // Only now: an object of LevelDB opens itself, and makes a new store, in the next turn of the event loop.
    const store = new RowStore(directory, dimension, acknowledged);
    try {
      await store.#open();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get state(): StoreState {
    return this.#state;
  }

  /** A write failed. It may have reached the disk all the same, and no other is taken until `reopen` has found out. */
  get needsReopen(): boolean {
    return this.#needsReopen;
  }

  /** Whether a row may have a text: most indexes have none, and a search need not look for any. */
  get hasTexts(): boolean {
    return this.#hasTexts;
  }

  /** Bytes that opening this store again may write. */
  get reopenBytes(): number {
    return logBytes(this.#db.location);
  }

  /** What LevelDB holds in memory: rows that are not in a table yet, and blocks that were read. 0 while it is closed. */
  get memoryBytes(): number {
    return this.#db.status === 'open' ? Number(this.#db.getProperty('leveldb.approximate-memory-usage')) : 0;
  }

  /** Bytes of tables that are not in service: of a compaction under way, or of one that found the disk full. */
  get orphanBytes(): number {
    return tableBytes(this.#db.location) - listedBytes(this.#db.getProperty('leveldb.sstables'));
  }

  /**
   * Writes one synced batch: when the promise resolves, the change survives a power cut.
   * Reads go on seeing the store as it was before until `settle` is called: so what is in memory and what is read belong together. After a failure
   * they go on seeing it so until `reopen`.
   */
  async commit({ added, removed, rewritten }: Commit): Promise<void> {
    const old = this.#state;
    requireNewRows(added, old.lastRow);
    const state = { lastRow: added.at(-1)?.row ?? old.lastRow, changes: old.changes + 1, rows: old.rows + added.length - removed.length };
    if (state.lastRow > maxRow)
      throw new VoisinError('resource_exhausted', 'this index has used all its row numbers; export it into a new one');
    const batch = new CommitBatch(this.#db, this.#valueBytes);
    for (const row of added) {
      batch.add(row);
      if (row.text !== undefined) this.#hasTexts = true;
      if (batch.wantsPause) await batch.pause();
    }
    for (const { row, metadata, text } of rewritten) {
      batch.rewrite(row, metadata, text);
      if (text !== undefined) this.#hasTexts = true;
    }
    for (const row of removed) {
      batch.remove(row);
      if (batch.wantsPause) await batch.pause();
    }
    batch.move(old.changes, state);
    if (this.#hasCount) await removeRowCount(this.#directory);
    this.#hasCount = false;
    await this.#write(async () => {
      this.#before = new HeldSnapshot(this.#db);
      await batch.write();
      this.#acknowledged.mark(state.changes);
    });
    this.#state = state;
  }

  /** Lets reads see the last commit: it is in memory too now. */
  async settle(): Promise<void> {
    const before = this.#before;
    this.#before = undefined;
    await before?.release();
  }

  /** The ids of all rows, ascending by row. */
  async *ids(): AsyncGenerator<{ row: number; id: string }[]> {
    for await (const entries of this.#scan('id', 0)) yield entries.map(({ row, value }) => ({ row, id: value.toString() }));
  }

  /** The metadata of all rows that have any, ascending by row. */
  async *metadata(): AsyncGenerator<{ row: number; metadata: string }[]> {
    for await (const entries of this.#scan('metadata', 0)) yield entries.map(({ row, value }) => ({ row, metadata: value.toString() }));
  }

  /** Rows after `after`, ascending, with their values in one matrix a step: rows.length x dimension. */
  async *valuesAfter(after: number): AsyncGenerator<{ rows: number[]; values: Float32Array }> {
    for await (const entries of this.#scan('values', after + 1)) {
      const matrix = this.#matrix(entries.length);
      for (const [at, { row, value }] of entries.entries()) matrix.set(at, row, value);
      yield { rows: entries.map(({ row }) => row), values: matrix.values };
    }
  }

  /** The values of the rows asked for, in their order: rows.length x dimension. A row that is not there is in `missing`. */
  async values(rows: readonly number[]): Promise<{ values: Float32Array; missing: Set<number> }> {
    const found = await this.#read('values', rows);
    const matrix = this.#matrix(rows.length);
    const missing = new Set<number>();
    for (const [at, row] of rows.entries()) {
      const value = found[at];
      if (value === undefined) missing.add(row);
      else matrix.set(at, row, value);
    }
    return { values: matrix.values, missing };
  }

  /** The metadata of the rows asked for, in their order. */
  async metadataOf(rows: readonly number[]): Promise<string[]> {
    return (await this.#read('metadata', rows)).map((value) => value?.toString() ?? noMetadata);
  }

  /** The texts of the rows asked for, in their order. */
  async textsOf(rows: readonly number[]): Promise<(string | undefined)[]> {
    return (await this.#read('text', rows)).map((value) => value?.toString());
  }

  async trained(): Promise<Uint8Array | undefined> {
    const bytes = await this.#db.get(trainedKey);
    return bytes === undefined ? undefined : unsealed('values', 0, bytes);
  }

  async putTrained(bytes: Uint8Array): Promise<void> {
    await this.#write(() => this.#db.batch([{ type: 'put', key: trainedKey, value: sealed('values', 0, bytes) }], { sync: true }));
  }

  /** Opens the store again after a write that failed: `state` is then what the disk has. Reads wait meanwhile. When this fails, the store is closed. */
  reopen(): Promise<void> {
    this.#reopening = (async () => {
      await this.#db.close();
      this.#before = undefined;
      await this.#open();
      this.#needsReopen = false;
    })().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeAll([() => this.#acknowledged.close(), () => this.#db.close()]);
    if (this.#isOpen && !this.#needsReopen) writeRowCount(this.#directory, this.#state);
  }

  /** Runs one write of LevelDB. Where it fails, what follows in the log may not be read again: nothing more is written there. */
  async #write(work: () => Promise<void>): Promise<void> {
    if (this.#needsReopen) throw new VoisinError('unavailable', 'the store must be opened again after a write that failed');
    try {
      await work();
    } catch (error) {
      this.#needsReopen = true;
      throw error;
    }
  }

  async #open(): Promise<void> {
    const marked = this.#acknowledged.read();
    const [isMarked, answered] = [marked !== undefined, marked ?? 0];
    await this.#openLevel({ createIfMissing: false, writeBufferSize: writeBufferBytes, cacheSize: blockCacheBytes, maxOpenFiles: 200 });
    checkTables(this.#db.location, this.#db.getProperty('leveldb.sstables'));
    this.#state = await readState(this.#db, isMarked);
    this.#hasTexts = (await this.#db.keys({ gte: rowKey('text', 0), lte: rowKey('text', maxRow), limit: 1 }).all()).length > 0;
    if (answered > this.#state.changes) {
      throw new DamageError(
        `the store ends at change ${this.#state.changes}, but change ${answered} was answered: a file of it was cut or is an older copy; ${whatToDo}`,
      );
    }
    // The eight bytes have their room from now on: a commit on a full disk must not fail after its sync.
    if (!isMarked) this.#acknowledged.mark(this.#state.changes);
    this.#isOpen = true;
  }

  async #openLevel(options: Parameters<Level['open']>[0]): Promise<void> {
    try {
      await this.#db.open(options);
    } catch (error) {
      if (!isDiskFull(error) || removeOrphanTables(this.#db.location) === 0) throw error;
      await this.#db.open(options);
    }
  }

  async #read(kind: Kind, rows: readonly number[]): Promise<(Buffer | undefined)[]> {
    if (this.#reopening !== undefined) await this.#reopening;
    const keys = rows.map((row) => rowKey(kind, row));
    const found = await this.#db.getMany(keys, this.#before === undefined ? {} : { snapshot: this.#before.snapshot });
    return found.map((bytes, at) => (bytes === undefined ? undefined : unsealed(kind, rows[at] ?? 0, bytes)));
  }

  async *#scan(kind: Kind, fromRow: number): AsyncGenerator<{ row: number; value: Buffer }[]> {
    if (fromRow > maxRow) return;
    if (this.#reopening !== undefined) await this.#reopening;
    const range = { gte: rowKey(kind, fromRow), lte: rowKey(kind, maxRow) };
    const before = this.#before?.hold();
    const view = before === undefined ? {} : { snapshot: before.snapshot };
    const iterator = this.#db.iterator({ ...range, highWaterMarkBytes: readAheadBytes, fillCache: false, ...view });
    try {
      for (;;) {
        const entries = await iterator.nextv(1000);
        if (entries.length === 0) return;
        yield entries.map(([key, value]) => ({ row: numberOf(key), value: unsealed(kind, numberOf(key), value) }));
      }
    } finally {
      await iterator.close();
      await before?.release();
    }
  }

  #matrix(rows: number): { values: Float32Array; set(at: number, row: number, value: Uint8Array): void } {
    const values = new Float32Array((rows * this.#valueBytes) / 4);
    const bytes = valueBytes(values);
    const set = (at: number, row: number, value: Uint8Array): void => {
      if (value.byteLength !== this.#valueBytes) {
        throw new DamageError(`row ${row} has ${value.byteLength / 4} values and the index ${this.#valueBytes / 4} dimensions`);
      }
      bytes.set(value, at * this.#valueBytes);
    };
    return { values, set };
  }
}

const levelPath = (directory: string): string => join(directory, 'level');

/** A row number that was used before would come to stand for two rows, which is damage at the next start. */
function requireNewRows(added: readonly NewRow[], lastRow: number): void {
  let last = lastRow;
  for (const { row } of added) {
    if (row <= last) throw new VoisinError('internal', `row ${row} is not new: the store has given the numbers up to ${last}`);
    last = row;
  }
}
