// Who may come in: the texts under way are bounded, queries and bulk each for themselves, so that a long import refuses no search.
import { VoisinError } from '../errors.js';
import type { Priority } from './types.js';

export class Door {
  readonly #limits: Readonly<Record<Priority, number>>;
  readonly #inside: Record<Priority, number> = { query: 0, bulk: 0 };

  constructor(limits: Readonly<Record<Priority, number>>) {
    this.#limits = limits;
  }

  /**
   * Lets `texts` texts in while fewer than the limit are inside; a request that is larger than the limit by itself comes in when there is
   * room for one. Returns how to leave. Throws `unavailable` with the seconds that `backlogSeconds` guesses.
   */
  enter(texts: number, priority: Priority, backlogSeconds: number): () => void {
    const limit = this.#limits[priority];
    if (this.#inside[priority] >= limit) {
      const retryAfterSeconds = Math.min(60, Math.max(1, Math.ceil(backlogSeconds)));
      const message = `the embedding queue is full: ${this.#inside[priority]} texts wait or run, ${limit} are accepted`;
      throw new VoisinError('unavailable', message, { retryAfterSeconds });
    }
    this.#inside[priority] += texts;
    return () => {
      this.#inside[priority] -= texts;
    };
  }
}
