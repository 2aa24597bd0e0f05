// One commit on its way into LevelDB: all of it or nothing is on the disk after the write.
//
// A chained batch gives each operation to native code as it comes. An array of them is copied and merged with options in JavaScript first: of
// 1,000 vectors that held the event loop for 35 ms, and this holds it for 1.5. Native code copies what it is given, so one piece of memory serves
// all values, and large commits leave nothing behind to be collected.
import { Turns } from '../turns.js';
import { type Kind, noMetadata, rowKey, sealed, valueBytes } from './row-records.js';
import { type Level, stateKey, type StoreState } from './store-state.js';

export interface NewRow {
  readonly row: number;
  readonly id: string;
  readonly values: Float32Array;
  /** JSON text of an object. */
  readonly metadata: string;
  readonly text: string | undefined;
}

/** Operations after which other requests get their turn: less than a millisecond. */
const operationsBetweenPauses = 200;
const stepsOfOperation = 64;
/** Beside values, room for most ids, metadata and texts. */
const leastScratchBytes = 4096;

export class CommitBatch {
  readonly #batch: ReturnType<Level['batch']>;
  readonly #scratch: Buffer<ArrayBuffer>;
  readonly #turns = new Turns();
  #operations = 0;

  constructor(db: Level, rowBytes: number) {
    this.#batch = db.batch();
    this.#scratch = Buffer.allocUnsafeSlow(Math.max(rowBytes + 16, leastScratchBytes));
  }

  get wantsPause(): boolean {
    return this.#operations >= operationsBetweenPauses;
  }

  async pause(): Promise<void> {
    this.#turns.count(this.#operations * stepsOfOperation);
    this.#operations = 0;
    await this.#turns.next();
  }

  add({ row, id, values, metadata, text }: NewRow): void {
    this.#put('id', row, Buffer.from(id));
    this.#put('values', row, valueBytes(values));
    if (metadata !== noMetadata) this.#put('metadata', row, Buffer.from(metadata));
    if (text !== undefined) this.#put('text', row, Buffer.from(text));
  }

  rewrite(row: number, metadata: string, text: string | undefined): void {
    if (metadata === noMetadata) this.#delete('metadata', row);
    else this.#put('metadata', row, Buffer.from(metadata));
    if (text === undefined) this.#delete('text', row);
    else this.#put('text', row, Buffer.from(text));
  }

  remove(row: number): void {
    for (const kind of ['id', 'metadata', 'text', 'values'] as const) this.#delete(kind, row);
  }

  /** Replaces the state record of change `from`. */
  move(from: number, { lastRow, changes, rows }: StoreState): void {
    this.#batch.put(stateKey(changes), Buffer.from(JSON.stringify({ lastRow, rows })));
    this.#batch.del(stateKey(from));
  }

  /** Writes and syncs. */
  write(): Promise<void> {
    return this.#batch.write({ sync: true });
  }

  #put(kind: Kind, row: number, value: Uint8Array): void {
    this.#operations++;
    this.#batch.put(rowKey(kind, row), sealed(kind, row, value, this.#scratch));
  }

  #delete(kind: Kind, row: number): void {
    this.#operations++;
    this.#batch.del(rowKey(kind, row));
  }
}
