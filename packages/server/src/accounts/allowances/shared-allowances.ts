// Allowances that several servers share, in Redis or PostgreSQL, and this process's own count while that is away.
//
// Each server tells the shared count how much it has settled and reserved for an account since it began to, not what came on top: what was lost on the
// way, came twice or came late changes nothing, since the next call says it all again. What a server has reserved is forgotten when it is not heard of
// for a while, as one that was killed.
//
// Takings wait for one call at a time: who comes while one is under way shares the next. So a count that is far away costs two journeys at most, and a
// thousand requests at once are a handful of calls.
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../../errors.js';
import type { Allowances, MonthSoFar, Settlement, Standing, Take } from './allowances.js';
import type { MemoryAllowances, Minute } from './memory-allowances.js';

/** What one server tells of one account, and asks for. */
export interface Call {
  readonly userId: string;
  readonly month: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Under this name the count keeps what this server told last. */
  readonly entry: string;
  /** Grows from call to call: a late one is told by it, and changes nothing. */
  readonly turn: number;
  /** Thousandths since the entry began. */
  readonly settled: number;
  /** Thousandths, those of `takes` not among them. */
  readonly reserved: number;
  /** The count has never answered to this entry. */
  readonly isNew: boolean;
  /** The least that the month has used, as the store knows; asked for where the count answers that it knows nothing of the month. */
  readonly seed: number | undefined;
  readonly minute: Minute | undefined;
  /** Embeddings given back to the minute that began at `since`. */
  readonly back: Pick<Settlement, 'since' | 'units'> | undefined;
  readonly takes: readonly Pick<Take, 'units' | 'cost' | 'perMinute' | 'perMonth'>[];
}

export interface SharedCount {
  /**
   * Each call as one step that nothing comes between. A standing for each taking, in order; undefined where the month is not known and no seed came.
   * @throws VoisinError unavailable; what was done by then is not known
   */
  ask(calls: readonly Call[]): Promise<(Standing[] | undefined)[]>;
  close(): Promise<void>;
}

/** A count forgets what an entry has reserved when it does not hear of it for so long: longer than any request is under way. */
export const reservedForgottenAfterMs = 10 * 60_000;
/** And the entry itself when it does not hear of it for so long: a server that could not reach it all that time would count anew. */
export const entryForgottenAfterMs = 48 * 3_600_000;

export interface AllowanceLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export interface SharedAllowancesOptions {
  readonly count: SharedCount;
  readonly monthSoFar: MonthSoFar;
  /** Counts while the shared count is away; without it, takings fail then. */
  readonly own?: MemoryAllowances | undefined;
  readonly log: AllowanceLog;
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: () => number;
}

/** What this server has done for one account in one month. */
interface Entry {
  readonly userId: string;
  readonly month: string;
  readonly name: string;
  turn: number;
  settled: number;
  reserved: number;
  back: { since: number; units: number } | undefined;
  isNew: boolean;
  lastUsed: number;
}

interface Waiting {
  readonly take: Take;
  readonly resolve: (standing: Standing) => void;
  readonly reject: (error: unknown) => void;
}

const takesAtOnce = 500;
/** What is settled travels with the next taking, unless none comes for so long. */
const tellWithinMs = 10;
const leftAloneMs = 1000;
/** Of an account that embeds now and then there should be few entries in the count. */
const entryKeptMs = 3_600_000;

export class SharedAllowances implements Allowances {
  readonly #count: SharedCount;
  readonly #monthSoFar: MonthSoFar;
  readonly #own: MemoryAllowances | undefined;
  readonly #log: AllowanceLog;
  readonly #clock: () => number;
  /** By month and user; the one that was used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  /** Those of which the count does not know all. */
  readonly #owed = new Set<Entry>();
  /** Accounts' months that the count has answered for. */
  readonly #seen = new LRUCache<string, true>({ max: 100_000 });
  #waiting: Waiting[] = [];
  #underWay: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** Why the shared count did not answer last; undefined: it did. */
  #problem: unknown;
  #awayUntil = 0;

  constructor({ count, monthSoFar, own, log, clock = () => performance.now() }: SharedAllowancesOptions) {
    this.#count = count;
    this.#monthSoFar = monthSoFar;
    this.#own = own;
    this.#log = log;
    this.#clock = clock;
  }

  /** The shared count is away, and this process counts for itself. */
  get countsAlone(): boolean {
    return this.#problem !== undefined && this.#own !== undefined;
  }

