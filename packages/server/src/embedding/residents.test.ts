// Models that come into memory and leave it, with real processes: the bundled model under several names.
import { cp, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import { ModelRegistry } from './models/model-registry.js';
import { withDefaults, type EmbeddingLog, type EmbeddingOptions } from './options.js';
import { Resident } from './resident.js';
import { Residents } from './residents.js';
import { copyModel, isAlive, manyTexts, miniLm, until } from './testing.js';
import { tinyModel } from './tiny-model.test-help.js';

const models = ['lab/a', 'lab/b', 'lab/c'].map((name) => ({ name, directory: miniLm }));
// The models are one and the same, and so would be their entries in a cache.
const small = { models, threadsPerWorker: 1, cacheEntries: 0 };
let embedding: Embedding;
afterEach(() => embedding.close());

async function open(options: EmbeddingOptions = {}): Promise<void> {
  embedding = await Embedding.open({ ...small, ...options });
}
const ask = (model: string, text = 'a text') => embedding.embed([text], { model });
const resident = (): readonly string[] => embedding.stats().residents.toSorted();

/** A log that counts the loads of models. */
function countLoads(): { readonly log: EmbeddingLog; count: number } {
  const nothing = (): void => undefined;
  const counted = {
    count: 0,
    log: {
      debug: nothing,
      warn: nothing,
      error: nothing,
      info: (_fields: object, message: string) => {
        if (message.includes('has loaded its model')) counted.count++;
      },
    },
  };
  return counted;
}

describe('places in memory', () => {
  test('the longest unused model leaves for the next', async () => {
    await open({ maxCachedModels: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await ask(name);
    expect(resident()).toEqual(['lab/a', 'lab/c']);
    expect(embedding.stats()).toMatchObject({ workers: { length: 2 }, restarts: 0 });
    expect(embedding.models().map((info) => info.resident)).toEqual([true, false, true]);
  });

  test('models that are asked for at one moment all have places', async () => {
    await open({ maxCachedModels: 3 });
    const registry = await ModelRegistry.open({ models });
    const three = await Promise.all(models.map(async ({ name }) => new Resident(await registry.describe(name), 'fp32', withDefaults({}))));
    const residents = new Residents({ places: 2, idleMs: 0, cleanupMs: 60_000 });
    const [first, second, third] = three.map((one) => residents.use(one));
    (await first)?.();
    (await second)?.();
    await third;
    expect(residents.list).toEqual(three.slice(2));
    await residents.close();
  });

  test('a model that is loaded for several requests at once is loaded once', async () => {
    const loads = countLoads();
    await open({ log: loads.log });
    await Promise.all(manyTexts(8, 3).map((text) => ask('a', text)));
    expect(loads.count).toBe(1);
    const { loadSeconds, loadedAt, lastUsedAt, hash } = embedding.model('a');
    expect(loadSeconds).toBeGreaterThan(0);
    expect(lastUsedAt).toBeGreaterThanOrEqual(loadedAt ?? Number.POSITIVE_INFINITY);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a model in use stays until its requests have ended, and then makes room', async () => {
    await open({ maxCachedModels: 1 });
    await ask('a');
    const order: string[] = [];
    const long = embedding.embed(manyTexts(60, 20), { model: 'a' }).then(() => order.push('a'));
    await until(() => embedding.stats().inFlight > 0, 'a runs');
    const other = ask('b').then(() => order.push('b'));
    await Promise.all([long, other]);
    expect(order).toEqual(['a', 'b']);
    expect(resident()).toEqual(['lab/b']);
    expect(embedding.stats().restarts).toBe(0);
  });

  test('models that ask for one place in turn all have it', async () => {
    await open({ maxCachedModels: 1 });
    const answers = await Promise.all(['a', 'b', 'c', 'a', 'b'].map((name) => ask(name)));
    expect(answers.map(({ fullName }) => fullName)).toEqual(['lab/a', 'lab/b', 'lab/c', 'lab/a', 'lab/b']);
    expect(resident()).toHaveLength(1);
  });

  test('a request that ends while it waits for a place leaves at once', async () => {
    await open({ maxCachedModels: 1 });
    await ask('a');
    const long = embedding.embed(manyTexts(60, 20), { model: 'a' });
    await until(() => embedding.stats().inFlight > 0, 'a runs');
    const abort = new AbortController();
    const waiting = embedding.embed(['x'], { model: 'b' }, abort);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(embedding.stats().inFlight).toBeGreaterThan(0);
    await long;
    await expect(ask('b')).resolves.toMatchObject({ fullName: 'lab/b' });
  });

  test('closing refuses who waits for a place and leaves no process', async () => {
    await open({ maxCachedModels: 1 });
    await ask('a');
    const pids = embedding.stats().workers;
    const long = embedding.embed(manyTexts(60, 20), { model: 'a' });
    await until(() => embedding.stats().inFlight > 0, 'a runs');
    const answers = Promise.allSettled([long, ask('b')]);
    await embedding.close();
    expect(pids.filter(isAlive)).toEqual([]);
    for (const answer of await answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  });
});

describe('an unused model', () => {
  test('leaves after its time and comes back when it is asked for', async () => {
    await open({ modelIdleMs: 50, cleanupIntervalMs: 20 });
    await ask('a');
    const [pid] = embedding.stats().workers;
    await until(() => resident().length === 0, 'the model left');
    await until(() => !isAlive(pid ?? 0), 'its process is gone');
    expect(embedding.model('a')).toMatchObject({ resident: false, loadedAt: expect.any(Number), lastUsedAt: expect.any(Number) });
    await expect(ask('a')).resolves.toMatchObject({ cached: [false] });
    expect(embedding.stats().restarts).toBe(0);
  });

  test('is not loaded for what a cache has, unless its files changed', async () => {
    const model = await copyModel();
    await open({ models: [{ name: 'lab/own', directory: model.directory }], cacheEntries: 10, modelIdleMs: 50, cleanupIntervalMs: 20 });
    await ask('own', 'known');
    await until(() => resident().length === 0, 'the model left');
    await expect(ask('own', 'known')).resolves.toMatchObject({ cached: ['l1'] });
    expect(embedding.stats().workers).toEqual([]);
    const config = join(model.directory, 'tokenizer_config.json');
    await writeFile(config, `${await readFile(config, 'utf8')}\n`);
    await expect(ask('own', 'known')).resolves.toMatchObject({ cached: [false] });
    await model.remove();
  });
});

describe('files that are replaced while the model is out of memory count from its next load:', () => {
  const commit = (letter: string): string => letter.repeat(40);
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'voisin-replaced-'));
    const hub = { cache, endpoint: 'http://127.0.0.1:1', token: undefined, download: false, maxBytes: 0 };
    await put('a', 2);
    await open({ models: [], hub, modelIdleMs: 50, cleanupIntervalMs: 20 });
    await expect(vector()).resolves.toHaveLength(2);
    await until(() => resident().length === 0, 'the model left');
  });
  afterEach(() => rm(cache, { recursive: true }));

  const snapshot = (letter: string, file = ''): string => join(cache, 'models--lab--own/snapshots', commit(letter), file);
  async function put(letter: string, width: number): Promise<void> {
    const table = Array.from({ length: 8 }, (_, id) => Array.from({ length: width }, (__, column) => id + column));
    const tiny = await tinyModel({ table }, { '1_Pooling/config.json': { pooling_mode: 'max' } });
    await cp(tiny.directory, snapshot(letter), { recursive: true });
    await tiny.remove();
    await mkdir(join(cache, 'models--lab--own/refs'), { recursive: true });
    await writeFile(join(cache, 'models--lab--own/refs/main'), commit(letter));
  }
  const vector = async (): Promise<number[]> => {
    const { embeddings } = await embedding.embed(['one'], { model: 'own', normalize: false });
    return Array.from(embeddings[0] ?? []);
  };

  test('another pooling', async () => {
    await writeFile(snapshot('a', '1_Pooling/config.json'), JSON.stringify({ pooling_mode: 'lasttoken' }));
    await expect(vector()).resolves.toEqual([3, 4]);
    await until(() => resident().length === 0, 'the model left');
    await writeFile(snapshot('a', '1_Pooling/config.json'), JSON.stringify({ pooling_mode: 'cls' }));
    await expect(vector()).resolves.toEqual([2, 3]);
  });

  test('another place of the ONNX file', async () => {
    await rename(snapshot('a', 'onnx/model.onnx'), snapshot('a', 'model.onnx'));
    await expect(vector()).resolves.toEqual([4, 5]);
  });

  test('another dimension, said wrong and then right', async () => {
    await put('a', 3);
    const config: object = JSON.parse(await readFile(snapshot('a', 'config.json'), 'utf8'));
    await writeFile(snapshot('a', 'config.json'), JSON.stringify({ ...config, hidden_size: 7 }));
    await expect(vector()).rejects.toMatchObject({ code: 'failed_precondition' });
    await writeFile(snapshot('a', 'config.json'), JSON.stringify(config));
    await expect(vector()).resolves.toHaveLength(3);
  });

  test('a newer commit', async () => {
    await put('b', 4);
    await expect(vector()).resolves.toHaveLength(4);
    expect(embedding.model('own').dimension).toBe(4);
  });

  test('none any more, and a new commit after it', async () => {
    await rm(snapshot('a'), { recursive: true });
    await embedding.refresh();
    expect(embedding.models()).toEqual([]);
    await expect(vector()).rejects.toMatchObject({ code: 'not_found' });
    await put('b', 3);
    await expect(vector()).resolves.toHaveLength(3);
  });
});

