// Accounts with servers in processes of their own: several that share one PostgreSQL or one Redis, and what is left when one is killed.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresSchema } from '../src/accounts/stores.test-help.js';
import { until } from '../src/embedding/testing.js';
import { HttpClient, type Response } from './support/http-client.js';
import { PostgresServer, postgresMissing } from './support/postgres-server.js';
import { redisMissing, RedisServer } from './support/redis-server.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';
import { runCommand } from './support/command.js';
import { postgresProblem } from './support/services.js';
import { skipped } from './support/skipped.js';

let folder: string;
let ended: (() => unknown)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-'));
  ended = [() => rm(folder, { recursive: true, force: true })];
  await writeFile(
    join(folder, 'tiers.yaml'),
    'minute: {per_month: 100000, per_minute: 60}\nmonth: {per_month: 60, per_minute: 100000}\nbig: {per_month: 1000000, per_minute: 100000}\n',
  );
});
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

const tiers = (): Record<string, string> => ({ TIERS_FILE: join(folder, 'tiers.yaml') });

async function serve(name: string, env: Record<string, string>): Promise<ServerProcess> {
  const server = await startServerProcess({ dataDir: join(folder, name), env: { ...tiers(), ...env } });
  ended.push(() => (server.child.exitCode === null && server.child.signalCode === null ? server.kill() : undefined));
  return server;
}

function as({ url }: ServerProcess, key: string): HttpClient {
  const client = new HttpClient(url, { authorization: `Bearer ${key}` });
  ended.push(() => client.close());
  return client;
}

/** Made by the command line, as an operator makes one. */
async function makeUser(email: string, tier: string, env: Record<string, string>, dataDir: string): Promise<{ key: string; id: string }> {
  const { out, code, err } = await runCommand(['users', 'create', email, '--tier', tier, '--json', '--data-dir', dataDir], {
    ...tiers(),
    ...env,
  });
  expect([code, err]).toEqual([0, '']);
  const made: unknown = JSON.parse(out);
  return { key: text(made, 'key'), id: text(made, 'user', 'id') };
}

function text(value: unknown, ...path: string[]): string {
  let at: unknown = value;
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  return String(at);
}

const served = (answers: readonly Response[]): number => answers.filter(({ status }) => status === 200).length;
const totalOf = async (client: HttpClient, name: 'requests' | 'embeddings'): Promise<number> => {
  const rows: unknown = (await client.get('/v1/usage')).json['usage'];
  return Array.isArray(rows) ? rows.reduce((sum: number, row: unknown) => sum + Number(text(row, name)), 0) : 0;
};

/** 200 at once, half to each of two servers, in each of the two tiers: 60 have room. */
async function expectExact(servers: readonly ServerProcess[], keys: Readonly<Record<'minute' | 'month', string>>): Promise<void> {
  for (const tier of ['minute', 'month'] as const) {
    const clients = servers.map((server) => as(server, keys[tier]));
    const answers = await Promise.all([...Array(200).keys()].map((i) => clients[i % 2]?.post('/v1/embed', { text: `${tier} ${i}` })));
    const all = answers.filter((answer) => answer !== undefined);
    expect([tier, served(all), all.filter(({ status }) => status === 429).length]).toEqual([tier, 60, 140]);
    const after = await Promise.all(clients.map((client) => client.post('/v1/embed', { text: 'one more' })));
    expect(after.map(({ status }) => status)).toEqual([429, 429]);
  }
}

const noPostgres = await postgresProblem();
const noOwnPostgres = postgresMissing();
const noRedis = redisMissing();

describe.skipIf(noPostgres !== undefined)(`two servers on one PostgreSQL${skipped(noPostgres)}`, () => {
  let env: Record<string, string>;
  beforeEach(async () => {
    const { url, remove } = await postgresSchema();
    env = { DATABASE_URL: url };
    ended.push(remove);
  });

  it('share quotas to the last embedding', async () => {
    const keys = {
      minute: (await makeUser('minute@example.com', 'minute', env, folder)).key,
      month: (await makeUser('month@example.com', 'month', env, folder)).key,
    };
    await expectExact(await Promise.all([serve('a', env), serve('b', env)]), keys);
  });

  it('notice the first account that the other makes, also where every caller comes through a proxy', async () => {
    const [a, b] = await Promise.all([serve('a', env), serve('b', env)]);
    const { json } = await as(a, '').post('/v1/users', { email: 'admin@example.com' });
    const client = as(b, text(json, 'key'));
    await until(async () => {
      const { status } = await client.get('/v1/account', undefined, { host: 'api.example.com' });
      return status === 200;
    }, 'the name of the proxy is as good as any');
  });

  it('know keys of one another at once, and refuse what one of them revoked, however busy it is', async () => {
    const { key } = await makeUser('admin@example.com', 'big', env, folder);
    const [a, b] = await Promise.all([serve('a', env), serve('b', env)]);
    const made = (await as(a, key).post('/v1/keys', {})).json;
    const clients = [as(a, text(made, 'key')), as(b, text(made, 'key'))];
    const statuses = async (): Promise<number[]> => Promise.all(clients.map(async (client) => (await client.get('/v1/account')).status));
    expect(await statuses()).toEqual([200, 200]);
    // It stays remembered for as long as it is used.
    let refused = false;
    const using = (async () => {
      while (!refused) refused = (await clients[1]?.get('/v1/index'))?.status === 401;
    })();
    const { code } = await runCommand(['keys', 'revoke', text(made, 'id')], { ...tiers(), ...env });
    expect(code).toBe(0);
    await using;
    await until(async () => (await statuses()).every((status) => status === 401), 'both refuse');
  });
});

