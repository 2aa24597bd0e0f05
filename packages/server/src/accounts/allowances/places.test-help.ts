// Places that count allowances, for tests: each with two sides, empty, with nothing left of it afterwards; and takings and settlements to try.
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisUrl } from '../../../test/support/services.js';
import { VoisinError } from '../../errors.js';
import { Database } from '../postgres/database.js';
import { postgresSchema } from '../stores.test-help.js';
import type { Allowances, MonthSoFar, Settlement, Take } from './allowances.js';
import { MemoryAllowances } from './memory-allowances.js';
import { PostgresCount } from './postgres-count.js';
import { RedisCount } from './redis-count.js';
import { type SharedCount, SharedAllowances } from './shared-allowances.js';

export interface Place {
  readonly one: Allowances;
  /** Another process's view; the same object where there can be only one. */
  readonly two: Allowances;
  remove(): Promise<void>;
}

export const nothingYet: MonthSoFar = async () => 0;
export const quiet = { warn: () => undefined, info: () => undefined };
export const shared = (count: SharedCount, monthSoFar = nothingYet): Allowances => new SharedAllowances({ count, monthSoFar, log: quiet });

export interface Shared extends Place {
  /** As if all that was told had been told eleven minutes earlier. */
  age(): Promise<void>;
}

export interface InRedis extends Shared {
  readonly redis: Redis;
  readonly prefix: string;
  open(): RedisCount;
}

export async function inRedis(monthSoFar: MonthSoFar = nothingYet): Promise<InRedis> {
  const prefix = `voisin-test-${randomBytes(6).toString('hex')}:`;
  const url = await redisUrl();
  const redis = new Redis(url);
  const open = (): RedisCount => new RedisCount({ url, prefix });
  const [one, two] = [shared(open(), monthSoFar), shared(open(), monthSoFar)];
  return {
    one,
    two,
    redis,
    prefix,
    open,
    async age() {
      for (const key of await redis.keys(`${prefix}*:count`)) {
        for (const [name, told] of Object.entries(await redis.hgetall(key))) {
          const aged = told.replace(/\d+$/, (at) => String(Number(at) - 660_000));
          if (name !== 'used') await redis.hset(key, name, aged);
        }
      }
    },
    async remove() {
      await Promise.all([one.close(), two.close()]);
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      await redis.quit();
    },
  };
}

export interface InPostgres extends Shared {
  open(): Promise<PostgresCount>;
}

export async function inPostgres(): Promise<InPostgres> {
  const { url, remove } = await postgresSchema();
  const opened: Database[] = [];
  const open = async (): Promise<PostgresCount> => {
    const database = await Database.open(url);
    opened.push(database);
    return new PostgresCount(database);
  };
  const [one, two] = [shared(await open()), shared(await open())];
  return {
    one,
    two,
    open,
    async age() {
      await opened[0]?.ask('age', "UPDATE voisin_reservations SET told_at = told_at - interval '11 minutes'", []);
    },
    async remove() {
      await Promise.all([one.close(), two.close()]);
      for (const database of opened) await database.close();
      await remove();
    },
  };
}

export async function inMemory(monthSoFar: MonthSoFar = nothingYet): Promise<Place> {
  const own = new MemoryAllowances(monthSoFar);
  return { one: own, two: own, remove: async () => undefined };
}

export const noon = Date.parse('2026-03-15T12:00:00Z');
export const take = (more: Partial<Take> = {}): Take => ({
  userId: 'u1',
  units: 1,
  cost: 1000,
  perMinute: 1000,
  perMonth: 1_000_000,
  month: '2026-03',
  now: noon,
  ...more,
});
export const nothing = (more: Partial<Take> = {}): Take => take({ units: 0, cost: 0, ...more });
export const settle = (more: Partial<Settlement> = {}): Settlement => ({
  userId: 'u1',
  month: '2026-03',
  reserved: 1000,
  spent: 1000,
  units: 0,
  since: noon,
  ...more,
});

export interface Link extends SharedCount {
  /** Nothing arrives. */
  away: boolean;
  /** All arrives, and no answer comes back. */
  deaf: boolean;
}

export function linkTo(count: SharedCount): Link {
  return {
    away: false,
    deaf: false,
    async ask(calls) {
      const gone = new VoisinError('unavailable', 'away');
      if (this.away) throw gone;
      const answers = await count.ask(calls);
      if (this.deaf) throw gone;
      return answers;
    },
    close: () => count.close(),
  };
}