  take(take: Take): Promise<Standing> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ take, resolve, reject });
      this.#begin();
    });
  }

  settle(settlement: Settlement): void {
    const { userId, month, reserved, spent, units, since } = settlement;
    this.#own?.settle(settlement);
    const entry = this.#entry(userId, month);
    entry.settled += spent;
    entry.reserved = Math.max(0, entry.reserved - reserved);
    if (units > 0) entry.back = { since, units: units + (entry.back?.since === since ? entry.back.units : 0) };
    this.#owed.add(entry);
    this.#tellIn(tellWithinMs);
  }

  async close(): Promise<void> {
    await this.#underWay;
    clearTimeout(this.#soon);
    // The last word, said even to one that was away a moment ago.
    this.#awayUntil = 0;
    await this.#run();
    clearTimeout(this.#soon);
    await this.#count.close();
  }

  #begin(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#underWay ??= this.#run().finally(() => {
      this.#underWay = undefined;
      // Who came in the same breath as the last look at what waits.
      if (this.#waiting.length > 0) this.#begin();
    });
  }

  async #run(): Promise<void> {
    // Requests that came in the same turn of the event loop go together.
    await Promise.resolve();
    for (;;) {
      const some = this.#waiting.splice(0, takesAtOnce);
      // Where nobody counts instead, each taking tries.
      const mayAsk = this.#clock() >= this.#awayUntil || (this.#own === undefined && some.length > 0);
      if (some.length === 0 && (this.#owed.size === 0 || !mayAsk)) break;
      if (mayAsk && (await this.#ask(some)) === undefined) continue;
      for (const one of some) await this.#takeAlone(one);
    }
    this.#forgetIdle();
    if (this.#owed.size > 0) this.#tellIn(leftAloneMs);
  }

  /** Tells what is owed and takes. @returns why that is not done */
  async #ask(some: readonly Waiting[]): Promise<unknown> {
    const groups = new Map<Entry, Waiting[]>([...this.#owed].map((entry) => [entry, []]));
    for (const one of some) {
      const entry = this.#entry(one.take.userId, one.take.month);
      const group = groups.get(entry);
      if (group === undefined) groups.set(entry, [one]);
      else group.push(one);
    }
    this.#owed.clear();
    const calls = [...groups].map(([entry, group]) => ({ entry, group, call: this.#call(entry, group) }));
    try {
      const answers = await this.#answersTo(calls.map(({ call }) => call));
      for (const [at, { entry, group, call }] of calls.entries()) this.#learn(entry, group, call, answers[at] ?? []);
    } catch (error) {
      for (const { entry } of calls) this.#owed.add(entry);
      this.#awayUntil = this.#clock() + leftAloneMs;
      const meanwhile = this.#own === undefined ? 'accounts cannot embed' : 'this server counts alone';
      if (this.#problem === undefined)
        this.#log.warn({ err: error }, `the shared count of quotas cannot be reached: ${meanwhile} until it is back`);
      this.#problem = error;
      return error;
    }
    if (this.#problem !== undefined) this.#log.info({}, 'the shared count of quotas is back');
    this.#problem = undefined;
    return undefined;
  }

  #call(entry: Entry, group: readonly Waiting[]): Call {
    const { userId, month, name, settled, reserved, isNew, back } = entry;
    // Given back at most once: what became of a call that failed is not known.
    entry.back = undefined;
    entry.turn++;
    const now = group.at(-1)?.take.now ?? Date.now();
    const minute = this.#own?.minute(userId);
    const takes = group.map(({ take }) => take);
    return { userId, month, now, entry: name, turn: entry.turn, settled, reserved, isNew, seed: undefined, minute, back, takes };
  }

  async #answersTo(calls: readonly Call[]): Promise<Standing[][]> {
    // What an earlier run could not tell is in the store: the first call for an account brings it.
    const seeded = await Promise.all(calls.map((call) => (this.#seen.has(keyOf(call)) ? call : this.#withSeed(call))));
    const answers = await this.#count.ask(seeded);
    const lost = seeded.filter((_, at) => answers[at] === undefined);
    if (lost.length === 0) return answers.map((answer) => answer ?? []);
    const again = await this.#count.ask(await Promise.all(lost.map((call) => this.#withSeed(call))));
    return answers.map((answer) => answer ?? again.shift() ?? []);
  }

  async #withSeed(call: Call): Promise<Call> {
    return { ...call, seed: await this.#monthSoFar(call.userId, call.month) };
  }

  #learn(entry: Entry, group: readonly Waiting[], call: Call, standings: readonly Standing[]): void {
    this.#seen.set(keyOf(entry), true);
    entry.isNew = false;
    const last = standings.at(-1);
    if (last !== undefined && this.#own !== undefined) {
      // Of what was settled while the call was under way the answer knows nothing.
      const reserved = last.reserved - (call.reserved - entry.reserved);
      const monthUsed = last.monthUsed - last.reserved + (entry.settled - call.settled) + reserved;
      this.#own.learn(entry, { ...last, monthUsed, reserved });
    }
    for (const [at, { take, resolve, reject }] of group.entries()) {
      const standing = standings[at];
      if (standing?.ok === true) entry.reserved += take.cost;
      if (standing === undefined) reject(new VoisinError('internal', 'the shared count of quotas answered too little'));
      else resolve(standing);
    }
  }

  async #takeAlone({ take, resolve, reject }: Waiting): Promise<void> {
    const isAway = this.#problem instanceof VoisinError && this.#problem.code === 'unavailable';
    if (this.#own === undefined || !isAway) return reject(this.#problem);
    try {
      const standing = await this.#own.take(take);
      if (standing.ok) {
        const entry = this.#entry(take.userId, take.month);
        entry.reserved += take.cost;
        this.#owed.add(entry);
      }
      resolve(standing);
    } catch (error) {
      reject(error);
    }
  }

  #entry(userId: string, month: string): Entry {
    const key = keyOf({ userId, month });
    const entry = this.#entries.get(key) ?? newEntry(userId, month);
    entry.lastUsed = this.#clock();
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #forgetIdle(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.lastUsed + entryKeptMs > this.#clock()) return;
      if (entry.reserved === 0 && !this.#owed.has(entry)) this.#entries.delete(key);
    }
  }

  #tellIn(ms: number): void {
    this.#soon ??= setTimeout(() => this.#begin(), ms).unref();
  }
}

const keyOf = ({ userId, month }: Pick<Take, 'userId' | 'month'>): string => `${month}/${userId}`;

function newEntry(userId: string, month: string): Entry {
  const name = randomBytes(8).toString('base64url');
  return { userId, month, name, turn: 0, settled: 0, reserved: 0, back: undefined, isNew: true, lastUsed: 0 };
}
