// The cache in Redis against real Redis servers of its own, with every fault that a Redis can have.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { redisMissing, RedisServer } from '../../../test/support/redis-server.js';
import { SlowLine } from '../../../test/support/slow-line.js';
import { keyOf, until } from '../testing.js';
import { RedisCache, type RedisCacheOptions } from './redis-cache.js';
import { skipped } from '../../../test/support/skipped.js';

const missing = redisMissing();
const entry = (seed: number) => ({
  vector: Float32Array.from({ length: 384 }, (_, i) => Math.sin(seed * 1000 + i)),
  tokens: seed,
  dropped: 0,
  truncated: false,
});

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

async function redis(password?: string): Promise<RedisServer> {
  const server = await RedisServer.start(password);
  ended.push(() => server.stop());
  return server;
}

/** A cache that waits long, since this machine may be busy: a test that wants a short wait says so. */
function open(url: string, options: Partial<RedisCacheOptions> = {}) {
  const told: string[] = [];
  const tell = (fields: object, message: string) => void told.push(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: () => undefined, info: tell, warn: tell, error: tell };
  const cache = new RedisCache({ url, prefix: 'test:', ttlSeconds: 60, timeoutMs: 2000, log, ...options });
  ended.push(() => cache.close());
  return { cache, told };
}

/** As a request asks that has nothing else to wait for. */
async function get(cache: RedisCache, texts: readonly string[]) {
  const keys = texts.map(keyOf);
  const found = await cache.find(keys)?.soon;
  return keys.map((key) => found?.get(key));
}

const up = (cache: RedisCache) => until(() => cache.isUp, 'Redis is up');
const down = (cache: RedisCache) => until(() => !cache.isUp, 'Redis is down');

/** Keeps an entry, and waits until Redis has one more. */
async function keep(cache: RedisCache, server: RedisServer, text: string, seed: number): Promise<void> {
  const before = await server.client.dbsize();
  cache.set(keyOf(text), entry(seed));
  await until(async () => (await server.client.dbsize()) > before, `${text} is kept`);
}

