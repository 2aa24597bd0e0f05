// What every place that counts allowances does: one contract, run on all three.
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../postgres/database.js';
import { postgresProblem, postgresSchema } from '../stores.test-help.js';
import type { Allowances, GiveBack, MonthSoFar, Take } from './allowances.js';
import { FallbackAllowances } from './fallback-allowances.js';
import { MemoryAllowances } from './memory-allowances.js';
import { PostgresAllowances } from './postgres-allowances.js';
import { RedisAllowances } from './redis-allowances.js';

interface Place {
  readonly one: Allowances;
  /** Another process's view; the same object where there can be only one. */
  readonly two: Allowances;
  remove(): Promise<void>;
}

const redisUrl = 'redis://127.0.0.1:6379';
const redisProblem = await (async () => {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  try {
    await redis.connect();
    await redis.quit();
    return undefined;
  } catch (error) {
    redis.disconnect();
    return `no Redis at 127.0.0.1:6379: ${String(error)}`;
  }
})();

const nothingYet: MonthSoFar = async () => 0;

async function inRedis(monthSoFar: MonthSoFar = nothingYet): Promise<Place> {
  const prefix = `voisin-test-${randomBytes(6).toString('hex')}:`;
  const open = (): Allowances => new RedisAllowances({ url: redisUrl, prefix, monthSoFar });
  const [one, two] = [open(), open()];
  return {
    one,
    two,
    async remove() {
      await Promise.all([one.close(), two.close()]);
      const redis = new Redis(redisUrl);
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      await redis.quit();
    },
  };
}

async function inPostgres(): Promise<Place> {
  const { url, remove } = await postgresSchema();
  const [first, second] = [await Database.open(url), await Database.open(url)];
  return {
    one: new PostgresAllowances(first),
    two: new PostgresAllowances(second),
    async remove() {
      await Promise.all([first.close(), second.close()]);
      await remove();
    },
  };
}

async function inMemory(monthSoFar: MonthSoFar = nothingYet): Promise<Place> {
  const own = new MemoryAllowances(monthSoFar);
  return { one: own, two: own, remove: async () => undefined };
}

const places: [name: string, open: () => Promise<Place>, problem: string | undefined][] = [
  ['this process', inMemory, undefined],
  ['Redis', inRedis, redisProblem],
  ['PostgreSQL', inPostgres, await postgresProblem()],
];

const noon = Date.parse('2026-03-15T12:00:00Z');
const take = (more: Partial<Take> = {}): Take => ({
  kind: 'take',
  userId: 'u1',
  units: 1,
  cost: 1000,
  perMinute: 1000,
  perMonth: 1_000_000,
  month: '2026-03',
  now: noon,
  ...more,
});
const give = (more: Partial<GiveBack> = {}): GiveBack => ({
  kind: 'give',
  userId: 'u1',
  units: 0,
  cost: 900,
  month: '2026-03',
  since: noon,
  ...more,
});

