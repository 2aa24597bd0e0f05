// Allowances that several servers share, and this process's own count while the shared one is away. What was taken meanwhile is taken there
// too once it is back, so that the month's sum is whole again.
import { VoisinError } from '../../errors.js';
import type { Allowances, Standing, Step } from './allowances.js';
import type { MemoryAllowances } from './memory-allowances.js';

const leftAloneMs = 1000;

export interface AllowanceLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export class FallbackAllowances implements Allowances {
  readonly #shared: Allowances;
  readonly #own: MemoryAllowances;
  readonly #log: AllowanceLog;
  readonly #now: () => number;
  /** Thousandths to be taken there, by user and month. */
  readonly #owed = new Map<string, { userId: string; month: string; cost: number }>();
  #awayUntil = 0;
  #away = false;

  /** @param now milliseconds of a clock that never goes back */
  constructor(shared: Allowances, own: MemoryAllowances, log: AllowanceLog, now: () => number = () => performance.now()) {
    this.#shared = shared;
    this.#own = own;
    this.#log = log;
    this.#now = now;
  }

  get isAway(): boolean {
    return this.#away;
  }

  async apply(steps: readonly Step[]): Promise<Standing[]> {
    if (this.#now() >= this.#awayUntil) {
      try {
        return await this.#applyShared(steps);
      } catch (error) {
        if (!(error instanceof VoisinError && error.code === 'unavailable')) throw error;
        if (!this.#away) this.#log.warn({ err: error }, 'quotas are counted by this server alone until the shared count is back');
        this.#away = true;
        this.#awayUntil = this.#now() + leftAloneMs;
      }
    }
    const standings = await this.#own.apply(steps);
    for (const [at, step] of steps.entries()) if (standings[at]?.ok === true) this.#owe(step);
    return standings;
  }

  async close(): Promise<void> {
    if (this.#owed.size > 0) await this.#applyShared([]).catch(() => undefined);
    await this.#shared.close();
  }

  async #applyShared(steps: readonly Step[]): Promise<Standing[]> {
    const owed = [...this.#owed.entries()];
    const before = owed.map(([, { userId, month, cost }]): Step => ({ kind: 'give', userId, month, cost: -cost, units: 0, since: 0 }));
    const standings = (await this.#shared.apply([...before, ...steps])).slice(before.length);
    for (const [key] of owed) this.#owed.delete(key);
    for (const [at, step] of steps.entries()) {
      const standing = standings[at];
      // Of a month that Redis lost, giving back learns nothing.
      if (standing !== undefined && step.kind === 'take') this.#own.learn(step, standing);
    }
    if (this.#away) this.#log.info({}, 'the shared count of quotas is back');
    this.#away = false;
    return standings;
  }

  #owe({ kind, userId, month, cost }: Step): void {
    const key = `${userId}/${month}`;
    const before = this.#owed.get(key)?.cost ?? 0;
    this.#owed.set(key, { userId, month, cost: before + (kind === 'take' ? cost : -cost) });
  }
}
