// Both caches in front of a real model: who computes what, and that no fault of Redis changes a vector.
import crypto from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { redisMissing, RedisServer } from '../../test/support/redis-server.js';
import { SlowLine } from '../../test/support/slow-line.js';
import { cacheKey } from './cache/cache-key.js';
import { Embedding } from './embedding.js';
import type { EmbeddingOptions } from './options.js';
import { copyModel, cosine, manyTexts, miniLmName, modelsFolder, readReference, until } from './testing.js';
import { skipped } from '../../test/support/skipped.js';

const missing = redisMissing();
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

let uncached: Embedding;
beforeAll(async () => {
  uncached = await Embedding.open({ modelDirectories: [modelsFolder], cacheEntries: 0 });
});
afterAll(() => uncached.close());

const alone = async (text: string): Promise<Float32Array> => (await uncached.embed([text])).embeddings[0] ?? new Float32Array();

interface Server {
  readonly embedding: Embedding;
  /** Texts that the model has run. */
  inferred: number;
}

async function open(options: EmbeddingOptions = {}): Promise<Server> {
  const server = { inferred: 0 };
  const embedding = await Embedding.open({
    modelDirectories: [modelsFolder],
    onInference: ({ texts }) => (server.inferred += texts),
    ...options,
  });
  ended.push(() => embedding.close());
  return Object.assign(server, { embedding });
}

const atRedis = (redis: RedisServer, timeoutMs = 2000): EmbeddingOptions => ({
  redis: { url: redis.url, prefix: 'test:', ttlSeconds: 600, timeoutMs },
});

async function openAt(redis: RedisServer, options: EmbeddingOptions = {}): Promise<Server> {
  const server = await open({ ...atRedis(redis), ...options });
  await until(() => server.embedding.stats().l2 === 'up', 'Redis is up');
  return server;
}

async function ownRedis(): Promise<RedisServer> {
  const redis = await RedisServer.start();
  ended.push(() => redis.stop());
  return redis;
}

/** Counts the digests that are made from here on. */
function watchDigests(): { readonly count: number } {
  const digest = vi.spyOn(crypto, 'hash');
  syncBuiltinESMExports();
  ended.push(() => {
    digest.mockRestore();
    syncBuiltinESMExports();
  });
  return {
    get count() {
      return digest.mock.calls.length;
    },
  };
}

const kept = (redis: RedisServer, entries: number) => until(async () => (await redis.client.dbsize()) >= entries, `Redis has ${entries}`);

test('of ten texts that memory has three of seven are computed, and each vector stands at its text’s place', async () => {
  const server = await open();
  const texts = manyTexts(10, 6);
  await server.embedding.embed([texts[8] ?? '', texts[1] ?? '', texts[4] ?? '']);
  server.inferred = 0;
  const { embeddings, cached } = await server.embedding.embed(texts);
  expect(server.inferred).toBe(7);
  expect(cached).toEqual(texts.map((_, i) => ([1, 4, 8].includes(i) ? 'l1' : false)));
  for (const [i, text] of texts.entries()) expect(cosine(embeddings[i] ?? [], await alone(text)), text).toBeGreaterThan(0.99999);
  expect(server.embedding.stats()).toMatchObject({ cacheHits: { l1: 3, l2: 0 }, cacheMisses: 10, l2: 'off' });
});

test('a text that stands in a request several times is computed once', async () => {
  const server = await open();
  const { embeddings, cached } = await server.embedding.embed(['twice', 'once', 'twice']);
  expect([server.inferred, cached]).toEqual([2, [false, false, false]]);
  expect(embeddings[2]).toEqual(embeddings[0]);
});

test('a text is known whatever is made of its vector afterwards', async () => {
  const server = await open();
  const whole = await server.embedding.embed(['one text'], { normalize: false });
  const part = await server.embedding.embed(['one text'], { dimensions: 64 });
  expect([part.cached, part.embeddings[0]?.length, server.inferred]).toEqual([['l1'], 64, 1]);
  expect(Math.hypot(...(part.embeddings[0] ?? []))).toBeCloseTo(1, 5);
  expect(cosine(part.embeddings[0] ?? [], whole.embeddings[0]?.subarray(0, 64) ?? [])).toBeCloseTo(1, 6);
});

