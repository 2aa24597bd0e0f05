// Redis behind the whole server: what callers, probes and Prometheus see of it while it comes and goes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../src/embedding/testing.js';
import { redisMissing, RedisServer } from './support/redis-server.js';
import { startTestServer, type TestServer } from './support/server.js';
import { skipped } from './support/skipped.js';

const missing = redisMissing();

describe('without REDIS_URL', () => {
  it('says that there is no second level', async () => {
    const server = await startTestServer();
    try {
      expect((await server.client.get('/health')).json['l2']).toBe('off');
      const text = (await server.client.get('/metrics')).text;
      expect(text).toContain('fastembed_cache_hits_total{level="l2"} 0');
      expect(text).not.toMatch(/^voisin_cache_l2_up/m);
    } finally {
      await server.close();
    }
  });
});

describe.skipIf(missing)(`with REDIS_URL${skipped(missing)}`, () => {
  let redis: RedisServer;
  let server: TestServer;
  const env = (): Record<string, string> => ({
    REDIS_URL: redis.url,
    REDIS_PREFIX: 'http-test:',
    CACHE_L2_TIMEOUT_MS: '1000',
    CACHE_L2_TTL: '77',
  });
  const l2 = (state: string) => until(async () => (await server.client.get('/health')).json['l2'] === state, `l2 is ${state}`);
  const metric = async (name: string): Promise<number> =>
    Number(
      (await server.client.get('/metrics')).text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );

  beforeAll(async () => {
    redis = await RedisServer.start();
    server = await startTestServer({ env: env() });
    await l2('up');
  });
  afterAll(async () => {
    await server.close();
    await redis.stop();
  });

  it('keeps embeddings for the time that was set, and another server finds them', async () => {
    const text = 'shared by two servers';
    const made = await server.client.post('/v1/embed', { text });
    expect(made.json['cached']).toBe(false);
    await until(async () => (await redis.client.keys('http-test:*')).length > 0, 'Redis has it');
    const [name = ''] = await redis.client.keys('http-test:*');
    expect(await redis.client.ttl(name)).toBeGreaterThan(70);
    const other = await startTestServer({ env: env() });
    try {
      await until(async () => (await other.client.get('/health')).json['l2'] === 'up', 'l2 is up');
      const found = await other.client.post('/v1/embed', { text });
      expect(found.json).toMatchObject({ cached: true, tokens: made.json['tokens'], embedding: made.json.embedding });
      expect((await other.client.get('/metrics')).text).toContain('fastembed_cache_hits_total{level="l2"} 1');
      expect((await other.client.get('/health')).json.cache_info).toMatchObject({ l1_hits: 0, l1_misses: 1, l2_hits: 1 });
    } finally {
      await other.close();
    }
  });

  it('serves on and stays healthy while Redis is away, says so, and comes back to it', async () => {
    expect(await metric('voisin_cache_l2_up')).toBe(1);
    await redis.stop();
    await l2('down');
    const health = await server.client.get('/health');
    expect([health.status, health.json['status'], await metric('voisin_cache_l2_up')]).toEqual([200, 'healthy', 0]);
    const answer = await server.client.post('/v1/embed', { text: 'made without Redis' });
    expect([answer.status, answer.json['cached']]).toEqual([200, false]);
    await redis.start();
    await l2('up');
    expect(await metric('voisin_cache_l2_up')).toBe(1);
    await server.client.post('/v1/embed', { text: 'made with Redis again' });
    await until(async () => (await redis.client.keys('http-test:*')).length > 0, 'Redis is written to again');
  });
});