describe.skipIf(missing)(`the cache in Redis${skipped(missing)}`, () => {
  test('what one server kept another finds, each value under its own key', async () => {
    const server = await redis();
    const [one, other] = [open(server.url).cache, open(server.url).cache];
    await Promise.all([up(one), up(other)]);
    await keep(one, server, 'a text', 1);
    await keep(one, server, 'another text', 2);
    expect(await get(other, ['another text', 'unknown', 'a text'])).toEqual([entry(2), undefined, entry(1)]);
    const names = await server.client.keys('*');
    expect(names.every((name) => name.startsWith('test:embedding:') && !name.includes('text'))).toBe(true);
    const lives = await Promise.all(names.map((name) => server.client.ttl(name)));
    expect(lives.every((seconds) => seconds > 0 && seconds <= 60)).toBe(true);
  });

  test('an entry that a server of an earlier version wrote is found: its name ends with the key as it is', async () => {
    const server = await redis();
    const { cache } = open(server.url);
    await up(cache);
    const written = Buffer.from('AAAAPwAAgL8AAABABAAAAAAAAADPq2ve', 'base64');
    await server.client.set('test:embedding:1:NBL_A2gGlRqxqFbczkHyCF4hYQr1QY9zbH2BQrwoSxo', written);
    expect(await get(cache, ['how are you?'])).toEqual([{ vector: Float32Array.of(0.5, -1, 2), tokens: 4, dropped: 0, truncated: false }]);
  });

  test('garbage, cut values, other types and another text’s value are not believed, and the next value takes their place', async () => {
    const server = await redis();
    const { cache } = open(server.url);
    await up(cache);
    await keep(cache, server, 'one', 1);
    const [name = ''] = await server.client.keys('*');
    const good = (await server.client.getBuffer(name)) ?? Buffer.alloc(0);
    await keep(cache, server, 'two', 2);
    const other = (await server.client.keys('*')).find((found) => found !== name) ?? '';
    const wrong = [
      good.subarray(0, 100),
      Buffer.from('hello'),
      Buffer.alloc(0),
      Buffer.alloc(good.length),
      await server.client.getBuffer(other),
    ];
    for (const value of wrong) {
      await server.client.set(name, value ?? '');
      expect(await get(cache, ['one', 'two'])).toEqual([undefined, entry(2)]);
    }
    await server.client.del(name);
    await server.client.rpush(name, 'a', 'list');
    expect(await get(cache, ['one', 'two'])).toEqual([undefined, entry(2)]);
    expect(cache.isUp).toBe(true);
    await server.client.del(name);
    await keep(cache, server, 'one', 1);
    expect(await get(cache, ['one'])).toEqual([entry(1)]);
    expect(cache.stats()).toMatchObject({ failures: 0, garbage: 5 });
  });

  test('a value takes the place of a list', async () => {
    const server = await redis();
    const { cache } = open(server.url);
    await up(cache);
    await keep(cache, server, 'one', 1);
    const [name = ''] = await server.client.keys('*');
    await server.client.del(name);
    await server.client.rpush(name, 'a', 'list');
    cache.set(keyOf('one'), entry(1));
    await until(async () => (await server.client.type(name)) === 'string', 'the value is kept');
    expect(await get(cache, ['one'])).toEqual([entry(1)]);
  });

  test('away from the start it is said once, and found when it comes', async () => {
    const server = await RedisServer.away();
    ended.push(() => server.stop());
    const { cache, told } = open(server.url);
    await until(() => told.length > 0, 'the log says that Redis is away');
    expect(await get(cache, ['a'])).toEqual([undefined]);
    cache.set(keyOf('a'), entry(1));
    await server.start();
    await up(cache);
    await keep(cache, server, 'a', 1);
    expect(await get(cache, ['a'])).toEqual([entry(1)]);
    expect(told).toEqual([expect.stringContaining('Redis is away'), expect.stringContaining('Redis answers')]);
  });

  test('restarted in the middle of questions, none hangs and it is used again', async () => {
    const server = await redis();
    const { cache } = open(server.url);
    await up(cache);
    await keep(cache, server, 'a', 1);
    server.hang();
    const asked = [get(cache, ['a']), get(cache, ['a', 'b'])];
    await server.stop();
    expect(await Promise.all(asked)).toEqual([[undefined], [undefined, undefined]]);
    await down(cache);
    await server.start();
    await up(cache);
    expect(await get(cache, ['a'])).toEqual([undefined]);
    await keep(cache, server, 'a', 1);
    expect(await get(cache, ['a'])).toEqual([entry(1)]);
  });

  test('hanging, it costs three questions their time, and is asked again when it wakes', async () => {
    const server = await redis();
    const { cache, told } = open(server.url, { timeoutMs: 50 });
    await up(cache);
    server.hang();
    for (let i = 0; i < 20; i++) expect(await get(cache, ['a'])).toEqual([undefined]);
    expect([cache.isUp, cache.stats().failures]).toEqual([false, 3]);
    expect(told.at(-1)).toContain('no answer within 50 ms');
    server.wake();
    await up(cache);
    await keep(cache, server, 'a', 1);
    expect(await get(cache, ['a'])).toEqual([entry(1)]);
  });

  test('hanging for long, it is found again on a new connection', async () => {
    const server = await redis();
    const { cache } = open(server.url, { timeoutMs: 50 });
    await up(cache);
    const connections = async () => Number(/total_connections_received:(\d+)/.exec(await server.client.info('stats'))?.[1]);
    const before = await connections();
    server.hang();
    while (cache.isUp) await get(cache, ['a']);
    // Longer than the silence that a connection is borne for.
    const begun = Date.now();
    await until(() => Date.now() - begun > 4500, 'the connection was given up');
    server.wake();
    await up(cache);
    expect(await connections()).toBeGreaterThan(before);
  });

  test('slow, it is left alone until it is fast', async () => {
    const server = await redis();
    const line = await SlowLine.open(server.port);
    ended.push(() => line.close());
    const { cache } = open(`redis://127.0.0.1:${line.port}`, { timeoutMs: 100 });
    await up(cache);
    await keep(cache, server, 'a', 1);
    line.delay = 300;
    expect(await get(cache, ['a'])).toEqual([undefined]);
    while (cache.isUp) await get(cache, ['a']);
    const { failures } = cache.stats();
    expect(failures).toBe(3);
    await get(cache, ['a']);
    expect(cache.stats().failures).toBe(failures);
    line.delay = 0;
    await up(cache);
    expect(await get(cache, ['a'])).toEqual([entry(1)]);
  });

  test('a late answer is still told, and is no failure for one who had to wait anyway', async () => {
    const server = await redis();
    const line = await SlowLine.open(server.port);
    ended.push(() => line.close());
    const { cache } = open(`redis://127.0.0.1:${line.port}`, { timeoutMs: 1000 });
    await up(cache);
    await keep(cache, server, 'a', 1);
    line.delay = 1300;
    for (const patient of [true, false]) {
      const asked = cache.find([keyOf('a')], patient);
      expect(await asked?.soon).toBeUndefined();
      expect((await asked?.late)?.get(keyOf('a'))).toEqual(entry(1));
      expect(cache.stats().failures).toBe(patient ? 0 : 1);
    }
  });

  test('full, it still answers, is not written to for a while, and then again', async () => {
    const server = await redis();
    const { cache, told } = open(server.url);
    await up(cache);
    await keep(cache, server, 'before', 1);
    await server.client.config('SET', 'maxmemory', '1');
    cache.set(keyOf('refused'), entry(2));
    await until(() => cache.stats().refused > 0, 'Redis refuses');
    expect(told.at(-1)).toContain('OOM');
    expect(cache.isUp).toBe(true);
    expect(await get(cache, ['before', 'refused'])).toEqual([entry(1), undefined]);
    for (let i = 0; i < 100; i++) cache.set(keyOf(`not sent ${i}`), entry(i));
    expect(cache.stats().refused).toBe(1);
    await server.client.config('SET', 'maxmemory', '0');
    await until(async () => {
      cache.set(keyOf('again'), entry(3));
      return (await server.client.dbsize()) > 1;
    }, 'it is written to again');
    expect(await get(cache, ['again'])).toEqual([entry(3)]);
  });

  test('with a password it is used; with a wrong one it is away, and the log shows neither', async () => {
    const server = await redis('correct-horse');
    const right = open(server.url);
    const wrong = open(`redis://:wrong-horse@127.0.0.1:${server.port}`);
    await up(right.cache);
    await until(() => wrong.told.length > 0, 'the log says why');
    expect(wrong.cache.isUp).toBe(false);
    expect(await get(wrong.cache, ['a'])).toEqual([undefined]);
    expect([...right.told, ...wrong.told].join()).not.toMatch(/horse/);
  });

  test('an address where something else listens counts as away', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    ended.push(() => web.close());
    const address = web.address();
    const { cache, told } = open(`redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    await until(() => told.length > 0, 'the log says that Redis is away');
    expect(await get(cache, ['a'])).toEqual([undefined]);
    expect(cache.isUp).toBe(false);
  });

  test('what is on its way when the cache closes still arrives', async () => {
    const server = await redis();
    const { cache } = open(server.url);
    await up(cache);
    for (let i = 0; i < 200; i++) cache.set(keyOf(`text ${i}`), entry(i));
    await cache.close();
    expect(await server.client.dbsize()).toBe(200);
  });
});
