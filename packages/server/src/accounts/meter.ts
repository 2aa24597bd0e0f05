// Who may embed how much now: reserves from the month and the minute of an account, and settles when it is known what it cost.
import type { Tier, Tiers } from '../config/tiers.js';
import { VoisinError } from '../errors.js';
import { type Allowances, minuteMs, type Settlement, type Standing, type Take } from './allowances/allowances.js';
import type { AccountRef } from './identity.js';
import { costOfOne, monthOf, nextMonth } from './records.js';

/** What X-RateLimit-* say: of the minute, or of the limit that was hit. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds since the epoch. */
  readonly resetsAt: number;
}

export interface Reservation {
  readonly tier: Tier;
  readonly limits: LimitState;
  /** Done, at this cost in thousandths; at most what was reserved. */
  settle(cost: number): void;
  /** Not done: all goes back, but not to the minute when the caller gave up what was begun. */
  cancel(gaveUp: boolean): void;
}

export interface ReserveOptions {
  readonly signal?: AbortSignal;
  /** For the next minute, where this one has not enough left: nobody looks at the clock. */
  readonly waits?: boolean;
}

export interface AccountLimits {
  readonly tier: Tier;
  /** Embeddings of this month so far, in thousandths. */
  readonly monthUsed: number;
  readonly monthResetsAt: Date;
}

/** So often is asked again whether another server has settled what stands in the way. */
const settledElsewhereMs = 50;

export class Meter {
  readonly #allowances: Allowances;
  readonly #tiers: Tiers;
  readonly #now: () => number;
  readonly #refused = { minute: 0, month: 0 };
  /** By user: who waits until something is settled. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param now milliseconds since the epoch */
  constructor(allowances: Allowances, tiers: Tiers, now: () => number = Date.now) {
    this.#allowances = allowances;
    this.#tiers = tiers;
    this.#now = now;
  }

  /** Requests refused, since the start. */
  get refused(): { readonly minute: number; readonly month: number } {
    return this.#refused;
  }

  /** @throws VoisinError failed_precondition when TIERS_FILE no longer has it */
  tier(name: string): Tier {
    const tier = this.#tiers.get(name);
    if (tier !== undefined) return tier;
    const known = [...this.#tiers.keys()].join(', ');
    throw new VoisinError('failed_precondition', `the account's tier ${JSON.stringify(name)} is not configured; there are: ${known}`);
  }

  /** @throws VoisinError invalid_argument */
  #checkWithinMinute({ name, perMinute }: Tier, units: number): void {
    if (units <= perMinute) return;
    const message = `expected at most ${perMinute} embeddings in one request (the minute's limit of tier ${name}), got ${units}`;
    throw new VoisinError('invalid_argument', message);
  }

  async limitsOf({ userId, tier }: AccountRef): Promise<AccountLimits> {
    const now = this.#now();
    const { monthUsed } = await this.#allowances.take(this.#take(userId, this.tier(tier), 0, now));
    return { tier: this.tier(tier), monthUsed, monthResetsAt: nextMonth(new Date(now)) };
  }

  /**
   * Room for `units` embeddings at their full price. Where only requests under way stand in the way, waits for what they give back; with `waits`,
   * also for the next minute.
   * @throws VoisinError rate_limited or quota_exceeded with `retryAfterSeconds` and `limits` (LimitState); invalid_argument for more than a
   * minute's worth; unavailable when what counts is away
   */
  async reserve({ userId, tier: name }: AccountRef, units: number, { signal, waits = false }: ReserveOptions = {}): Promise<Reservation> {
    const tier = this.tier(name);
    this.#checkWithinMinute(tier, units);
    for (;;) {
      signal?.throwIfAborted();
      const take = this.#take(userId, tier, units, this.#now());
      const standing = await this.#allowances.take(take);
      if (standing.ok) return this.#reserved(tier, take, standing);
      if (standing.minuteUsed + units > tier.perMinute) {
        if (!waits) throw this.#tooFast(tier, units, standing);
        // A month that is used up would refuse it in the next minute too.
        if (standing.monthUsed - standing.reserved + take.cost > take.perMonth) throw this.#usedUp(tier, standing);
        await this.#untilSettled(userId, minuteOf(tier, standing).resetsAt - this.#now(), signal);
        continue;
      }
      // What is under way, here or on another server, may give back nearly all: only then is there a point in waiting.
      if (standing.monthUsed - standing.reserved + take.cost > take.perMonth) throw this.#usedUp(tier, standing);
      await this.#untilSettled(userId, settledElsewhereMs, signal);
    }
  }