test('a load that fails is the answer to all who wait for it, and is tried again later', async () => {
  const model = await copyModel();
  const file = join(model.directory, 'onnx/model_compact.onnx');
  const whole = await readFile(file);
  await truncate(file, 1000);
  await open({ models: [{ name: 'lab/cut', directory: model.directory }] });
  for (const answer of await Promise.allSettled([ask('cut'), ask('cut', 'another'), ask('cut', 'third')])) {
    expect(answer).toMatchObject({ reason: { code: 'failed_precondition', message: expect.stringContaining('model_compact.onnx') } });
  }
  expect(embedding.stats().workers).toEqual([]);
  await writeFile(file, whole);
  let answered = false;
  await until(() => {
    ask('cut').then(
      () => (answered = true),
      () => undefined,
    );
    return answered;
  }, 'the mended model answers');
  await model.remove();
});

describe('required models', () => {
  test('are in memory when the room opens', async () => {
    await open({ requiredModels: ['lab/a', 'b'] });
    expect(resident()).toEqual(['lab/a', 'lab/b']);
  });

  test('one that fails stops the opening with its reason', async () => {
    await open();
    await expect(Embedding.open({ ...small, requiredModels: ['a', 'lab/none'] })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('lab/none'),
    });
  });
});

describe('allowed models', () => {
  test('are the only ones that are listed and used, by full name or its last part; the first one is the default', async () => {
    await open({ allowedModels: ['lab/b', 'c'] });
    expect(embedding.models().map(({ name }) => name)).toEqual(['lab/b', 'lab/c']);
    expect(embedding.model().name).toBe('lab/b');
    await expect(ask('c')).resolves.toMatchObject({ fullName: 'lab/c', model: 'c' });
    for (const name of ['a', 'lab/a', 'lab/unknown']) {
      await expect(ask(name)).rejects.toMatchObject({
        code: 'permission_denied',
        message: expect.stringContaining('allowed are: lab/b, c'),
      });
    }
    expect(() => embedding.model('lab/a')).toThrow('is not allowed');
  });
});