test('tokens are known as tokens: they are no text that looks like them', async () => {
  const server = await open();
  const ids = [2129, 2000, 25141, 20786];
  const { embeddings, cached } = await server.embedding.embed([ids, ids.join(), 'how to reset password']);
  expect(cached).toEqual([false, false, false]);
  expect(cosine(embeddings[0] ?? [], embeddings[2] ?? [])).toBeCloseTo(1, 5);
  expect(cosine(embeddings[0] ?? [], embeddings[1] ?? [])).toBeLessThan(0.9);
  expect((await server.embedding.embed([ids])).cached).toEqual(['l1']);
});

test('a text that is too long is refused where it must not be cut, known or not', async () => {
  const server = await open();
  const long = 'word '.repeat(300);
  const refused = { code: 'invalid_argument', details: { field: 'texts[1]', position: 1 } };
  const strict = () => server.embedding.embed(['short', long], { truncate: false });
  await expect(strict()).rejects.toMatchObject(refused);
  expect(await server.embedding.embed([long])).toMatchObject({ truncated: [true], cached: [false], droppedTokens: [46] });
  await expect(strict()).rejects.toMatchObject(refused);
  await expect(strict()).rejects.toThrow('texts[1] has at least 300 tokens; the model reads 254');
  expect(await server.embedding.embed([long])).toMatchObject({ truncated: [true], cached: ['l1'], droppedTokens: [46] });
});

