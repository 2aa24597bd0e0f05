// Faults of processes and crowds, with real processes.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import type { EmbeddingOptions } from './options.js';
import { copyModel, cosine, isAlive, manyTexts, modelsFolder, readReference, until } from './testing.js';

let embedding: Embedding;
afterEach(() => embedding.close());

async function open(options: EmbeddingOptions = {}): Promise<Embedding> {
  embedding = await Embedding.open({ modelDirectories: [modelsFolder], ...options });
  await embedding.embed(['the model is loaded now']);
  return embedding;
}

test('a process killed in the middle of a request is replaced, and the request is answered', async () => {
  const { texts, vectors } = await readReference();
  await open();
  const [pid] = embedding.stats().workers;
  const answer = embedding.embed([...texts, ...manyTexts(40, 20)]);
  await until(() => embedding.stats().inFlight > 0, 'a batch runs');
  process.kill(pid ?? 0, 'SIGKILL');
  const { embeddings } = await answer;
  for (const [i, vector] of vectors.entries()) expect(cosine(embeddings[i] ?? [], vector)).toBeGreaterThan(0.9998);
  expect(embedding.stats()).toMatchObject({ restarts: 1, queued: 0, inFlight: 0 });
  expect(embedding.stats().workers).not.toContain(pid);
  await until(() => !isAlive(pid ?? 0), 'the killed process is gone');
});

test('a request whose process is ended twice is refused as unavailable', async () => {
  embedding = await Embedding.open({ modelDirectories: [modelsFolder], runTimeoutMs: 1 });
  const answer = embedding.embed(manyTexts(1, 100));
  await expect(answer).rejects.toMatchObject({ code: 'unavailable', details: { retryAfterSeconds: 5 } });
  expect(embedding.stats().inFlight).toBe(0);
});

test('a process that does not answer in time is ended and replaced', async () => {
  await open({ runTimeoutMs: 300 });
  const [pid] = embedding.stats().workers;
  process.kill(pid ?? 0, 'SIGSTOP');
  await expect(embedding.embed(['the process is stopped'])).resolves.toHaveProperty('cached', [false]);
  expect(isAlive(pid ?? 0)).toBe(false);
});

test('processes go on when the terminal sends its signals to all', async () => {
  await open();
  const [pid] = embedding.stats().workers;
  process.kill(pid ?? 0, 'SIGINT');
  process.kill(pid ?? 0, 'SIGTERM');
  await embedding.embed(['still here']);
  expect(embedding.stats()).toMatchObject({ workers: [pid], restarts: 0 });
});

test('past the queue’s limit a request is refused with the time to come back, and a query still gets in beside bulk', async () => {
  await open({ maxQueuedBulk: 50 });
  const first = embedding.embed(manyTexts(60, 30), { priority: 'bulk' });
  await until(() => embedding.stats().queued > 0, 'texts wait');
  const refused = embedding.embed(['one too many'], { priority: 'bulk' });
  await expect(refused).rejects.toMatchObject({ code: 'unavailable', details: { retryAfterSeconds: expect.any(Number) } });
  await expect(embedding.embed(['a query'])).resolves.toHaveProperty('cached', [false]);
  await expect(first).resolves.toHaveProperty('embeddings.length', 60);
  await expect(embedding.embed(['room again'], { priority: 'bulk' })).resolves.toHaveProperty('cached', [false]);
});

test('a query overtakes bulk that came before it', async () => {
  await open();
  const order: string[] = [];
  const bulk = embedding.embed(manyTexts(40, 20), { priority: 'bulk' }).then(() => order.push('bulk'));
  await until(() => embedding.stats().queued > 0, 'bulk waits');
  await embedding.embed(['a hurried query']).then(() => order.push('query'));
  await bulk;
  expect(order).toEqual(['query', 'bulk']);
});

test('texts of a request that ended are dropped before inference', async () => {
  let ran = 0;
  await open({ onInference: ({ texts }) => (ran += texts) });
  const abort = new AbortController();
  const answer = embedding.embed(manyTexts(250, 40), {}, abort);
  await until(() => embedding.stats().queued > 0, 'texts wait');
  abort.abort();
  await expect(answer).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(embedding.stats().queued).toBe(0);
  await until(() => embedding.stats().inFlight === 0, 'what ran is done');
  expect(ran).toBeLessThan(200);
  await expect(embedding.embed(['x'], {}, abort)).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

test('a text that two requests ask for at once is computed once, and one of them leaving does not hurt the other', async () => {
  const sizes: number[] = [];
  await open({ onInference: ({ texts }) => sizes.push(texts) });
  sizes.length = 0;
  const busy = embedding.embed(manyTexts(1, 100));
  await until(() => embedding.stats().inFlight > 0, 'the process is busy');
  const abort = new AbortController();
  const leaving = embedding.embed(['twice wanted'], {}, abort);
  const staying = embedding.embed(['twice wanted', 'twice wanted']);
  await until(() => embedding.stats().queued === 1, 'one text waits');
  abort.abort();
  await expect(leaving).rejects.toMatchObject({ code: 'deadline_exceeded' });
  const { embeddings } = await staying;
  expect(embeddings[0]).toEqual(embeddings[1]);
  await busy;
  expect(sizes).toEqual([1, 1]);
});

test('two processes share the work, and each text has the vector that it has alone', async () => {
  await open({ workers: 2, threadsPerWorker: 1, cacheEntries: 0 });
  const texts = manyTexts(300, 5);
  const { embeddings } = await embedding.embed(texts);
  const alone: (typeof embeddings)[number][] = [];
  for (const text of texts) alone.push(...(await embedding.embed([text])).embeddings);
  expect(alone).toEqual(embeddings);
  expect(new Set(alone.map((vector) => vector.join())).size).toBe(texts.length);
});

test('a process that is replaced after the files changed works under their new hash, never under the old one', async () => {
  const model = await copyModel();
  embedding = await Embedding.open({ models: [{ name: 'lab/own', directory: model.directory }] });
  const ask = () => embedding.embed(['the same text'], { model: 'own' });
  await ask();
  const { hash } = embedding.model('own');
  let round = 0;
  const config = join(model.directory, 'tokenizer_config.json');
  await writeFile(config, `${await readFile(config, 'utf8')}\n`);
  await expect(ask()).resolves.toMatchObject({ cached: ['l1'] });
  process.kill(embedding.stats().workers[0] ?? 0, 'SIGKILL');
  await until(async () => {
    await embedding
      .embed([`a text ${round++}`], { model: 'own' })
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'unavailable' }));
    return embedding.model('own').hash !== hash;
  }, 'the new files are loaded');
  await expect(ask()).resolves.toMatchObject({ cached: [false] });
  await model.remove();
});
