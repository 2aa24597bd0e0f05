// Whether texts come one after another or at the same time, seen from how many are under way whenever there is something to run.

/** Texts come at the same time while they did within this time: longer than the gaps between the answers to a few callers and their next requests. */
const CALM_MS = 250;
/** Whoever comes with others for so long is worth more processes. */
const LASTING_MS = 1000;

/** Times are those of `performance.now()`. */
export class LoadGauge {
  #crowdedSince = 0;
  #lastCrowded = Number.NEGATIVE_INFINITY;

  /** So many texts wait or run. */
  note(texts: number, now: number): void {
    if (texts < 2) return;
    if (!this.isCrowded(now)) this.#crowdedSince = now;
    this.#lastCrowded = now;
  }

  isCrowded(now: number): boolean {
    return now - this.#lastCrowded < CALM_MS;
  }

  /** Crowded without a pause, and not just since a moment ago. */
  isLasting(now: number): boolean {
    return this.isCrowded(now) && now - this.#crowdedSince >= LASTING_MS;
  }

  /** Milliseconds since texts last came at the same time. */
  calmFor(now: number): number {
    return now - this.#lastCrowded;
  }
}
