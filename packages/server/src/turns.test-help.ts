// How much work is done between two turns of the event loop: a measure that does not depend on the machine.
import { countedSteps, maxTurnSteps, pieceSteps } from './turns.js';

export interface Held<T> {
  readonly result: T;
  /** Steps of the turn that had the most of them. */
  readonly longest: number;
  readonly total: number;
}

/** A turn ends with the piece that fills it, and a request may begin and end in turns that it shares with its own reading and writing. */
export const longestAllowed = maxTurnSteps + 2 * pieceSteps;

/** Does the work, and looks at the count of steps in every turn of the event loop meanwhile. */
export async function measureTurns<T>(work: () => Promise<T>): Promise<Held<T>> {
  const first = countedSteps.total;
  let [last, longest, done] = [first, 0, false];
  const watch = async (): Promise<void> => {
    while (!done) {
      await new Promise(setImmediate);
      longest = Math.max(longest, countedSteps.total - last);
      last = countedSteps.total;
    }
  };
  const watching = watch();
  try {
    const result = await work();
    return { result, longest: Math.max(longest, countedSteps.total - last), total: countedSteps.total - first };
  } finally {
    done = true;
    await watching;
  }
}