  /** What was settled is counted. */
  close(): Promise<void> {
    return this.#allowances.close();
  }

  #take(userId: string, tier: Tier, units: number, now: number): Take {
    const perMonth = tier.perMonth * costOfOne;
    const month = monthOf(new Date(now));
    return { userId, units, cost: units * costOfOne, perMinute: tier.perMinute, perMonth, month, now };
  }

  #reserved(tier: Tier, { userId, units, cost, month }: Take, standing: Standing): Reservation {
    const finish = (done: Pick<Settlement, 'spent' | 'units'>): void => {
      this.#allowances.settle({ userId, month, reserved: cost, since: standing.minuteStarted, ...done });
      for (const wake of this.#waiting.get(userId) ?? []) wake();
    };
    return {
      tier,
      limits: minuteOf(tier, standing),
      settle: (spent) => finish({ spent: Math.min(cost, spent), units: 0 }),
      cancel: (gaveUp) => finish({ spent: 0, units: gaveUp ? 0 : units }),
    };
  }

  /** Something of the account's was settled here, or time has passed in which it may have been elsewhere, or the caller gave up. */
  #untilSettled(userId: string, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(late);
        signal?.removeEventListener('abort', wake);
        const others = (this.#waiting.get(userId) ?? []).filter((one) => one !== wake);
        if (others.length > 0) this.#waiting.set(userId, others);
        else this.#waiting.delete(userId);
        resolve();
      };
      const late = setTimeout(wake, Math.max(1, ms));
      signal?.addEventListener('abort', wake);
      this.#waiting.set(userId, [...(this.#waiting.get(userId) ?? []), wake]);
      // While the standing was asked for.
      if (signal?.aborted === true) wake();
    });
  }

  #tooFast(tier: Tier, units: number, standing: Standing): VoisinError {
    this.#refused.minute++;
    const limits = minuteOf(tier, standing);
    const seconds = this.#secondsUntil(limits.resetsAt);
    const message = `tier ${tier.name} allows ${tier.perMinute} embeddings a minute: ${limits.remaining} are left, ${units} were asked for; again in ${seconds} s`;
    return new VoisinError('rate_limited', message, { retryAfterSeconds: seconds, limits });
  }

  #usedUp(tier: Tier, { monthUsed }: Standing): VoisinError {
    this.#refused.month++;
    const resetsAt = nextMonth(new Date(this.#now())).getTime();
    const remaining = Math.max(0, Math.floor((tier.perMonth * costOfOne - monthUsed) / costOfOne));
    const message = `tier ${tier.name} allows ${tier.perMonth} embeddings a month: ${remaining} are left until ${new Date(resetsAt).toISOString()}`;
    const limits = { limit: tier.perMonth, remaining, resetsAt };
    return new VoisinError('quota_exceeded', message, { retryAfterSeconds: this.#secondsUntil(resetsAt), limits });
  }

  #secondsUntil(time: number): number {
    return Math.max(1, Math.ceil((time - this.#now()) / 1000));
  }
}

function minuteOf({ perMinute }: Tier, { minuteUsed, minuteStarted }: Standing): LimitState {
  return { limit: perMinute, remaining: Math.max(0, perMinute - minuteUsed), resetsAt: minuteStarted + minuteMs };
}
