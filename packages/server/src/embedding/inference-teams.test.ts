// Processes that change with the load, and texts that run one by one, with real processes.
import { availableParallelism } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { skipped } from '../../test/support/skipped.js';
import { Embedding } from './embedding.js';
import type { EmbeddingOptions } from './options.js';
import { cosine, manyTexts, modelsFolder, readReference, until } from './testing.js';

const several = Math.min(availableParallelism(), 4);
let embedding: Embedding;
afterEach(() => embedding.close());

async function open(options: EmbeddingOptions = {}): Promise<void> {
  embedding = await Embedding.open({ modelDirectories: [modelsFolder], workers: 0, cacheEntries: 0, ...options });
  await embedding.embed(['the model is loaded now']);
}

/** Keeps several texts under way until `enough`. */
async function crowd(enough: () => boolean): Promise<void> {
  const texts = manyTexts(6, 20);
  const ask = async (text: string): Promise<void> => {
    for (let round = 0; !enough(); round++) await embedding.embed([`${text} ${round}`]);
  };
  await Promise.all(texts.map(ask));
}

const oneCore = several < 2 ? 'a machine with one core has one team' : undefined;

test.skipIf(oneCore)(
  `one process serves callers one after another; several start when texts keep coming at the same time${skipped(oneCore)}`,
  async () => {
    await open();
    for (const text of manyTexts(20, 3)) await embedding.embed([text]);
    expect(embedding.stats().workers).toHaveLength(1);
    await crowd(() => embedding.stats().workers.length === several + 1);
    const { texts, vectors } = await readReference();
    const [pid] = embedding.stats().workers.slice(-1);
    const answer = crowd(() => embedding.stats().restarts === 1);
    await until(() => embedding.stats().inFlight > 1, 'several run');
    process.kill(pid ?? 0, 'SIGKILL');
    await answer;
    const { embeddings } = await embedding.embed(texts);
    for (const [i, vector] of vectors.entries()) expect(cosine(embeddings[i] ?? [], vector)).toBeGreaterThan(0.9998);
  },
);

test.skipIf(oneCore)(
  `the processes for a crowd leave when there is none any more, and come back with the next${skipped(oneCore)}`,
  async () => {
    await open({ teamStayMs: 300 });
    const [pid] = embedding.stats().workers;
    await crowd(() => embedding.stats().workers.length === several + 1);
    await until(() => embedding.stats().workers.length === 1, 'the second team left');
    expect(embedding.stats()).toMatchObject({ workers: [pid], restarts: 0 });
    await embedding.embed(['one process serves']);
    await crowd(() => embedding.stats().workers.length === several + 1);
  },
);

test('what waits is shared among the processes that are free', async () => {
  const sizes: number[] = [];
  let loads = 0;
  const nothing = (): void => undefined;
  const log = { debug: nothing, warn: nothing, error: nothing, info: () => loads++ };
  await open({ workers: 2, threadsPerWorker: 1, onInference: ({ texts }) => sizes.push(texts), log });
  await until(() => loads === 2, 'both processes are loaded');
  sizes.length = 0;
  await embedding.embed(manyTexts(12, 6));
  expect(Math.max(...sizes)).toBeLessThan(12);
});
