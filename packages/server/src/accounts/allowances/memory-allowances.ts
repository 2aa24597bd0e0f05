// Allowances in this process: where it is the only one, and where what several share is away.
import { LRUCache } from 'lru-cache';
import { type Allowances, minuteMs, type MonthSoFar, type Standing, type Step } from './allowances.js';

interface Held {
  month: string;
  monthUsed: number;
  minuteStarted: number;
  minuteUsed: number;
}

/** An account that is forgotten starts again from what the store knows of its month. */
const accountsHeld = 100_000;

export class MemoryAllowances implements Allowances {
  readonly #held = new LRUCache<string, Held>({ max: accountsHeld });
  readonly #monthSoFar: MonthSoFar;

  constructor(monthSoFar: MonthSoFar) {
    this.#monthSoFar = monthSoFar;
  }

  async apply(steps: readonly Step[]): Promise<Standing[]> {
    const standings: Standing[] = [];
    for (const step of steps) {
      const held = this.#held.get(step.userId) ?? (await this.#begin(step));
      standings.push(step.kind === 'take' ? take(held, step) : giveBack(held, step));
    }
    return standings;
  }

  /** Where an account stands elsewhere, for the time when that place is away. */
  learn({ userId, month }: Step, { monthUsed, minuteStarted, minuteUsed }: Standing): void {
    this.#held.set(userId, { month, monthUsed, minuteStarted, minuteUsed });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #begin({ userId, month }: Step): Promise<Held> {
    const monthUsed = await this.#monthSoFar(userId, month);
    // Another request may have begun meanwhile, and taken.
    const known = this.#held.get(userId);
    if (known !== undefined) return known;
    const held = { month, monthUsed, minuteStarted: 0, minuteUsed: 0 };
    this.#held.set(userId, held);
    return held;
  }
}

function take(held: Held, { units, cost, perMinute, perMonth, month, now }: Extract<Step, { kind: 'take' }>): Standing {
  // A clock that is behind must not open last month again.
  if (held.month < month) Object.assign(held, { month, monthUsed: 0 });
  if (held.minuteStarted + minuteMs <= now) Object.assign(held, { minuteStarted: now, minuteUsed: 0 });
  const ok = held.minuteUsed + units <= perMinute && held.monthUsed + cost <= perMonth;
  if (ok) {
    held.minuteUsed += units;
    held.monthUsed += cost;
  }
  return standingOf(held, ok);
}

function giveBack(held: Held, { units, cost, month, since }: Extract<Step, { kind: 'give' }>): Standing {
  if (held.month === month) held.monthUsed = Math.max(0, held.monthUsed - cost);
  if (held.minuteStarted === since) held.minuteUsed = Math.max(0, held.minuteUsed - units);
  return standingOf(held, true);
}

const standingOf = ({ minuteUsed, minuteStarted, monthUsed }: Held, ok: boolean): Standing => ({
  ok,
  minuteUsed,
  minuteStarted,
  monthUsed,
});
