// What a store knows of itself: written with every commit under the number of that commit, which takes the record of the commit before it away.
// So exactly one is there, and a second one tells of a commit between the two that is lost.
import type { ClassicLevel } from 'classic-level';
import { DamageError } from '../errors.js';
import { maxRow, numberKey, numberOf } from './row-records.js';

export type Level = ClassicLevel<Uint8Array, Uint8Array>;

export interface StoreState {
  /** The highest row number ever given. 0: none yet. */
  readonly lastRow: number;
  /** Commits so far. */
  readonly changes: number;
  /** Rows that are there. */
  readonly rows: number;
}

export const whatToDo = 'restore it from a backup, or delete the file rows/acknowledged to serve what is left';

export const stateKey = (changes: number): Buffer => numberKey(0x73, changes);

/** `isStrict`: a lost commit is an error. Otherwise the last state is taken as it is. */
export async function readState(db: Level, isStrict: boolean): Promise<StoreState> {
  const found = await db.iterator({ gte: stateKey(0), lte: stateKey(maxRow) }).all();
  const last = found.at(-1);
  if (last === undefined) return { lastRow: 0, changes: 0, rows: 0 };
  const changes = numberOf(last[0]);
  const older = found.slice(0, -1).map(([key]) => key);
  if (older.length > 0) {
    if (isStrict) throw new DamageError(`the store lost a change before change ${changes}: a file of it was altered; ${whatToDo}`);
    await db.batch(
      older.map((key) => ({ type: 'del', key })),
      { sync: true },
    );
  }
  const state: unknown = JSON.parse(Buffer.from(last[1]).toString());
  if (typeof state === 'object' && state !== null && 'lastRow' in state && 'rows' in state) {
    const { lastRow, rows } = state;
    if (typeof lastRow === 'number' && typeof rows === 'number') return { lastRow, changes, rows };
  }
  throw new DamageError('the state record of the store is damaged on disk');
}
