// The count of allowances in Redis, for servers that share nothing else: each call is one script, which nothing comes between.
import { Redis } from 'ioredis';
import { VoisinError } from '../../errors.js';
import { minuteMs, type Standing } from './allowances.js';
import { type Call, entryForgottenAfterMs, reservedForgottenAfterMs, type SharedCount } from './shared-allowances.js';

// KEYS: the month's hash, the minute's string. The month holds what is used, in thousandths, and what each server told last under the name of its entry:
// "<turn> <settled> <reserved> <time>". The minute holds "<started> <used>" and goes away by itself. What else lies there is garbage, and counts as nothing.
const countScript = `
local now, entry, turn, settled, reserved = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local isNew, seed = ARGV[6] == '1', tonumber(ARGV[7])
for _, kept in ipairs({{KEYS[1], 'hash'}, {KEYS[2], 'string'}}) do
  if redis.call('TYPE', kept[1]).ok ~= kept[2] then redis.call('DEL', kept[1]) end
end

local month, used, others, mine = redis.call('HGETALL', KEYS[1]), nil, 0, nil
for i = 1, #month, 2 do
  local name, value = month[i], month[i + 1]
  if name == 'used' then used = tonumber(value)
  else
    local t, s, r, at = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
    if name == entry then mine = t and {tonumber(t), tonumber(s)}
    elseif not t or tonumber(at) + ${entryForgottenAfterMs} < now then redis.call('HDEL', KEYS[1], name)
    elseif tonumber(at) + ${reservedForgottenAfterMs} >= now then others = others + tonumber(r) end
  end
end
if not used or used ~= used or used < 0 then
  if not seed then return {} end
  redis.call('DEL', KEYS[1])
  used, mine = seed, {turn - 1, settled}
end
if mine and mine[1] >= turn then return {} end
if mine then used = used + settled - mine[2] elseif isNew then used = used + settled end
if seed and used < seed then used = seed end

local started, minuteUsed = string.match(redis.call('GET', KEYS[2]) or '', '^(%d+) (%d+)$')
started, minuteUsed = tonumber(started or 0), tonumber(minuteUsed or 0)
local function isOver(time) return time + ${minuteMs} <= now or time >= now + ${minuteMs} end
if started == tonumber(ARGV[11]) then minuteUsed = math.max(0, minuteUsed - tonumber(ARGV[12])) end
local knownStarted, knownUsed = tonumber(ARGV[8]), tonumber(ARGV[9])
if not isOver(knownStarted) then
  if isOver(started) then started, minuteUsed = knownStarted, knownUsed
  elseif ARGV[10] == '1' then minuteUsed = math.max(minuteUsed, knownUsed) end
end
if isOver(started) then started, minuteUsed = now, 0 end

local answer = {}
for i = 13, #ARGV, 4 do
  local units, cost = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local ok = 0
  if minuteUsed + units <= tonumber(ARGV[i + 2]) and used + others + reserved + cost <= tonumber(ARGV[i + 3]) then
    ok, minuteUsed, reserved = 1, minuteUsed + units, reserved + cost
  end
  for _, value in ipairs({ok, minuteUsed, started, used + others + reserved, others + reserved}) do answer[#answer + 1] = value end
end
if minuteUsed > 0 then redis.call('SET', KEYS[2], string.format('%.0f %.0f', started, minuteUsed), 'PX', ${minuteMs})
else redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[1], 'used', string.format('%.0f', used), entry, string.format('%.0f %.0f %.0f %.0f', turn, settled, reserved, now))
redis.call('PEXPIRE', KEYS[1], ${40 * 24 * 3600 * 1000})
return {1, answer}
`;

const numbersOfStanding = 5;
/** Longer than any pause of a Redis that is well, short beside an embedding on a busy machine. */
const answerWithinMs = 250;

export class RedisCount implements SharedCount {
  readonly #redis: Redis;
  readonly #prefix: string;
  /** The first connection is made, or was tried; a lost one is not waited for. */
  readonly #begun: Promise<void>;

  constructor({ url, prefix }: { readonly url: string; readonly prefix: string }) {
    this.#prefix = prefix;
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

  async ask(calls: readonly Call[]): Promise<(Standing[] | undefined)[]> {
    try {
      await this.#begun;
      return await Promise.all(calls.map((call) => this.#ask(call)));
    } catch (error) {
      throw new VoisinError('unavailable', 'Redis does not count now', { retryAfterSeconds: 1 }, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await Promise.resolve();
  }

  async #ask(call: Call): Promise<Standing[] | undefined> {
    const { userId, month, now, entry, turn, settled, reserved, isNew, seed, minute, back, takes } = call;
    const account = `${this.#prefix}allowance:{${userId}}`;
    const told = [now, entry, turn, settled, reserved, isNew ? 1 : 0, seed ?? ''];
    const ofMinute = [minute?.started ?? 0, minute?.used ?? 0, minute?.alone === true ? 1 : 0, back?.since ?? -1, back?.units ?? 0];
    const asked = takes.flatMap(({ units, cost, perMinute, perMonth }) => [units, cost, perMinute, perMonth]);
    const keys = [`${account}:${month}:count`, `${account}:minute`];
    const answer: unknown = await this.#redis.eval(countScript, 2, ...keys, ...told, ...ofMinute, ...asked);
    if (Array.isArray(answer) && answer.length === 0) return undefined;
    return standingsOf(Array.isArray(answer) ? answer[1] : undefined, takes.length);
  }
}

function standingsOf(answer: unknown, count: number): Standing[] {
  if (!Array.isArray(answer) || answer.length !== count * numbersOfStanding || !answer.every((one) => typeof one === 'number'))
    throw new Error('the script that counts allowances answered something else than standings');
  return Array.from({ length: count }, (_, at) => {
    const [ok, minuteUsed = 0, minuteStarted = 0, monthUsed = 0, reserved = 0] = answer.slice(at * numbersOfStanding);
    return { ok: ok === 1, minuteUsed, minuteStarted, monthUsed, reserved };
  });
}
