// A Redis that has lost what it counted, or holds something else.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redisProblem } from '../../../test/support/services.js';
import { skipped } from '../../../test/support/skipped.js';
import { MemoryAllowances } from './memory-allowances.js';
import { type InRedis, inRedis, nothing, quiet, take } from './places.test-help.js';
import { SharedAllowances } from './shared-allowances.js';

const problem = await redisProblem();

describe.skipIf(problem !== undefined)(`the count in Redis${skipped(problem)}`, () => {
  let place: InRedis;
  beforeEach(async () => {
    place = await inRedis(async () => 7000);
  });
  afterEach(() => place.remove());

  test('that remembers nothing begins with what the store knows of the month', async () => {
    const answers = await Promise.all([place.one.take(take()), place.one.take(take()), place.two.take(take())]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(3);
    expect(await place.one.take(nothing())).toMatchObject({ monthUsed: 10_000 });
  });

  test('that is emptied begins with that again, and a server remembers the minute', async () => {
    const own = new MemoryAllowances(async () => 7000);
    const server = new SharedAllowances({ count: place.open(), monthSoFar: async () => 7000, own, log: quiet });
    await server.take(take({ units: 60, perMinute: 60, cost: 60_000 }));
    await place.redis.del(...(await place.redis.keys(`${place.prefix}*`)));
    expect(await server.take(take({ perMinute: 60 }))).toMatchObject({ ok: false, minuteUsed: 60, monthUsed: 67_000 });
    await server.close();
  });

  test('that holds garbage for one account counts that one anew, and no other wrong', async () => {
    for (const userId of ['u1', 'u2']) await place.one.take(take({ userId }));
    for (const key of await place.redis.keys(`${place.prefix}*{u1}*`)) await place.redis.set(key, 'garbage');
    await Promise.all([place.one.take(take()), place.one.take(take({ userId: 'u2' }))]);
    expect(await place.two.take(nothing({ userId: 'u2' }))).toMatchObject({ monthUsed: 9000 });
    const month = (await place.redis.keys(`${place.prefix}*{u2}*count`))[0] ?? '';
    await place.redis.hset(month, 'used', 'garbage');
    expect(await place.one.take(nothing({ userId: 'u2' }))).toMatchObject({ monthUsed: 9000 });
  });
});
