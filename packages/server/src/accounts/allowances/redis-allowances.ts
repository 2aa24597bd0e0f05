// Allowances in Redis, for servers that share nothing else: each step is one script, which nothing comes between.
import { Redis } from 'ioredis';
import { VoisinError } from '../../errors.js';
import { type Allowances, minuteMs, type MonthSoFar, type Standing, type Step } from './allowances.js';

// KEYS: the month's counter, the minute's. The minute's holds "<started> <used>" and goes away by itself; the month's holds thousandths.
const takeScript = `
local month = redis.call('GET', KEYS[1])
if not month then
  if ARGV[6] == '' then return {-1, 0, 0, 0} end
  month = ARGV[6]
end
local units, cost, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local started, used = now, 0
local minute = redis.call('GET', KEYS[2])
if minute then
  local s, u = string.match(minute, '^(%d+) (%d+)$')
  if s and tonumber(s) + ${minuteMs} > now then started, used = tonumber(s), tonumber(u) end
end
local ok = 0
month = tonumber(month)
if used + units <= tonumber(ARGV[3]) and month + cost <= tonumber(ARGV[4]) then
  ok, used, month = 1, used + units, month + cost
  redis.call('SET', KEYS[2], string.format('%.0f %.0f', started, used), 'PX', ${minuteMs})
end
redis.call('SET', KEYS[1], string.format('%.0f', month), 'PX', ARGV[7])
return {ok, used, started, month}
`;

const giveScript = `
local month = tonumber(redis.call('GET', KEYS[1]) or '-1')
if month >= 0 then
  month = math.max(0, month - tonumber(ARGV[2]))
  redis.call('SET', KEYS[1], string.format('%.0f', month), 'KEEPTTL')
end
local used = 0
local minute = redis.call('GET', KEYS[2])
if minute then
  local s, u = string.match(minute, '^(%d+) (%d+)$')
  if s and s == ARGV[3] then
    used = math.max(0, tonumber(u) - tonumber(ARGV[1]))
    redis.call('SET', KEYS[2], string.format('%s %.0f', s, used), 'KEEPTTL')
  end
end
return {1, used, tonumber(ARGV[3]), math.max(0, month)}
`;

const monthKeptMs = 40 * 24 * 3600 * 1000;
/** Longer than any pause of a Redis that is well, short beside an embedding on a busy machine. */
const answerWithinMs = 250;
const unknownMonth = -1;

export interface RedisAllowancesOptions {
  readonly url: string;
  readonly prefix: string;
  readonly monthSoFar: MonthSoFar;
}

export class RedisAllowances implements Allowances {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #monthSoFar: MonthSoFar;
  /** The first connection is made, or was tried; a lost one is not waited for. */
  readonly #begun: Promise<void>;

  constructor({ url, prefix, monthSoFar }: RedisAllowancesOptions) {
    this.#prefix = prefix;
    this.#monthSoFar = monthSoFar;
    this.#redis = new Redis(url, {
      commandTimeout: answerWithinMs,
      connectTimeout: 2000,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(1000, 50 * times),
    });
    // Each failed connection is an event; whoever asks meanwhile is told by an error of their own.
    this.#redis.on('error', () => undefined);
    this.#begun = new Promise((resolve) => {
      for (const event of ['ready', 'close']) this.#redis.once(event, () => resolve());
    });
  }

  async apply(steps: readonly Step[]): Promise<Standing[]> {
    try {
      await this.#begun;
      const standings = await Promise.all(steps.map((step) => this.#apply(step, '')));
      // Asked for only where Redis knows nothing of the month: a new one, or one that it lost.
      for (const [at, step] of steps.entries()) {
        if (standings[at]?.[0] === unknownMonth)
          standings[at] = await this.#apply(step, String(await this.#monthSoFar(step.userId, step.month)));
      }
      return standings.map(([ok, minuteUsed, minuteStarted, monthUsed]) => ({ ok: ok === 1, minuteUsed, minuteStarted, monthUsed }));
    } catch (error) {
      if (error instanceof VoisinError) throw error;
      throw new VoisinError('unavailable', 'Redis does not count now', { retryAfterSeconds: 1 }, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await Promise.resolve();
  }

  async #apply(step: Step, seed: string): Promise<[ok: number, minuteUsed: number, minuteStarted: number, monthUsed: number]> {
    const keys = [`${this.#prefix}allowance:{${step.userId}}:${step.month}`, `${this.#prefix}allowance:{${step.userId}}:minute`];
    const answer: unknown =
      step.kind === 'take'
        ? await this.#redis.eval(takeScript, 2, ...keys, step.units, step.cost, step.perMinute, step.perMonth, step.now, seed, monthKeptMs)
        : await this.#redis.eval(giveScript, 2, ...keys, step.units, step.cost, step.since);
    if (!Array.isArray(answer) || answer.length !== 4 || !answer.every((one) => typeof one === 'number'))
      throw new Error('an allowance script answered something else than four numbers');
    const [ok = 0, minuteUsed = 0, minuteStarted = 0, monthUsed = 0] = answer;
    return [ok, minuteUsed, minuteStarted, monthUsed];
  }
}
