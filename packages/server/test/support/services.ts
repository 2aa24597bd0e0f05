// The Redis and the PostgreSQL of a test file: servers of its own on free ports, or those that TEST_REDIS_URL and TEST_DATABASE_URL name.
// Never what answers on the default ports, which may be somebody's own databases.
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll } from 'vitest';
import { PostgresServer, postgresMissing } from './postgres-server.js';
import { redisMissing, RedisServer } from './redis-server.js';

const given = { redis: process.env['TEST_REDIS_URL'], database: process.env['TEST_DATABASE_URL'] };
let redis: Promise<RedisServer> | undefined;
let postgres: Promise<PostgresServer> | undefined;

afterAll(async () => {
  await (await redis)?.stop();
  await (await postgres)?.remove();
});

/** @returns the address of a Redis, which is started at the first call */
export async function redisUrl(): Promise<string> {
  if (given.redis !== undefined) return given.redis;
  redis ??= RedisServer.start();
  return (await redis).url;
}

/** @returns the address of a database in PostgreSQL, which is started at the first call */
export async function databaseUrl(): Promise<string> {
  if (given.database !== undefined) return given.database;
  postgres ??= PostgresServer.start();
  return (await postgres).url;
}

/** @returns why tests with Redis cannot run; undefined where they can */
export async function redisProblem(): Promise<string | undefined> {
  if (given.redis === undefined) return redisMissing();
  const client = new Redis(given.redis, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  return client.connect().then(
    async () => void (await client.quit()),
    (error: unknown) => `TEST_REDIS_URL: ${String(error)}`,
  );
}

/** @returns why tests with PostgreSQL cannot run; undefined where they can */
export async function postgresProblem(): Promise<string | undefined> {
  if (given.database === undefined) return postgresMissing();
  const client = new Client({ connectionString: given.database, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return `TEST_DATABASE_URL: ${String(error)}`;
  } finally {
    await client.end();
  }
}
