// The store of one index: its rows in a LevelDB, and the only place that knows how they are laid out there.
//
// Keys are a letter and a 6-byte big-endian row number, so that rows lie in the order in which they were made:
//   i<row>  the vector's outside id
//   m<row>  the metadata, JSON text of an object; absent when empty
//   t<row>  the text that the values were made from, where there is one
//   v<row>  the values, little-endian float32, and their CRC32 (LevelDB does not check its blocks when it reads them)
//   state   {lastRow, changes, rows}: row numbers are never used twice; `changes` tells a store from an older copy of itself
//   trained a trained, empty FAISS index, from which every later generation starts
//
// Beside it lies `acknowledged`, the number of the last commit that was answered. LevelDB takes a cut log for the trace of a crash and opens
// without a word; we know better when commits that were answered are missing. It is written after the sync, never synced itself: it can lag, not lead.
import { ClassicLevel } from 'classic-level';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { VoisinError } from '../errors.js';

export interface StoreState {
  /** The highest row number ever given. 0: none yet. */
  readonly lastRow: number;
  /** Commits so far. */
  readonly changes: number;
  /** Rows that are there. */
  readonly rows: number;
}

export interface NewRow {
  readonly row: number;
  readonly id: string;
  readonly values: Float32Array;
  /** JSON text of an object. */
  readonly metadata: string;
  readonly text: string | undefined;
}

export interface Commit {
  readonly added: readonly NewRow[];
  readonly removed: readonly number[];
  /** Rows whose metadata or text alone changed. */
  readonly rewritten: readonly { readonly row: number; readonly metadata: string; readonly text: string | undefined }[];
}

type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

const [idPrefix, metadataPrefix, textPrefix, valuesPrefix] = [0x69, 0x6d, 0x74, 0x76];
const [stateKey, trainedKey] = [Buffer.from('state'), Buffer.from('trained')];
/** The metadata of a row that has none. */
export const noMetadata = '{}';
const keyBytes = 7;
const maxRow = 2 ** 48 - 1;
/** LevelDB keeps up to two of these in memory; 8 MB took bulk loads at full speed where 4 MB stalled in compactions. */
const writeBufferBytes = 8 * 1024 * 1024;
const readAheadBytes = 1024 * 1024;

function rowKey(prefix: number, row: number): Buffer {
  const key = Buffer.allocUnsafe(keyBytes);
  key[0] = prefix;
  key.writeUIntBE(row, 1, keyBytes - 1);
  return key;
}

const rowOf = (key: Uint8Array): number => Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(1, keyBytes - 1);

const textOf = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();

