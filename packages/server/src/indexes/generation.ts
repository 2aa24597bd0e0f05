// One life of an index in memory: a FAISS index whose labels are dense positions, which row stands at each position, and which are alive.
//
// Rows are appended in the order of their numbers, here and when a generation is built anew, so positions and rows ascend together:
// the position of a row is found by bisection, and no second map is kept.
import type { Index } from '@voisin/faiss';
import type { Columns } from './filter/index.js';
import type { IndexType } from './index-type.js';

export interface AppendedRow {
  readonly row: number;
  readonly id: string;
  readonly metadata: string;
}

const firstCapacity = 1024;

export class Generation {
  readonly faiss: Index;
  /** What answers searches: the definition's type, or a flat index while it wants training. */
  readonly serving: IndexType;
  readonly columns: Columns;
  /** FAISS may hold positions that are not booked yet: searches must not find them. Ends when they are booked. */
  adding = false;
  #rows = new Float64Array(firstCapacity);
  #live = new Uint8Array(firstCapacity / 8);
  readonly #ids: string[] = [];
  #dead = 0;
  #pins = 0;
  #retired = false;

  /** `placed`: the rows at FAISS's positions, ascending, and their ids; '' for one that is dead. */
  constructor(
    faiss: Index,
    serving: IndexType,
    placed: Iterable<readonly [row: number, id: string]>,
    makeColumns: (generation: Generation) => Columns,
  ) {
    this.faiss = faiss;
    this.serving = serving;
    for (const [row, id] of placed) this.#place(row, id);
    this.columns = makeColumns(this);
  }

  /** Positions, dead ones too. FAISS may hold more for a moment, while an addition is under way. */
  get size(): number {
    return this.#ids.length;
  }

  get dead(): number {
    return this.#dead;
  }

  get alive(): number {
    return this.size - this.#dead;
  }

  /** Bit i&7 of byte i>>3 is position i. A view: it goes on changing. */
  get live(): Uint8Array {
    return this.#live.subarray(0, (this.size + 7) >>> 3);
  }

  get memoryBytes(): number {
    return this.faiss.memoryBytes + this.#rows.byteLength + this.#live.byteLength + this.columns.memoryBytes;
  }

  /** Row numbers by position: a view that later additions do not change. */
  get rows(): Float64Array {
    return this.#rows.subarray(0, this.size);
  }

  /** Books rows that FAISS holds already, at the next positions. They ascend and are higher than all before. */
  append(added: readonly AppendedRow[]): void {
    this.adding = false;
    for (const { row, id, metadata } of added) {
      this.#place(row, id);
      this.columns.append(metadata);
    }
  }

  kill(row: number): void {
    const position = this.positionOf(row);
    if (position === undefined || !this.isLive(position)) return;
    this.#live[position >>> 3] = (this.#live[position >>> 3] ?? 0) & ~(1 << (position & 7));
    this.#ids[position] = '';
    this.#dead++;
  }

  isLive(position: number): boolean {
    return (((this.#live[position >>> 3] ?? 0) >>> (position & 7)) & 1) === 1 && position < this.size;
  }

  rowAt(position: number): number {
    return this.#rows[position] ?? 0;
  }

  /** The id of a live position; a dead one's is forgotten. */
  idAt(position: number): string {
    return this.#ids[position] ?? '';
  }

  positionOf(row: number): number | undefined {
    const position = this.firstAfter(row - 1);
    return position < this.size && this.#rows[position] === row ? position : undefined;
  }

  /** The first position whose row is higher than `row`. */
  firstAfter(row: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle] ?? 0) <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Holds the generation while `use` runs: FAISS's memory is released only after the last one of a retired generation. */
  async pin<T>(use: () => Promise<T>): Promise<T> {
    this.#pins++;
    try {
      return await use();
    } finally {
      this.#pins--;
      this.#releaseWhenDone();
    }
  }

  retire(): void {
    this.#retired = true;
    this.#releaseWhenDone();
  }

  #releaseWhenDone(): void {
    if (this.#retired && this.#pins === 0) void this.faiss.release();
  }

  #place(row: number, id: string): void {
    const position = this.#ids.length;
    if (position === this.#rows.length) this.#grow();
    this.#rows[position] = row;
    this.#ids.push(id);
    if (id === '') this.#dead++;
    else this.#live[position >>> 3] = (this.#live[position >>> 3] ?? 0) | (1 << (position & 7));
  }

  #grow(): void {
    const capacity = this.#rows.length * 2;
    const rows = new Float64Array(capacity);
    rows.set(this.#rows);
    this.#rows = rows;
    const live = new Uint8Array(capacity / 8);
    live.set(this.#live);
    this.#live = live;
  }
}
