// One life of an index in memory: a FAISS index whose labels are dense positions, which row stands at each position, and which are alive.
//
// Rows are appended in the order of their numbers, here and when a generation is built anew, so positions and rows ascend together:
// the position of a row is found by bisection, and no second map is kept.
import type { Index } from '@voisin/faiss';
import type { Pieces } from '../turns.js';
import type { Columns } from './filter/index.js';
import type { Fit } from './fit.js';
import type { IndexType } from './index-type.js';
import { OutsideRows } from './outside-rows.js';

export interface AppendedRow {
  readonly row: number;
  readonly id: string;
}

const firstCapacity = 1024;
const stepsOfPlacing = 4;
/** Steps of finding a row by bisection. */
export const stepsOfFinding = 20;

/** Which row is at each position, and its id; '' for one that is dead. */
export class Placement {
  rows = new Float64Array(firstCapacity);
  live = new Uint8Array(firstCapacity / 8);
  readonly ids: string[] = [];
  dead = 0;

  /** Rows at FAISS's positions, ascending. `placed` yields them one at a time. */
  static *of(placed: Iterable<readonly [row: number, id: string]>): Pieces<Placement> {
    const placement = new Placement();
    for (const [row, id] of placed) {
      placement.add(row, id);
      yield stepsOfPlacing;
    }
    return placement;
  }

  add(row: number, id: string): void {
    const position = this.ids.length;
    if (position === this.rows.length) this.#grow();
    this.rows[position] = row;
    this.ids.push(id);
    if (id === '') this.dead++;
    else this.live[position >>> 3] = (this.live[position >>> 3] ?? 0) | (1 << (position & 7));
  }

  #grow(): void {
    const capacity = this.rows.length * 2;
    const rows = new Float64Array(capacity);
    rows.set(this.rows);
    this.rows = rows;
    const live = new Uint8Array(capacity / 8);
    live.set(this.live);
    this.live = live;
  }
}

export class Generation {
  readonly faiss: Index;
  /** What answers searches: the definition's type, or a flat index while it wants training. */
  readonly serving: IndexType;
  readonly columns: Columns;
  /** What fits the type that serves; undefined: everything, or nobody knows. */
  readonly fit: Fit | undefined;
  /** Those of FAISS's positions whose vectors do not fit. */
  readonly outside: OutsideRows;
  /** FAISS may hold positions that are not booked yet: searches must not find them. Ends when they are booked. */
  adding = false;
  readonly #at: Placement;
  #pins = 0;
  #retired = false;

  /** `placement`: of FAISS's positions; it belongs to the generation from now on. */
  constructor(
    faiss: Index,
    serving: IndexType,
    placement: Placement,
    columns: (generation: Generation) => Columns,
    fit?: Fit,
    outside: OutsideRows = new OutsideRows(faiss.metric, faiss.dimension),
  ) {
    this.faiss = faiss;
    this.serving = serving;
    this.#at = placement;
    this.fit = fit;
    this.outside = outside;
    this.columns = columns(this);
  }

  /** Positions, dead ones too. FAISS may hold more for a moment, while an addition is under way. */
  get size(): number {
    return this.#at.ids.length;
  }

  get dead(): number {
    return this.#at.dead;
  }

  get alive(): number {
    return this.size - this.#at.dead;
  }

  /** Bit i&7 of byte i>>3 is position i. A view: it goes on changing. */
  get live(): Uint8Array {
    return this.#at.live.subarray(0, (this.size + 7) >>> 3);
  }

  get memoryBytes(): number {
    return (
      this.faiss.memoryBytes + this.outside.memoryBytes + this.#at.rows.byteLength + this.#at.live.byteLength + this.columns.memoryBytes
    );
  }

  /** Row numbers by position: a view that later additions do not change. */
  get rows(): Float64Array {
    return this.#at.rows.subarray(0, this.size);
  }

  /** Books rows that FAISS and the columns hold already, at the next positions. They ascend and are higher than all before. */
  append(added: readonly AppendedRow[]): void {
    this.adding = false;
    for (const { row, id } of added) this.#at.add(row, id);
  }

  /** Where these rows are. */
  *positionsOf(rows: readonly number[]): Pieces<number[]> {
    const positions: number[] = [];
    for (const row of rows) {
      const position = this.positionOf(row);
      if (position !== undefined) positions.push(position);
      yield stepsOfFinding;
    }
    return positions;
  }

  /** From now on nothing is found at these positions. */
  kill(positions: readonly number[]): void {
    for (const position of positions) {
      if (!this.isLive(position)) continue;
      this.#at.live[position >>> 3] = (this.#at.live[position >>> 3] ?? 0) & ~(1 << (position & 7));
      this.#at.dead++;
    }
  }

  /** Gives the memory of dead positions' ids back. */
  *forget(positions: readonly number[]): Pieces<void> {
    for (const position of positions) {
      this.#at.ids[position] = '';
      yield 1;
    }
  }

  isLive(position: number): boolean {
    return (((this.#at.live[position >>> 3] ?? 0) >>> (position & 7)) & 1) === 1 && position < this.size;
  }

  rowAt(position: number): number {
    return this.#at.rows[position] ?? 0;
  }

  /** The id of a live position; a dead one's is forgotten. */
  idAt(position: number): string {
    return this.#at.ids[position] ?? '';
  }

  positionOf(row: number): number | undefined {
    const position = this.firstAfter(row - 1);
    return position < this.size && this.#at.rows[position] === row ? position : undefined;
  }

  /** The first position whose row is higher than `row`. */
  firstAfter(row: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#at.rows[middle] ?? 0) <= row) low = middle + 1;
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
    if (!this.#retired || this.#pins > 0) return;
    void this.faiss.release();
    void this.outside.release();
  }
}