function encodeValues(values: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(values.byteLength + 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  bytes.writeUInt32LE(crc32(bytes.subarray(0, values.byteLength)), values.byteLength);
  return bytes;
}

export class RowStore {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #valueBytes: number;
  readonly #acknowledged: number;
  #state: StoreState;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>, dimension: number, acknowledged: number, state: StoreState) {
    this.#db = db;
    this.#valueBytes = dimension * 4;
    this.#acknowledged = acknowledged;
    this.#state = state;
  }

  /**
   * Opens the store in `directory`, or makes an empty one. LevelDB's own errors pass through (LEVEL_LOCKED, LEVEL_CORRUPTION, ...).
   * Errors: VoisinError internal when commits that were answered are missing.
   */
  static async open(directory: string, dimension: number): Promise<RowStore> {
    await mkdir(directory, { recursive: true });
    const db = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'level'), {
      keyEncoding: 'view',
      valueEncoding: 'view',
      writeBufferSize: writeBufferBytes,
      maxOpenFiles: 200,
    });
    await db.open();
    const acknowledged = openSync(join(directory, 'acknowledged'), constants.O_RDWR | constants.O_CREAT, 0o644);
    try {
      const bytes = await db.get(stateKey);
      const state = bytes === undefined ? { lastRow: 0, changes: 0, rows: 0 } : parseState(bytes);
      const known = Buffer.alloc(8);
      readSync(acknowledged, known, 0, 8, 0);
      if (known.readDoubleLE() > state.changes) {
        throw new VoisinError(
          'internal',
          `the store ends at change ${state.changes}, but change ${known.readDoubleLE()} was answered: a file of it was cut or is an older copy; ` +
            'restore it from a backup, or delete the file rows/acknowledged to serve what is left',
        );
      }
      return new RowStore(db, dimension, acknowledged, state);
    } catch (error) {
      closeSync(acknowledged);
      await db.close();
      throw error;
    }
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Writes one synced batch: when the promise resolves, the change survives a power cut. */
  async commit({ added, removed, rewritten }: Commit): Promise<void> {
    const operations: Operation[] = [];
    const put = (prefix: number, row: number, value: Uint8Array): void =>
      void operations.push({ type: 'put', key: rowKey(prefix, row), value });
    const remove = (prefix: number, row: number): void => void operations.push({ type: 'del', key: rowKey(prefix, row) });
    for (const { row, id, values, metadata, text } of added) {
      put(idPrefix, row, Buffer.from(id));
      put(valuesPrefix, row, encodeValues(values));
      if (metadata !== noMetadata) put(metadataPrefix, row, Buffer.from(metadata));
      if (text !== undefined) put(textPrefix, row, Buffer.from(text));
    }
    for (const { row, metadata, text } of rewritten) {
      if (metadata === noMetadata) remove(metadataPrefix, row);
      else put(metadataPrefix, row, Buffer.from(metadata));
      if (text === undefined) remove(textPrefix, row);
      else put(textPrefix, row, Buffer.from(text));
    }
    for (const row of removed) for (const prefix of [idPrefix, metadataPrefix, textPrefix, valuesPrefix]) remove(prefix, row);
    const { lastRow, changes, rows } = this.#state;
    const state = { lastRow: added.at(-1)?.row ?? lastRow, changes: changes + 1, rows: rows + added.length - removed.length };
    if (state.lastRow > maxRow)
      throw new VoisinError('resource_exhausted', 'this index has used all its row numbers; export it into a new one');
    operations.push({ type: 'put', key: stateKey, value: Buffer.from(JSON.stringify(state)) });
    await this.#db.batch(operations, { sync: true });
    this.#state = state;
    const mark = Buffer.allocUnsafe(8);
    mark.writeDoubleLE(state.changes);
    writeSync(this.#acknowledged, mark, 0, 8, 0);
  }

  /** The ids of all rows, ascending by row. */
  async *ids(): AsyncGenerator<{ row: number; id: string }[]> {
    for await (const entries of this.#scan(idPrefix, 0)) {
      yield entries.map(([key, value]) => ({
        row: rowOf(key),
        id: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(),
      }));
    }
  }

  /** The metadata of all rows that have any, ascending by row. */
  async *metadata(): AsyncGenerator<{ row: number; metadata: string }[]> {
    for await (const entries of this.#scan(metadataPrefix, 0)) {
      yield entries.map(([key, value]) => ({ row: rowOf(key), metadata: textOf(value) }));
    }
  }

  /** Rows after `after`, ascending, with their values in one matrix a step: rows.length x dimension. */
  async *valuesAfter(after: number): AsyncGenerator<{ rows: number[]; values: Float32Array }> {
    for await (const entries of this.#scan(valuesPrefix, after + 1)) {
      const rows: number[] = [];
      const values = new Float32Array((entries.length * this.#valueBytes) / 4);
      const bytes = new Uint8Array(values.buffer);
      for (const [at, [key, value]] of entries.entries()) {
        rows.push(rowOf(key));
        bytes.set(this.#checked(rowOf(key), value), at * this.#valueBytes);
      }
      yield { rows, values };
    }
  }

  /** The values of the rows asked for, in their order: rows.length x dimension. A row that is not there is undefined in `missing`. */
  async values(rows: readonly number[]): Promise<{ values: Float32Array; missing: Set<number> }> {
    const found = await this.#db.getMany(rows.map((row) => rowKey(valuesPrefix, row)));
    const values = new Float32Array((rows.length * this.#valueBytes) / 4);
    const bytes = new Uint8Array(values.buffer);
    const missing = new Set<number>();
    for (const [at, row] of rows.entries()) {
      const value = found[at];
      if (value === undefined) missing.add(row);
      else bytes.set(this.#checked(row, value), at * this.#valueBytes);
    }
    return { values, missing };
  }

  /** The metadata of the rows asked for, in their order. */
  async metadataOf(rows: readonly number[]): Promise<string[]> {
    const found = await this.#db.getMany(rows.map((row) => rowKey(metadataPrefix, row)));
    return found.map((value) => (value === undefined ? noMetadata : textOf(value)));
  }

  /** The texts of the rows asked for, in their order. */
  async textsOf(rows: readonly number[]): Promise<(string | undefined)[]> {
    const found = await this.#db.getMany(rows.map((row) => rowKey(textPrefix, row)));
    return found.map((value) => (value === undefined ? undefined : textOf(value)));
  }

  async trained(): Promise<Uint8Array | undefined> {
    return this.#db.get(trainedKey);
  }

  async putTrained(bytes: Uint8Array): Promise<void> {
    await this.#db.batch([{ type: 'put', key: trainedKey, value: bytes }], { sync: true });
  }

  async close(): Promise<void> {
    await this.#db.close();
    closeSync(this.#acknowledged);
  }

  async *#scan(prefix: number, fromRow: number): AsyncGenerator<[Uint8Array, Uint8Array][]> {
    if (fromRow > maxRow) return;
    const iterator = this.#db.iterator({
      gte: rowKey(prefix, fromRow),
      lte: rowKey(prefix, maxRow),
      highWaterMarkBytes: readAheadBytes,
      fillCache: false,
    });
    try {
      for (;;) {
        const entries = await iterator.nextv(1000);
        if (entries.length === 0) return;
        yield entries;
      }
    } finally {
      await iterator.close();
    }
  }

  #checked(row: number, value: Uint8Array): Uint8Array {
    const bytes = value.subarray(0, this.#valueBytes);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    if (value.byteLength !== this.#valueBytes + 4 || view.getUint32(this.#valueBytes, true) !== crc32(bytes)) {
      throw new VoisinError('internal', `the values of row ${row} are damaged on disk: their checksum does not fit`);
    }
    return bytes;
  }
}

function parseState(bytes: Uint8Array): StoreState {
  const state: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (typeof state === 'object' && state !== null && 'lastRow' in state && 'changes' in state && 'rows' in state) {
    const { lastRow, changes, rows } = state;
    if (typeof lastRow === 'number' && typeof changes === 'number' && typeof rows === 'number') return { lastRow, changes, rows };
  }
  throw new VoisinError('internal', 'the state record of the store is damaged on disk');
}
