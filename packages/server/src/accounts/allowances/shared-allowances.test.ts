// A count that several servers share, lost for a while: nothing is forgotten, nothing counts twice, and limits hold.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { postgresProblem, redisProblem } from '../../../test/support/services.js';
import { MemoryAllowances } from './memory-allowances.js';
import {
  type InPostgres,
  type InRedis,
  inPostgres,
  inRedis,
  type Link,
  linkTo,
  nothing,
  nothingYet,
  settle,
  shared,
  take,
} from './places.test-help.js';
import { type Call, type SharedCount, SharedAllowances } from './shared-allowances.js';

describe.each([
  ['Redis', async () => inRedis(), await redisProblem()],
  ['PostgreSQL', async () => inPostgres(), await postgresProblem()],
] as const)('a count in %s that is lost for a while', (_name, open, problem) => {
  let place: InRedis | InPostgres;
  let link: Link;
  let clock: number;
  let server: SharedAllowances;
  let told: string[];
  const restart = async (monthSoFar = nothingYet): Promise<SharedAllowances> => {
    link = linkTo(await place.open());
    const tell = (_fields: object, message: string): void => void told.push(message);
    const own = new MemoryAllowances(monthSoFar);
    return new SharedAllowances({ count: link, monthSoFar, own, log: { warn: tell, info: tell }, clock: () => clock });
  };
  beforeEach(async (context) => {
    if (problem !== undefined) context.skip(problem);
    place = await open();
    clock = 0;
    told = [];
    server = await restart();
  });
  afterEach(async () => {
    if (problem !== undefined) return;
    await server.close();
    await place.remove();
  });
  const back = (): void => {
    link.away = link.deaf = false;
    clock += 5000;
  };

  test('this process counts from where that stood, and it learns of it afterwards', async () => {
    const limits = { perMonth: 10_000 };
    await server.take(take({ ...limits, cost: 4000 }));
    link.away = true;
    expect(await server.take(take({ ...limits, cost: 5000 }))).toMatchObject({ ok: true });
    expect(await server.take(take({ ...limits, cost: 2000 }))).toMatchObject({ ok: false });
    expect(server.countsAlone).toBe(true);
    server.settle(settle({ reserved: 5000, spent: 5000 }));
    back();
    expect(await server.take(take({ ...limits, cost: 2000 }))).toMatchObject({ ok: false });
    expect(await server.take(take({ ...limits, cost: 1000 }))).toMatchObject({ ok: true });
    expect(await place.two.take(nothing())).toMatchObject({ monthUsed: 10_000, reserved: 5000 });
    expect(told).toEqual([expect.stringContaining('cannot be reached'), expect.stringContaining('back')]);
  });

  test('counts nothing twice that arrived although no answer came', async () => {
    await server.take(take({ cost: 1000 }));
    server.settle(settle());
    link.deaf = true;
    for (let i = 0; i < 5; i++) {
      const { ok } = await server.take(take({ cost: 2000 }));
      expect(ok).toBe(true);
      server.settle(settle({ reserved: 2000, spent: 1500 }));
      clock += 5000;
    }
    back();
    await server.take(nothing());
    expect(await place.two.take(nothing())).toMatchObject({ monthUsed: 8500, reserved: 0 });
  });

  test('a minute’s limit holds before, meanwhile and afterwards', async () => {
    const limits = { perMinute: 60 };
    await server.take(take({ ...limits, units: 10 }));
    link.away = true;
    await server.take(take({ ...limits, units: 50 }));
    expect(await server.take(take(limits))).toMatchObject({ ok: false });
    back();
    expect(await server.take(take(limits))).toMatchObject({ ok: false, minuteUsed: 60 });
  });

  test('what could not be told before a stop counts after the next start, as the store knows it', async () => {
    await server.take(take({ cost: 5000 }));
    server.settle(settle({ reserved: 5000, spent: 5000 }));
    await server.take(nothing());
    link.away = true;
    await server.take(take({ cost: 45_000 }));
    server.settle(settle({ reserved: 45_000, spent: 45_000 }));
    await server.close();
    server = await restart(async () => 50_000);
    expect(await server.take(take())).toMatchObject({ monthUsed: 51_000 });
  });

  test('what a server that was killed had reserved is free again after a while', async () => {
    const now = Date.now();
    await server.take(take({ now, cost: 7000 }));
    expect(await place.two.take(nothing({ now }))).toMatchObject({ monthUsed: 7000 });
    await place.age();
    expect(await place.two.take(nothing({ now }))).toMatchObject({ monthUsed: 0 });
    // It was not dead after all: it says again what it has.
    server.settle(settle({ reserved: 7000, spent: 7000 }));
    await server.take(nothing({ now }));
    expect(await place.two.take(nothing({ now }))).toMatchObject({ monthUsed: 7000, reserved: 0 });
  });
});

describe('shared allowances', () => {
  const memory = (): SharedCount & { calls: number } => {
    const own = new MemoryAllowances(nothingYet);
    return {
      calls: 0,
      async ask(calls) {
        this.calls++;
        return Promise.all(calls.map(({ takes, ...call }) => Promise.all(takes.map((one) => own.take({ ...call, ...one })))));
      },
      close: async () => undefined,
    };
  };

  test('ask a few times however many come at once', async () => {
    const count = memory();
    const server = shared(count);
    await Promise.all(Array.from({ length: 400 }, () => server.take(take())));
    expect(count.calls).toBeLessThanOrEqual(3);
    await server.close();
  });

  test('without a count of their own take nothing while the shared one is away, and tell it afterwards what was settled', async () => {
    const count = memory();
    const link = linkTo(count);
    const heard: Call[] = [];
    const server = shared({ ask: (calls) => (heard.push(...calls), link.ask(calls)), close: async () => undefined });
    await server.take(take());
    link.away = true;
    server.settle(settle());
    await expect(server.take(take())).rejects.toMatchObject({ code: 'unavailable' });
    link.away = false;
    await server.close();
    expect(heard.at(-1)).toMatchObject({ settled: 1000, reserved: 0, takes: [] });
  });
});
