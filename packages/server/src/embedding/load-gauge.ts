// Whether there is a crowd: several texts under way at a time, for how long.

/** A crowd is not over before nobody came with another for so long: longer than the gaps between the answers to a few callers and their next requests. */
const CALM_MS = 250;
/** Whoever comes with others for so long is worth more processes. */
const LASTING_MS = 1000;

/** Times are those of `performance.now()`. */
export class LoadGauge {
  #isCrowd = false;
  #began = 0;
  #ended = Number.NEGATIVE_INFINITY;

  /** From now on several texts are under way, or no more than one. */
  note(isCrowd: boolean, now: number): void {
    if (isCrowd && !this.isCrowded(now)) this.#began = now;
    if (!isCrowd && this.#isCrowd) this.#ended = now;
    this.#isCrowd = isCrowd;
  }

  isCrowded(now: number): boolean {
    return this.calmFor(now) < CALM_MS;
  }

  /** Crowded without a pause, and not just since a moment ago. */
  isLasting(now: number): boolean {
    return this.isCrowded(now) && now - this.#began >= LASTING_MS;
  }

  /** Milliseconds since there was last a crowd. */
  calmFor(now: number): number {
    return this.#isCrowd ? 0 : now - this.#ended;
  }
}
