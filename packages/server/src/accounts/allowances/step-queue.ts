// Steps that wait for what counts, one call to it at a time: who comes while one is under way shares the next. So a count that is far away
// costs two journeys at most, and a thousand requests at once are a handful of calls.
import type { Allowances, GiveBack, Standing, Step, Take } from './allowances.js';

const stepsAtOnce = 500;
const againAfterMs = 500;
/** What is given back travels with the next taking, unless none comes for so long. */
const giveBackWithinMs = 10;

interface Waiting {
  readonly step: Step;
  readonly resolve: (standing: Standing) => void;
  readonly reject: (error: unknown) => void;
}

export class StepQueue {
  readonly #allowances: Allowances;
  #waiting: Waiting[] = [];
  #underWay: Promise<void> | undefined;
  /** What could not be given back yet. */
  #kept: Waiting[] = [];
  #again: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(allowances: Allowances) {
    this.#allowances = allowances;
  }

  apply(take: Take): Promise<Standing> {
    return this.#ask(take);
  }

  /** Resolves when it is back, however long what counts is away; at the latest when this is closed. */
  async giveBack(step: GiveBack): Promise<void> {
    await new Promise<Standing>((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      this.#soon ??= setTimeout(() => this.#begin(), giveBackWithinMs);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    clearTimeout(this.#soon);
    await this.#underWay;
    this.#waiting.unshift(...this.#kept.splice(0));
    await this.#run();
    await this.#allowances.close();
  }

  #ask(step: Step): Promise<Standing> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      this.#begin();
    });
  }

  #begin(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#underWay ??= this.#run();
  }

  async #run(): Promise<void> {
    // Requests that came in the same turn of the event loop go together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, stepsAtOnce);
      try {
        const standings = await this.#allowances.apply(some.map(({ step }) => step));
        for (const [at, { resolve }] of some.entries()) {
          const standing = standings[at];
          if (standing !== undefined) resolve(standing);
        }
      } catch (error) {
        for (const one of some) {
          if (one.step.kind === 'take') one.reject(error);
          else if (this.#closed) one.resolve({ ok: false, minuteUsed: 0, minuteStarted: 0, monthUsed: 0 });
          else this.#keep(one);
        }
      }
    }
    // In the same breath as the last look at what waits: whoever comes from now on begins a run of their own.
    this.#underWay = undefined;
  }

  #keep(one: Waiting): void {
    this.#kept.push(one);
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      const kept = this.#kept.splice(0);
      this.#waiting.unshift(...kept);
      this.#begin();
    }, againAfterMs).unref();
  }
}