describe.skipIf(missing)(`with Redis${skipped(missing)}`, () => {
  test('what one server computed another has from Redis, bit for bit, and from memory the next time', async () => {
    const redis = await ownRedis();
    const [one, other] = [await openAt(redis), await openAt(redis)];
    const texts = manyTexts(10, 6);
    const three = [texts[8] ?? '', texts[1] ?? '', 'word '.repeat(300)];
    const made = await one.embedding.embed(three);
    await kept(redis, 3);
    await other.embedding.embed([texts[5] ?? '']);
    other.inferred = 0;
    const { embeddings, cached } = await other.embedding.embed(texts);
    expect(cached).toEqual(texts.map((_, i) => (i === 5 ? 'l1' : [1, 8].includes(i) ? 'l2' : false)));
    expect(other.inferred).toBe(7);
    expect([embeddings[8], embeddings[1]]).toEqual(made.embeddings.slice(0, 2));
    for (const [i, text] of texts.entries()) expect(cosine(embeddings[i] ?? [], await alone(text)), text).toBeGreaterThan(0.99999);
    const again = await other.embedding.embed(three);
    expect(again.cached).toEqual(['l1', 'l1', 'l2']);
    expect({ ...again, cached: [] }).toEqual({ ...made, cached: [] });
    expect(other.embedding.stats()).toMatchObject({ cacheHits: { l1: 3, l2: 3 }, cacheMisses: 8, l2: 'up' });
  });

  test('a text that many ask for at once is computed once, and kept once', async () => {
    const redis = await ownRedis();
    const server = await openAt(redis);
    const answers = await Promise.all(Array.from({ length: 50 }, () => server.embedding.embed(['wanted by all', 'by all too'])));
    expect(server.inferred).toBe(2);
    for (const { embeddings } of answers) expect(embeddings).toEqual(answers[0]?.embeddings);
    await kept(redis, 2);
    expect(Number(/cmdstat_set:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1])).toBe(2);
  });

  test('a text is digested once on its way through both caches and the model, and Redis has it under that digest', async () => {
    const redis = await ownRedis();
    const server = await openAt(redis);
    const digests = watchDigests();
    expect((await server.embedding.embed(['a new text'])).cached).toEqual([false]);
    await kept(redis, 1);
    expect(digests.count).toBe(1);
    const { hash = '' } = server.embedding.model();
    expect(await redis.client.keys('*')).toEqual([`test:embedding:1:${cacheKey(hash, '', 'a new text')}`]);
  });

  test('without memory, Redis alone serves', async () => {
    const redis = await ownRedis();
    const server = await openAt(redis, { cacheEntries: 0 });
    await server.embedding.embed(['one', 'two']);
    await kept(redis, 2);
    expect(await server.embedding.embed(['two', 'three', 'one'])).toMatchObject({ cached: ['l2', false, 'l2'] });
    expect(server.inferred).toBe(3);
  });

  test('a model that differs in one small file finds nothing of the other’s', async () => {
    const redis = await ownRedis();
    const one = await openAt(redis);
    const made = await one.embedding.embed(['the same text']);
    await kept(redis, 1);
    const { directory, remove } = await copyModel();
    ended.push(remove);
    const twin = await openAt(redis, { modelDirectories: [], models: [{ name: miniLmName, directory }] });
    expect((await twin.embedding.embed(['the same text'])).cached).toEqual(['l2']);
    const pooling = join(directory, '1_Pooling', 'config.json');
    const config = JSON.parse(await readFile(pooling, 'utf8'));
    await writeFile(pooling, JSON.stringify({ ...config, pooling_mode_mean_tokens: false, pooling_mode_cls_token: true }));
    const other = await openAt(redis, { modelDirectories: [], models: [{ name: miniLmName, directory }] });
    const changed = await other.embedding.embed(['the same text']);
    expect(changed.cached).toEqual([false]);
    expect(cosine(changed.embeddings[0] ?? [], made.embeddings[0] ?? [])).toBeLessThan(0.95);
  });

  test('a text that Redis knows late does not wait for the model', async () => {
    const redis = await ownRedis();
    await (await openAt(redis)).embedding.embed(['known']);
    await kept(redis, 1);
    const line = await SlowLine.open(redis.port);
    ended.push(() => line.close());
    const url = `redis://127.0.0.1:${line.port}`;
    const server = await open({ workers: 1, redis: { url, prefix: 'test:', ttlSeconds: 600, timeoutMs: 300 } });
    await until(() => server.embedding.stats().l2 === 'up', 'Redis is up');
    await server.embedding.embed(['the model is loaded now']);
    const [pid = 0] = server.embedding.stats().workers;
    process.kill(pid, 'SIGSTOP');
    try {
      line.delay = 450;
      expect((await server.embedding.embed(['known'])).cached).toEqual(['l2']);
      // Its turn came meanwhile: the model has it, for nobody.
      expect(server.embedding.stats().inFlight).toBe(1);
      expect((await server.embedding.embed(['known'])).cached).toEqual(['l1']);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => server.embedding.stats().inFlight === 0, 'the model is done with it');
  });

  test('a request of a thousand texts is found again whole', async () => {
    const redis = await ownRedis();
    const [one, other] = [await openAt(redis), await openAt(redis)];
    const texts = manyTexts(1000, 1);
    const made = await one.embedding.embed(texts, { priority: 'bulk' });
    await kept(redis, 1000);
    const found = await other.embedding.embed(texts, { priority: 'bulk' });
    expect(new Set(found.cached)).toEqual(new Set(['l2']));
    expect(found.embeddings).toEqual(made.embeddings);
    expect(other.inferred).toBe(0);
  });

  test('Redis killed, started, hanging, filled and scribbled over under load: every vector is right, and it is used again afterwards', async () => {
    const redis = await ownRedis();
    const { texts, vectors } = await readReference();
    // A small memory, so that Redis is asked all the time.
    const server = await openAt(redis, { cacheEntries: 2, ...atRedis(redis, 20) });
    const { embedding } = server;
    let [asked, done] = [0, false];
    const check = async (client: number): Promise<void> => {
      for (let i = client; !done; i += 3) {
        const places = [i % texts.length, (i + 5) % texts.length];
        const { embeddings } = await embedding.embed(places.map((place) => texts[place] ?? ''));
        for (const [at, place] of places.entries()) expect(cosine(embeddings[at] ?? [], vectors[place] ?? [])).toBeGreaterThan(0.9998);
        asked++;
      }
    };
    const clients = [0, 1, 2, 3].map(check);
    const go = async (): Promise<void> => {
      const before = asked;
      await until(() => asked > before + 20, 'answers come');
    };
    const back = () => until(() => embedding.stats().l2 === 'up', 'Redis is used again');
    const away = () => until(() => embedding.stats().l2 === 'down', 'Redis is away');
    try {
      await go();
      await redis.stop();
      await away();
      await go();
      await redis.start();
      await back();
      await go();
      redis.hang();
      await away();
      await go();
      redis.wake();
      await back();
      await redis.client.config('SET', 'maxmemory', '1');
      await go();
      await redis.client.flushall();
      await go();
      await redis.client.config('SET', 'maxmemory', '0');
      await until(async () => (await redis.client.dbsize()) > 0, 'Redis is written to again');
      for (const name of await redis.client.keys('*')) await redis.client.set(name, Buffer.alloc(1548, name));
      const before = embedding.stats().l2Faults.garbage;
      await until(() => embedding.stats().l2Faults.garbage > before, 'garbage is read');
      await go();
      const { l2 } = embedding.stats().cacheHits;
      await until(() => embedding.stats().cacheHits.l2 > l2, 'Redis answers with vectors');
    } finally {
      done = true;
      redis.wake();
    }
    await Promise.all(clients);
    expect(embedding.stats()).toMatchObject({ queued: 0, inFlight: 0, restarts: 0 });
  });
});