describe.skipIf(noRedis !== undefined)(`two servers on one Redis${skipped(noRedis)}`, () => {
  it('that know the same keys share quotas to the last embedding', async () => {
    const redis = await RedisServer.start();
    ended.push(() => redis.stop());
    const data = join(folder, 'a');
    const keys = {
      minute: (await makeUser('minute@example.com', 'minute', {}, data)).key,
      month: (await makeUser('month@example.com', 'month', {}, data)).key,
    };
    await cp(data, join(folder, 'b'), { recursive: true });
    const env = { REDIS_URL: redis.url };
    await expectExact(await Promise.all([serve('a', env), serve('b', env)]), keys);
  });

  it('count what was used while it hung once, and not what lay in its socket again', async () => {
    const redis = await RedisServer.start();
    ended.push(() => redis.stop());
    const { key } = await makeUser('a@example.com', 'big', {}, join(folder, 'a'));
    const client = as(await serve('a', { REDIS_URL: redis.url }), key);
    const embedAtOnce = async (count: number): Promise<number> =>
      served(await Promise.all(Array.from({ length: count }, (_, i) => client.post('/v1/embed', { text: `${answered} ${i}` }))));
    let answered = 0;
    answered += await embedAtOnce(5);
    redis.hang();
    answered += await embedAtOnce(20);
    answered += await embedAtOnce(20);
    redis.wake();
    await until(async () => {
      answered += await embedAtOnce(1);
      return (await client.get('/metrics')).text.includes('voisin_quota_counted_alone 0');
    }, 'the shared count is back');
    await until(async () => Number(text((await client.get('/v1/account')).json, 'month', 'used')) === answered, 'all is counted');
  });
});

describe('usage', () => {
  const embedMany = async (client: HttpClient, count: number): Promise<number> =>
    served(await Promise.all([...Array(count).keys()].map((i) => client.post('/v1/embed', { text: `text ${i}` }))));

  it('of what was answered right before a SIGTERM is all there', async () => {
    const { key } = await makeUser('a@example.com', 'big', {}, join(folder, 'a'));
    const first = await serve('a', {});
    const answered = await embedMany(as(first, key), 30);
    expect(await first.stop()).toBe(0);
    expect(await totalOf(as(await serve('a', {}), key), 'embeddings')).toBe(answered);
  });

  it('that is a second old outlives a SIGKILL', async () => {
    const { key } = await makeUser('a@example.com', 'big', {}, join(folder, 'a'));
    const first = await serve('a', {});
    const answered = await embedMany(as(first, key), 30);
    // What is older than a second is promised.
    await pause(1000);
    await first.kill();
    const again = as(await serve('a', {}), key);
    expect(await totalOf(again, 'embeddings')).toBe(answered);
    expect(Number(text((await again.get('/v1/account')).json, 'month', 'used'))).toBe(answered);
  });
});

describe.skipIf(noOwnPostgres !== undefined)(`PostgreSQL stopped and started under load${skipped(noOwnPostgres)}`, () => {
  it.each([['0'], ['60']])('loses no usage, no key and no request that was answered (grace of %s s)', async (grace) => {
    const postgres = await PostgresServer.start();
    ended.push(() => postgres.remove());
    const env = { DATABASE_URL: postgres.url, ACCOUNTS_GRACE_SECONDS: grace };
    const { key } = await makeUser('a@example.com', 'big', env, folder);
    const server = await serve('a', env);
    const client = as(server, key);
    const statuses = new Map<number, number>();
    let embedded = 0;
    let stop = false;
    const load = Promise.all(
      [...Array(4).keys()].map(async (worker) => {
        for (let i = 0; !stop; i++) {
          const answer = await client.post('/v1/embed', { text: `worker ${worker} text ${i % 50}` });
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status === 200) embedded++;
          else expect(answer.headers['retry-after']).toBeDefined();
          if (answer.status === 200 && answer.json.embedding.length !== 384) throw new Error('not a vector');
        }
      }),
    );
    const counted = (status: number): number => statuses.get(status) ?? 0;
    await until(() => counted(200) > 20, 'the load runs');
    for (let round = 0; round < 2; round++) {
      await postgres.stop();
      const before = counted(200);
      if (grace === '0') await until(() => counted(503) > 5 * (round + 1), 'requests are refused');
      else await until(() => counted(200) > before + 50, 'requests are served without PostgreSQL');
      await postgres.start();
      const after = counted(200);
      await until(() => counted(200) > after + 20, 'requests are served again');
    }
    stop = true;
    await load;
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    if (grace === '60') expect(counted(503)).toBe(0);
    // What waits to be written is written by itself.
    await until(async () => (await totalOf(client, 'embeddings')) === embedded, 'all usage is there');
    expect(await server.stop()).toBe(0);
  });

  it('usage that PostgreSQL never saw is written by the next start', async () => {
    const postgres = await PostgresServer.start();
    ended.push(() => postgres.remove());
    const env = { DATABASE_URL: postgres.url, ACCOUNTS_GRACE_SECONDS: '60' };
    const { key } = await makeUser('a@example.com', 'big', env, folder);
    for (const end of ['SIGTERM', 'SIGKILL'] as const) {
      const server = await serve('a', env);
      const client = as(server, key);
      const before = await totalOf(client, 'requests');
      await postgres.stop();
      const answers = await Promise.all([...Array(20).keys()].map((i) => client.post('/v1/embed', { text: `${end} ${i}` })));
      expect(served(answers)).toBe(20);
      if (end === 'SIGTERM') expect(await server.stop()).toBe(0);
      else {
        await pause(1000);
        await server.kill();
      }
      await postgres.start();
      const again = await serve('a', env);
      expect(await totalOf(as(again, key), 'requests')).toBe(before + 20);
      await again.stop();
    }
  });
});
