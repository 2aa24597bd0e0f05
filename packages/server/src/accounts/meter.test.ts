import { beforeEach, describe, expect, test } from 'vitest';
import { parseTiers } from '../config/tiers.js';
import { MemoryAllowances } from './allowances/memory-allowances.js';
import type { AccountRef } from './identity.js';
import { Meter, type Reservation } from './meter.js';

const tiers = parseTiers('small: {per_month: 100, per_minute: 60, cache_hit: 0.1}\nmonth: {per_month: 50, per_minute: 1000}', 'test');
const start = Date.parse('2026-03-31T23:50:00Z');
const account = (tier: string): AccountRef => ({ userId: `of ${tier}`, keyId: 'k', tier });

let now: number;
let meter: Meter;
beforeEach(() => {
  now = start;
  meter = new Meter(new MemoryAllowances(async () => 0), tiers, () => now);
});

const granted = (results: readonly PromiseSettledResult<Reservation>[]): Reservation[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
const reserveMany = (tier: string, count: number) =>
  Promise.allSettled(Array.from({ length: count }, () => meter.reserve(account(tier), 1)));

describe('a reservation', () => {
  test('says what is left of the minute', async () => {
    expect((await meter.reserve(account('small'), 5)).limits).toEqual({ limit: 60, remaining: 55, resetsAt: start + 60_000 });
    now += 10_000;
    expect((await meter.reserve(account('small'), 5)).limits).toEqual({ limit: 60, remaining: 50, resetsAt: start + 60_000 });
  });

  test('of 200 at once, the minute’s 60 pass, and the others are told when to come back', async () => {
    const results = await reserveMany('small', 200);
    expect(granted(results)).toHaveLength(60);
    const limits = { limit: 60, remaining: 0, resetsAt: start + 60_000 };
    for (const result of results)
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'rate_limited', details: { retryAfterSeconds: 60, limits } });
    now += 60_000;
    expect(granted(await reserveMany('small', 10))).toHaveLength(10);
  });

  test('of a used-up month is refused until the next begins', async () => {
    for (const one of granted(await reserveMany('month', 50))) one.settle(1000);
    await expect(meter.reserve(account('month'), 1)).rejects.toMatchObject({
      code: 'quota_exceeded',
      details: { retryAfterSeconds: 600, limits: { limit: 50, remaining: 0, resetsAt: Date.parse('2026-04-01T00:00:00Z') } },
    });
    now = Date.parse('2026-04-01T00:00:00Z');
    await expect(meter.reserve(account('month'), 50)).resolves.toBeDefined();
  });

  test('that only what is under way stands against waits for it, and is refused as soon as nothing more can come back', async () => {
    const first = granted(await reserveMany('month', 50));
    expect(first).toHaveLength(50);
    const later = Promise.allSettled(
      Array.from({ length: 50 }, async () => {
        const reservation = await meter.reserve(account('month'), 1);
        reservation.settle(1000);
        return reservation;
      }),
    );
    // All of the first came from the cache: 50 x 0.1, and 45 are left.
    for (const one of first) one.settle(100);
    expect(granted(await later)).toHaveLength(45);
    expect((await meter.limitsOf(account('month'))).monthUsed).toBe(50_000);
  });

  test('costs nothing when what it was for failed, but its minute when the caller gave up', async () => {
    (await meter.reserve(account('small'), 10)).cancel(false);
    expect((await meter.reserve(account('small'), 10)).limits.remaining).toBe(50);
    (await meter.reserve(account('small'), 10)).cancel(true);
    expect((await meter.reserve(account('small'), 10)).limits.remaining).toBe(30);
    expect((await meter.limitsOf(account('small'))).monthUsed).toBe(20_000);
  });

  test('of more than a minute’s worth can never be, and says so', async () => {
    await expect(meter.reserve(account('small'), 61)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "expected at most 60 embeddings in one request (the minute's limit of tier small), got 61",
    });
  });

  test('of a tier that the configuration no longer has names those that it has', async () => {
    await expect(meter.reserve(account('gold'), 1)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('there are: small, month'),
    });
  });
});

test('of a month that another server has reserved nearly all of waits for what that one settles', async () => {
  const allowances = new MemoryAllowances(async () => 0);
  const [one, other] = [new Meter(allowances, tiers, () => now), new Meter(allowances, tiers, () => now)];
  const elsewhere = await other.reserve(account('month'), 50);
  const waiting = one.reserve(account('month'), 5);
  elsewhere.settle(5000);
  expect((await waiting).tier.name).toBe('month');
});

test('asking where an account stands begins no minute', async () => {
  await meter.limitsOf(account('small'));
  now += 4000;
  expect((await meter.reserve(account('small'), 1)).limits.resetsAt).toBe(now + 60_000);
});

describe('a reservation that may wait', () => {
  test('is made in the next minute when this one has not enough left', async () => {
    await meter.reserve(account('small'), 60);
    now = start + 59_999;
    let made = false;
    const waiting = meter.reserve(account('small'), 10, { waits: true }).then((reservation) => {
      made = true;
      return reservation;
    });
    await expect(meter.reserve(account('small'), 10)).rejects.toMatchObject({ code: 'rate_limited' });
    expect(made).toBe(false);
    now = start + 60_000;
    expect((await waiting).limits).toEqual({ limit: 60, remaining: 50, resetsAt: start + 120_000 });
    expect(meter.refused).toEqual({ minute: 1, month: 0 });
  });

  test('takes what others give back before the minute is over', async () => {
    const other = await meter.reserve(account('small'), 55);
    const waiting = meter.reserve(account('small'), 10, { waits: true });
    await expect(meter.reserve(account('small'), 10)).rejects.toMatchObject({ code: 'rate_limited' });
    other.cancel(false);
    expect((await waiting).limits.remaining).toBe(50);
  });

  test('is refused where the month is used up, and for more than a minute’s worth', async () => {
    (await meter.reserve(account('small'), 60)).settle(60_000);
    await expect(meter.reserve(account('small'), 41, { waits: true })).rejects.toMatchObject({ code: 'quota_exceeded' });
    await expect(meter.reserve(account('small'), 61, { waits: true })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('ends when its caller gives up', async () => {
    await meter.reserve(account('small'), 60);
    const controller = new AbortController();
    const waiting = meter.reserve(account('small'), 10, { waits: true, signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});
