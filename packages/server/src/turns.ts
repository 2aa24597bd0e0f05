// Long work on the event loop in turns, so that the requests of others need not wait for its end.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** One turn holds the event loop so long at most: a search takes less than that. */
const TURN_MS = 4;

export class Turns {
  #started = performance.now();

  /** To be asked between two short pieces of work; where it is true, `next` is due. */
  get over(): boolean {
    return performance.now() - this.#started > TURN_MS;
  }

  /** Lets the others have a turn. */
  async next(): Promise<void> {
    await nextTurn();
    this.#started = performance.now();
  }
}
