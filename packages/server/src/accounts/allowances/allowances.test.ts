// What every place that counts allowances does: one contract, run on all three.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { postgresProblem, redisProblem } from '../../../test/support/services.js';
import type { Standing } from './allowances.js';
import { inMemory, inPostgres, inRedis, noon, nothing, type Place, settle, take } from './places.test-help.js';

const places: [name: string, open: () => Promise<Place>, problem: string | undefined][] = [
  ['this process', inMemory, undefined],
  ['Redis', inRedis, await redisProblem()],
  ['PostgreSQL', inPostgres, await postgresProblem()],
];

describe.each(places)('allowances in %s', (_name, open, problem) => {
  let place: Place;
  beforeEach(async (context) => {
    if (problem !== undefined) context.skip(problem);
    place = await open();
  });
  afterEach(async () => {
    if (problem === undefined) await place.remove();
  });

  test.each([
    ['the minute', { perMinute: 60 }],
    ['the month', { perMonth: 60_000 }],
  ])('of 200 takings at once from two sides, those pass that %s has room for, and no more', async (_limit, limits) => {
    const sides = [place.one, place.two];
    const answers = await Promise.all([...Array(200).keys()].map((i) => sides[i % 2]?.take(take(limits))));
    expect(answers.filter((answer) => answer?.ok)).toHaveLength(60);
    expect(await place.one.take(take(limits))).toMatchObject({ ok: false, minuteUsed: 60, monthUsed: 60_000, reserved: 60_000 });
  });

  test('what does not fit one window is taken from neither, and something smaller still fits', async () => {
    const perMonth = 55_000;
    const [first, tooMuch, small] = await Promise.all([
      place.one.take(take({ units: 50, cost: 50_000, perMonth })),
      place.one.take(take({ units: 6, cost: 6000, perMonth })),
      place.one.take(take({ units: 5, cost: 5000, perMonth })),
    ]);
    const stands = (ok: boolean, minuteUsed: number): Standing => {
      const reserved = minuteUsed * 1000;
      return { ok, minuteUsed, minuteStarted: noon, monthUsed: reserved, reserved };
    };
    expect([first, tooMuch, small]).toEqual([stands(true, 50), stands(false, 50), stands(true, 55)]);
  });

  test('a minute begins with its first taking of something and ends sixty seconds later; the month goes on', async () => {
    await place.one.take(nothing({ now: noon - 30_000 }));
    await place.one.take(take({ units: 10, perMinute: 10 }));
    expect(await place.one.take(take({ perMinute: 10, now: noon + 59_999 }))).toMatchObject({ ok: false, minuteStarted: noon });
    expect(await place.one.take(take({ perMinute: 10, now: noon + 60_000 }))).toMatchObject({
      ok: true,
      minuteUsed: 1,
      minuteStarted: noon + 60_000,
      monthUsed: 2000,
    });
  });

  test('a clock that is set back closes no minute for longer than that', async () => {
    await place.one.take(take({ units: 10, perMinute: 10, now: noon + 3_600_000 }));
    expect(await place.one.take(take({ perMinute: 10 }))).toMatchObject({ ok: true, minuteUsed: 1, minuteStarted: noon });
  });

  test('what is settled is used, the rest is there again; what is given back to a minute is, if it is still that one', async () => {
    await place.one.take(take({ units: 10, cost: 10_000 }));
    place.one.settle(settle({ reserved: 10_000, spent: 5100, units: 4 }));
    expect(await place.one.take(nothing())).toMatchObject({ minuteUsed: 6, monthUsed: 5100, reserved: 0 });
    place.one.settle(settle({ reserved: 0, spent: 0, units: 4, since: noon - 60_000 }));
    expect(await place.one.take(nothing())).toMatchObject({ minuteUsed: 6, monthUsed: 5100 });
  });

  test('the other side hears of what is settled without asking', async () => {
    await place.one.take(take({ cost: 5000 }));
    expect(await place.two.take(nothing())).toMatchObject({ monthUsed: 5000, reserved: 5000 });
    place.one.settle(settle({ reserved: 5000, spent: 100 }));
    await expect.poll(async () => (await place.two.take(nothing())).reserved).toBe(0);
    expect(await place.two.take(nothing())).toMatchObject({ monthUsed: 100 });
  });

  test('a new month begins with nothing, and what came from the old one changes nothing there', async () => {
    await place.one.take(take({ cost: 5000 }));
    const april = { month: '2026-04', now: Date.parse('2026-04-01T00:00:00Z') };
    expect(await place.one.take(take({ ...april, cost: 2000 }))).toMatchObject({ ok: true, monthUsed: 2000 });
    place.one.settle(settle({ reserved: 5000, spent: 4000 }));
    await place.one.take(take({ ...april, userId: 'u2' }));
    expect(await place.one.take(nothing(april))).toMatchObject({ monthUsed: 2000 });
  });

  test('each account has its own', async () => {
    const answers = await Promise.all(['a', 'b', 'a', 'c', 'b'].map((userId) => place.one.take(take({ userId, perMinute: 1 }))));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, false, true, false]);
  });
});

test('a process that remembers nothing begins with what the store knows of the month', async () => {
  const asked: string[] = [];
  const { one } = await inMemory(async (userId, month) => {
    asked.push(`${userId} ${month}`);
    return 7000;
  });
  expect(await one.take(take())).toMatchObject({ ok: true, monthUsed: 8000 });
  expect(await one.take(take())).toMatchObject({ ok: true, monthUsed: 9000 });
  expect(asked).toEqual(['u1 2026-03']);
});
