import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorCodes, VoisinClient, VoisinError } from '../src/index.js';
import { startVoisin, type Voisin } from './support/voisin.js';

let server: Voisin;
let voisin: VoisinClient;
beforeAll(async () => {
  server = await startVoisin({ FAISS_PROXY_API_KEYS: 'k-client:tests' });
  voisin = new VoisinClient({ url: server.url, key: 'k-client' });
});
afterAll(() => server.stop());

const length = (vector: Float32Array): number => Math.hypot(...vector);
const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

it('embeds a text', async () => {
  const first = await voisin.embed('how to reset password');
  expect(first).toEqual({
    embedding: expect.any(Float32Array),
    model: 'all-MiniLM-L6-v2',
    tokens: 4,
    cached: false,
    latency_ms: expect.any(Number),
  });
  expect(first.embedding).toHaveLength(384);
  expect(length(first.embedding)).toBeCloseTo(1, 5);
  expect(await voisin.embed('how to reset password')).toMatchObject({ cached: true, embedding: first.embedding });
});

it('passes on what an embedding is asked with', async () => {
  const plain = await voisin.embed('a longer text to embed', { normalize: false, model: 'sentence-transformers/all-MiniLM-L6-v2' });
  expect(plain.model).toBe('sentence-transformers/all-MiniLM-L6-v2');
  expect(Math.abs(length(plain.embedding) - 1)).toBeGreaterThan(0.01);
  const short = await voisin.embed('a longer text to embed', { dimensions: 16 });
  expect(short.embedding).toHaveLength(16);
  expect(length(short.embedding)).toBeCloseTo(1, 5);
});

it('embeds many texts, each vector at its text’s place', async () => {
  const texts = Array.from({ length: 75 }, (_, i) => `text number ${i % 60} ${'and more '.repeat(i % 7)}`);
  const progress: number[] = [];
  const options = { batchSize: 8, concurrency: 3, onProgress: ({ done }: { done: number }) => progress.push(done) };
  const { embeddings, model, tokens } = await voisin.embedBatch(texts, {}, options);
  expect(embeddings).toHaveLength(75);
  expect(model).toBe('all-MiniLM-L6-v2');
  expect(progress).toHaveLength(10);
  expect(progress.at(-1)).toBe(75);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  let alone = 0;
  for (const [i, text] of texts.entries()) {
    const one = await voisin.embed(text);
    alone += one.tokens;
    expect(cosine(one.embedding, embeddings[i] ?? new Float32Array())).toBeGreaterThan(0.99999);
  }
  expect(tokens).toBeGreaterThanOrEqual(alone);
});

it('passes on what many embeddings are asked with, and tells what was cut', async () => {
  const texts = ['short', 'word '.repeat(400)];
  const { embeddings, truncated } = await voisin.embedBatch(texts, { normalize: false, dimensions: 8 }, { batchSize: 1 });
  expect(embeddings.map(({ length }) => length)).toEqual([8, 8]);
  expect(embeddings.every((vector) => Math.abs(length(vector) - 1) > 0.01)).toBe(true);
  expect(truncated).toEqual([{ index: 1, dropped_tokens: expect.any(Number) }]);
  const whole = voisin.embedBatch(texts, { truncate: false }, { batchSize: 1 });
  await expect(whole).rejects.toMatchObject({ code: 'invalid_argument', details: { field: 'input[1]' } });
  expect(await voisin.embed(texts[1] ?? '')).toMatchObject({ truncated: true, dropped_tokens: expect.any(Number) });
});

it('compares texts, and lists the models', async () => {
  const { similarities } = await voisin.similarity(['a cat', 'a car'], { against: ['a kitten'] });
  const [[cat = 0] = [], [car = 0] = []] = similarities;
  expect(cat).toBeGreaterThan(car);
  expect(await voisin.models()).toContain('sentence-transformers/all-MiniLM-L6-v2');
});

it('splits texts of which a character is several tokens', async () => {
  const korean = '한글은 세종대왕이 만든 글자이다 '.repeat(300).slice(0, 5000);
  const { embeddings, truncated } = await voisin.embedBatch(Array<string>(32).fill(korean));
  expect([embeddings.length, truncated.length]).toEqual([32, 32]);
});

it('asks nothing for no texts', async () => {
  expect(await voisin.embedBatch([])).toEqual({ embeddings: [], model: 'all-MiniLM-L6-v2', tokens: 0, truncated: [] });
});

it('says which text of many was refused', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => (i === 13 ? '' : `text ${i}`));
  const failed = voisin.embedBatch(texts, {}, { batchSize: 10, concurrency: 1 });
  await expect(failed).rejects.toMatchObject({ code: 'invalid_argument', status: 400, details: { field: 'input[13]' } });
  await expect(failed).rejects.toThrow(/^input\[13\]: /);
});

it('throws errors that a program can decide by', async () => {
  await expect(voisin.embed(' ')).rejects.toMatchObject({ code: 'invalid_argument', status: 400, details: { field: 'text' } });
  await expect(voisin.embed('x', { model: 'nobody/nothing' })).rejects.toMatchObject({ code: 'not_found', status: 404 });
  const stranger = new VoisinClient({ url: server.url, key: 'another' });
  const denied: unknown = await stranger.embed('x').catch((error: unknown) => error);
  expect(denied).toBeInstanceOf(VoisinError);
  expect(denied).toMatchObject({ code: 'unauthenticated', status: 401, requestId: expect.stringMatching(/./) });
});

it('knows every code that the server documents', async () => {
  const openapi = await voisin.request({ method: 'GET', path: '/openapi.json' });
  expect(openapi).toMatchObject({
    components: { schemas: { Error: { properties: { error: { properties: { code: { enum: [...errorCodes] } } } } } } },
  });
});

it('ends with the reason of the caller’s signal', async () => {
  const reason = new Error('the user typed on');
  await expect(voisin.embed('x', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const texts = Array.from({ length: 400 }, (_, i) => `an aborted text, number ${i} of many ${'words '.repeat(30)}`);
  const caller = new AbortController();
  const stopped = voisin.embedBatch(texts, {}, { signal: caller.signal, onProgress: () => caller.abort(reason) });
  await expect(stopped).rejects.toBe(reason);
});

it('answers whether the server lives', async () => {
  expect(await voisin.health()).toMatchObject({ status: 'ok', version: expect.any(String) });
});