describe.each(places)('allowances in %s', (_name, open, problem) => {
  let place: Place;
  beforeEach(async (context) => {
    if (problem !== undefined) context.skip(problem);
    place = await open();
  });
  afterEach(async () => {
    if (problem === undefined) await place.remove();
  });
  const step = async (one: Take | GiveBack) => (await place.one.apply([one]))[0];

  test.each([
    ['the minute', { perMinute: 60 }],
    ['the month', { perMonth: 60_000 }],
  ])('of 200 takings at once from two sides, those pass that %s has room for, and no more', async (_limit, limits) => {
    const sides = [place.one, place.two];
    const answers = await Promise.all([...Array(200).keys()].map((i) => sides[i % 2]?.apply([take(limits)])));
    expect(answers.filter((answer) => answer?.[0]?.ok)).toHaveLength(60);
    expect(await step(take(limits))).toMatchObject({ ok: false, minuteUsed: 60, monthUsed: 60_000 });
  });

  test('what does not fit one window is taken from neither, and something smaller still fits', async () => {
    const [first, tooMuch, small] = await place.one.apply([
      take({ units: 50, cost: 50_000, perMonth: 55_000 }),
      take({ units: 6, cost: 6000, perMonth: 55_000 }),
      take({ units: 5, cost: 5000, perMonth: 55_000 }),
    ]);
    expect(first).toEqual({ ok: true, minuteUsed: 50, minuteStarted: noon, monthUsed: 50_000 });
    expect(tooMuch).toEqual({ ok: false, minuteUsed: 50, minuteStarted: noon, monthUsed: 50_000 });
    expect(small).toEqual({ ok: true, minuteUsed: 55, minuteStarted: noon, monthUsed: 55_000 });
  });

  test('a minute begins with its first taking and ends sixty seconds later; the month goes on', async () => {
    await step(take({ units: 10, perMinute: 10 }));
    expect(await step(take({ perMinute: 10, now: noon + 59_999 }))).toMatchObject({ ok: false, minuteStarted: noon });
    expect(await step(take({ perMinute: 10, now: noon + 60_000 }))).toMatchObject({
      ok: true,
      minuteUsed: 1,
      minuteStarted: noon + 60_000,
      monthUsed: 2000,
    });
  });

  test('what is given back is there again, in the windows that it came from', async () => {
    await step(take({ units: 10, cost: 10_000 }));
    expect(await step(give({ units: 4, cost: 4900 }))).toMatchObject({ ok: true, minuteUsed: 6, monthUsed: 5100 });
    expect(await step(give({ units: 4, cost: 100, since: noon - 60_000 }))).toMatchObject({ ok: true });
    expect(await step(take({ units: 0, cost: 0 }))).toMatchObject({ minuteUsed: 6, monthUsed: 5000 });
  });

  test('a new month begins with nothing, and what came from the old one changes nothing there', async () => {
    await step(take({ cost: 5000 }));
    const april = { month: '2026-04', now: Date.parse('2026-04-01T00:00:00Z') };
    expect(await step(take({ ...april, cost: 2000 }))).toMatchObject({ ok: true, monthUsed: 2000 });
    await step(give({ cost: 1000 }));
    expect(await step(take({ ...april, cost: 0, units: 0 }))).toMatchObject({ monthUsed: 2000 });
  });

  test('each account has its own', async () => {
    const answers = await place.one.apply(['a', 'b', 'a', 'c', 'b'].map((userId) => take({ userId, perMinute: 1 })));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, false, true, false]);
  });
});

test('a process that remembers nothing begins with what the store knows of the month', async () => {
  const asked: string[] = [];
  const { one } = await inMemory(async (userId, month) => {
    asked.push(`${userId} ${month}`);
    return 7000;
  });
  expect((await one.apply([take()]))[0]).toMatchObject({ ok: true, monthUsed: 8000 });
  expect((await one.apply([take()]))[0]).toMatchObject({ ok: true, monthUsed: 9000 });
  expect(asked).toEqual(['u1 2026-03']);
});

test.skipIf(redisProblem !== undefined)(
  `a Redis that remembers nothing begins with what the store knows of the month (${redisProblem ?? 'it is here'})`,
  async () => {
    const place = await inRedis(async () => 7000);
    const answers = await Promise.all([place.one.apply([take(), take()]), place.two.apply([take()])]);
    expect(answers.flat().filter(({ ok }) => ok)).toHaveLength(3);
    expect((await place.one.apply([take({ units: 0, cost: 0 })]))[0]).toMatchObject({ monthUsed: 10_000 });
    await place.remove();
  },
);

test.skipIf(redisProblem !== undefined)(
  `while Redis is away this process counts, and Redis learns of it afterwards (${redisProblem ?? 'it is here'})`,
  async () => {
    const place = await inRedis();
    let away = false;
    let clock = 0;
    const nobody = new RedisAllowances({ url: 'redis://127.0.0.1:1', prefix: '', monthSoFar: nothingYet });
    const link: Allowances = { apply: (steps) => (away ? nobody : place.one).apply(steps), close: () => nobody.close() };
    const told: string[] = [];
    const tell = (_fields: object, message: string): void => void told.push(message);
    const both = new FallbackAllowances(link, new MemoryAllowances(nothingYet), { warn: tell, info: tell }, () => clock);
    const limits = { perMonth: 10_000 };
    await both.apply([take({ ...limits, cost: 4000 })]);
    away = true;
    // Its own count goes on from where Redis stood.
    expect((await both.apply([take({ ...limits, cost: 5000 }), take({ ...limits, cost: 2000 })])).map(({ ok }) => ok)).toEqual([
      true,
      false,
    ]);
    away = false;
    clock = 5000;
    expect((await both.apply([take({ ...limits, cost: 2000 }), take({ ...limits, cost: 1000 })])).map(({ ok }) => ok)).toEqual([
      false,
      true,
    ]);
    expect((await place.two.apply([take({ units: 0, cost: 0 })]))[0]).toMatchObject({ monthUsed: 10_000 });
    expect(told).toEqual([expect.stringContaining('alone'), expect.stringContaining('back')]);
    await both.close();
    await place.remove();
  },
);
