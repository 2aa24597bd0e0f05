import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import { cosine, isAlive, manyTexts, miniLmName, modelsFolder, readReference } from './testing.js';

const reference = await readReference();
let embedding: Embedding;
let uncached: Embedding;

beforeAll(async () => {
  embedding = await Embedding.open({ modelDirectories: [modelsFolder] });
  uncached = await Embedding.open({ modelDirectories: [modelsFolder], cacheEntries: 0 });
});
afterAll(() => Promise.all([embedding.close(), uncached.close()]));

const one = async (text: string): Promise<Float32Array> => (await uncached.embed([text])).embeddings[0] ?? new Float32Array(0);
const lengthOf = (vector: Float32Array | undefined): number => Math.hypot(...(vector ?? []));

describe('vectors', () => {
  test('one by one they are those of PyTorch', async () => {
    for (const [i, text] of reference.texts.entries()) {
      expect(cosine(await one(text), reference.vectors[i] ?? []), text.slice(0, 40)).toBeGreaterThan(0.9998);
    }
  });

  test('in one batch, in any order, they are those of PyTorch and stand at their places', async () => {
    const orders = [reference.texts.keys(), [...reference.texts.keys()].toReversed(), [7, 2, 9, 0, 5, 11, 3, 8, 1, 13, 4, 10, 6, 12]];
    for (const order of orders) {
      const positions = [...order];
      const { embeddings, tokens } = await uncached.embed(positions.map((i) => reference.texts[i] ?? ''));
      for (const [at, i] of positions.entries()) {
        expect(cosine(embeddings[at] ?? [], reference.vectors[i] ?? [])).toBeGreaterThan(0.9998);
        expect(tokens[at]).toBe((reference.tokens[i] ?? 0) - 2);
      }
    }
  });

  test('a vector does not depend on the texts beside it', async () => {
    const text = 'What is the capital of France?';
    const alone = await one(text);
    const company = [...manyTexts(20, 3), text, ...manyTexts(10, 12), 'a'];
    const { embeddings } = await uncached.embed(company);
    const differences = alone.map((value, i) => Math.abs(value - (embeddings[20]?.[i] ?? Number.NaN)));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });

  test('they have length 1 unless asked otherwise, from the cache too', async () => {
    const text = 'the length of a vector';
    for (const cached of [false, true]) {
      const raw = await embedding.embed([text], { normalize: false });
      expect(raw.cached).toEqual([cached ? 'l1' : false]);
      expect(Math.abs(lengthOf(raw.embeddings[0]) - 1)).toBeGreaterThan(0.01);
      const unit = await embedding.embed([text]);
      expect(unit.cached).toEqual(['l1']);
      expect(lengthOf(unit.embeddings[0])).toBeCloseTo(1, 5);
      expect(cosine(raw.embeddings[0] ?? [], unit.embeddings[0] ?? [])).toBeCloseTo(1, 6);
    }
  });
});

describe('cache', () => {
  test('tells for each text whether it was known, and infers the others alone', async () => {
    await embedding.embed(['known one', 'known two']);
    const result = await embedding.embed(['new one', 'known two', 'new two', 'known one']);
    expect(result.cached).toEqual([false, 'l1', false, 'l1']);
    expect(cosine(result.embeddings[1] ?? [], await one('known two'))).toBeCloseTo(1, 6);
    expect(cosine(result.embeddings[2] ?? [], await one('new two'))).toBeCloseTo(1, 6);
  });

  test('a caller who writes into a vector changes nobody else’s', async () => {
    const text = 'mine to change';
    const options = { normalize: false };
    const before = (await embedding.embed([text], options)).embeddings[0];
    const kept = before?.slice();
    before?.fill(7);
    const second = (await embedding.embed([text], options)).embeddings[0];
    second?.fill(8);
    expect((await embedding.embed([text], options)).embeddings[0]).toEqual(kept);
  });
});

describe('texts', () => {
  const strange = [
    'hello \u0000\u0001\u001f\u007f\u0085 world',
    'a lone \ud800 surrogate \udfff',
    '\u0001',
    '🚀👨‍👩‍👧‍👦🏳️‍🌈',
    '__proto__ constructor toString hasOwnProperty',
    '[CLS] [SEP] [MASK] [PAD]',
    '\u202e right to left \ufeff',
    'é'.normalize('NFD').repeat(3000),
    'x'.repeat(8192),
    '! '.repeat(4096),
    '你好'.repeat(4096),
    'word '.repeat(1638),
  ];

  test('control characters, lone surrogates, emoji and 8192 characters simply work', async () => {
    const { embeddings, truncated } = await embedding.embed(strange);
    for (const [i, vector] of embeddings.entries()) expect(lengthOf(vector), JSON.stringify(strange[i]?.slice(0, 20))).toBeCloseTo(1, 4);
    expect(truncated.slice(-3)).toEqual([true, true, true]);
  });

  test('emoji count as one character each', async () => {
    await expect(embedding.embed(['🚀'.repeat(8192)])).resolves.toHaveProperty('cached', [false]);
    await expect(embedding.embed(['🚀'.repeat(8193)])).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('a blank or too long text is refused by its position', async () => {
    for (const blank of ['', ' ', '\n\t\u00a0']) {
      await expect(embedding.embed(['fine', blank])).rejects.toMatchObject({ code: 'invalid_argument', details: { field: 'texts[1]' } });
    }
    await expect(embedding.embed(['x'.repeat(8193)])).rejects.toThrow('texts[0] has 8193 characters; at most 8192 are accepted');
  });

  test('a thousand texts keep their order', async () => {
    const texts = manyTexts(1000, 1).map((text, i) => (i % 3 === 0 ? text : `${text} and some more of it`));
    const { embeddings, tokens } = await uncached.embed(texts, { priority: 'bulk' });
    expect(embeddings).toHaveLength(1000);
    expect(tokens).toHaveLength(1000);
    for (const i of [0, 1, 255, 256, 511, 777, 999]) expect(cosine(embeddings[i] ?? [], await one(texts[i] ?? ''))).toBeCloseTo(1, 5);
  });
});

describe('models', () => {
  test('are known by full name and by the last part of it', async () => {
    const info = {
      name: miniLmName,
      shortName: 'all-MiniLM-L6-v2',
      dimension: 384,
      maxTokens: 256,
      precisions: expect.arrayContaining(['fp32']),
      resident: true,
    };
    expect(embedding.models()).toMatchObject([info]);
    expect([embedding.model(), embedding.model('all-MiniLM-L6-v2'), embedding.model(miniLmName)]).toMatchObject([info, info, info]);
    expect((await embedding.embed(['a name'])).model).toBe('all-MiniLM-L6-v2');
    expect((await embedding.embed(['a name'], { model: miniLmName })).model).toBe(miniLmName);
  });

  test('an unknown one is not found, and the error lists what there is', async () => {
    expect(() => embedding.model('nobody/nothing')).toThrow(miniLmName);
    await expect(embedding.embed(['x'], { model: 'MiniLM' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

test('closing leaves no process behind and refuses what comes after', async () => {
  const requiredModels = [miniLmName];
  const short = await Embedding.open({ modelDirectories: [modelsFolder], requiredModels, workers: 2, threadsPerWorker: 1 });
  const answers = Promise.allSettled([short.embed(manyTexts(200, 40)), short.embed(['waiting'])]);
  const pids = short.stats().workers;
  expect(pids).toHaveLength(2);
  await short.close();
  expect(pids.filter(isAlive)).toEqual([]);
  for (const answer of await answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  await expect(short.embed(['late'])).rejects.toMatchObject({ code: 'unavailable' });
});
