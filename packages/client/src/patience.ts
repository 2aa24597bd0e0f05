// When a refused request is sent again. The batches of one call share their patience: what one is told to wait, all wait, and what one
// gets done lets the others hope anew.

import { VoisinError } from './errors.js';
import type { Settled } from './options.js';
import { pause } from './pause.js';

const firstWaitMs = 250;
const mostWaitMs = 8_000;
/** Clients that were refused together do not come back together. */
const spreadMs = 250;

export class Patience {
  readonly #options: Settled;
  #successes = 0;
  #pausedUntil = 0;

  constructor(options: Settled) {
    this.#options = options;
  }

  /**
   * Runs `work` until it succeeds, its error is none that time mends, or `retries` refusals came without a success between them.
   * @param repeatable whether the request may be done twice when its answer was lost
   * @param signal ends the waits
   */
  async run<T>(work: () => Promise<T>, repeatable: boolean, signal?: AbortSignal): Promise<T> {
    const { retries, longestWaitMs, onRetry } = this.#options;
    let refusals = 0;
    let seen = this.#successes;
    for (;;) {
      await this.#untilOpen(signal);
      try {
        const result = await work();
        this.#successes++;
        return result;
      } catch (error) {
        // An aborted request may have any error as its reason, also one that would mend itself.
        signal?.throwIfAborted();
        if (!(error instanceof VoisinError) || !mendsItself(error, repeatable)) throw error;
        if (seen !== this.#successes) refusals = 0;
        seen = this.#successes;
        const waitMs = waitBefore(++refusals, error);
        if (refusals > retries || waitMs > longestWaitMs + spreadMs) throw error;
        this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + waitMs);
        onRetry?.({ attempt: refusals, waitMs, error });
      }
    }
  }

  async #untilOpen(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    for (let left = this.#left(); left > 0; left = this.#left()) await pause(left, signal);
  }

  readonly #left = (): number => this.#pausedUntil - performance.now();
}

/**
 * 429 and 503 say that nothing was done. An answer that never came, or a proxy's 502, leave that open. A deadline would most likely be missed
 * again.
 */
export function mendsItself({ code, status }: VoisinError, repeatable: boolean): boolean {
  if (code === 'rate_limited' || code === 'quota_exceeded') return true;
  return code === 'unavailable' && (status === 503 || repeatable);
}

/** As long as the server asks for; else twice as long each time, from an eighth to all of it at random. */
export function waitBefore(attempt: number, { details: { retryAfterSeconds } }: VoisinError): number {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds * 1000 + Math.random() * spreadMs;
  const most = Math.min(mostWaitMs, firstWaitMs * 2 ** (attempt - 1));
  return most * (1 / 8 + (7 / 8) * Math.random());
}
