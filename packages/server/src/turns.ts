// Long work on the event loop in turns, so that the requests of others need not wait for its end.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** One turn holds the event loop so long at most: a search takes less than that. */
const TURN_MS = 4;
/** And it has at most so many steps, on every machine. A step is a small operation, such as comparing one value with one condition. */
export const maxTurnSteps = 2 ** 20;
/** Work that yields by itself does so after about this many steps: some hundred microseconds. */
export const pieceSteps = 2 ** 14;

/** Steps counted since the process started. Tests read it in every turn of the event loop: how much was done in one does not depend on the machine. */
export const countedSteps = { total: 0 };

export class Turns {
  #started = performance.now();
  #steps = 0;

  /** Adds the steps of a piece of work that is done. */
  count(steps: number): void {
    this.#steps += steps;
    countedSteps.total += steps;
  }

  /** To be asked between two short pieces of work; where it is true, `next` is due. */
  get over(): boolean {
    return this.#steps >= maxTurnSteps || performance.now() - this.#started > TURN_MS;
  }

  /** Lets the others have a turn. */
  async next(): Promise<void> {
    await nextTurn();
    this.#started = performance.now();
    this.#steps = 0;
  }
}

/** Work in short pieces: yields, after each of them, how many steps it had. */
export type Pieces<T> = Generator<number, T, void>;

/** Does the work in turns. Short work is done at once, without another turn of the event loop. */
export async function inTurns<T>(work: Pieces<T>): Promise<T> {
  const turns = new Turns();
  for (let piece = work.next(); ; piece = work.next()) {
    if (piece.done === true) return piece.value;
    turns.count(piece.value);
    if (turns.over) await turns.next();
  }
}

/** Calls `each` with ranges that cover 0 to `count`, each a multiple of 32 long but the last. `stepsEach`: steps of one item. */
export function* inRanges(count: number, each: (from: number, to: number) => void, stepsEach = 1): Pieces<void> {
  const length = Math.max(32, (pieceSteps / stepsEach) & ~31);
  for (let from = 0; from < count; from += length) {
    const to = Math.min(count, from + length);
    each(from, to);
    yield (to - from) * stepsEach;
  }
}
