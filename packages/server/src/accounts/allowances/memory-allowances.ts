// Allowances in this process: where it is the only one, and where what several share is away.
import { LRUCache } from 'lru-cache';
import { type Allowances, isOver, type MonthSoFar, type Settlement, type Standing, type Take } from './allowances.js';

export interface Minute {
  readonly started: number;
  readonly used: number;
  /** It has grown here and nowhere else. */
  readonly alone: boolean;
}

interface Held {
  month: string;
  /** Thousandths, without those reserved. */
  used: number;
  reserved: number;
  minuteStarted: number;
  minuteUsed: number;
  alone: boolean;
}

/** An account that is forgotten starts again from what the store knows of its month. */
const accountsHeld = 100_000;

export class MemoryAllowances implements Allowances {
  readonly #held = new LRUCache<string, Held>({ max: accountsHeld });
  readonly #monthSoFar: MonthSoFar;

  constructor(monthSoFar: MonthSoFar) {
    this.#monthSoFar = monthSoFar;
  }

  async take(take: Take): Promise<Standing> {
    const held = this.#held.get(take.userId) ?? (await this.#begin(take));
    const { units, cost, perMinute, perMonth, month, now } = take;
    // A clock that is behind must not open last month again.
    if (held.month < month) Object.assign(held, { month, used: 0, reserved: 0 });
    const over = isOver(held.minuteStarted, now);
    const minute = over ? { started: now, used: 0 } : { started: held.minuteStarted, used: held.minuteUsed };
    const ok = minute.used + units <= perMinute && held.used + held.reserved + cost <= perMonth;
    if (ok && units > 0) {
      Object.assign(held, { minuteStarted: minute.started, minuteUsed: minute.used + units, alone: true });
      minute.used += units;
    }
    if (ok) held.reserved += cost;
    const { used, reserved } = held;
    return { ok, minuteUsed: minute.used, minuteStarted: minute.started, monthUsed: used + reserved, reserved };
  }

  settle({ userId, month, reserved, spent, units, since }: Settlement): void {
    const held = this.#held.get(userId);
    if (held === undefined) return;
    if (held.month === month) {
      held.reserved = Math.max(0, held.reserved - reserved);
      held.used += spent;
    }
    if (held.minuteStarted === since) held.minuteUsed = Math.max(0, held.minuteUsed - units);
  }

  /** An account's minute as far as it is known here. */
  minute(userId: string): Minute | undefined {
    const held = this.#held.get(userId);
    return held && { started: held.minuteStarted, used: held.minuteUsed, alone: held.alone };
  }

  /** Where an account stands in the shared count, for the time when that is away. */
  learn({ userId, month }: Pick<Take, 'userId' | 'month'>, standing: Omit<Standing, 'ok'>): void {
    const { monthUsed, reserved, minuteStarted, minuteUsed } = standing;
    this.#held.set(userId, { month, used: monthUsed - reserved, reserved, minuteStarted, minuteUsed, alone: false });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #begin({ userId, month }: Take): Promise<Held> {
    const used = await this.#monthSoFar(userId, month);
    // Another request may have begun meanwhile, and taken.
    const known = this.#held.get(userId);
    if (known !== undefined) return known;
    const held = { month, used, reserved: 0, minuteStarted: 0, minuteUsed: 0, alone: false };
    this.#held.set(userId, held);
    return held;
  }
}
