// Models in two precisions: the bundled one, and a copy of it without its int8 file.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import { copyModel, manyTexts, miniLm, until } from './testing.js';

let model: Awaited<ReturnType<typeof copyModel>>;
let embedding: Embedding;
const runs: number[] = [];

beforeAll(async () => {
  model = await copyModel();
  await rm(join(model.directory, 'onnx/model_int8.onnx'));
  const models = [
    { name: 'lab/both', directory: miniLm },
    { name: 'lab/fp32', directory: model.directory },
  ];
  embedding = await Embedding.open({ models, threadsPerWorker: 1, cacheEntries: 0, onInference: ({ texts }) => runs.push(texts) });
});
afterAll(async () => {
  await embedding.close();
  await model.remove();
});

const texts = [...manyTexts(5, 6), ...manyTexts(5, 2), 'a', 'one text that is somewhat longer than the texts around it'];

test('int8 vectors are the same to the last bit alone and in company', async () => {
  const int8 = { model: 'both', precision: 'int8' } as const;
  const alone = [];
  for (const text of texts) alone.push((await embedding.embed([text], int8)).embeddings[0]);
  runs.length = 0;
  const { embeddings } = await embedding.embed(texts, int8);
  expect(embeddings).toEqual(alone);
  // Several texts travel to the process together all the same.
  expect(Math.max(...runs)).toBeGreaterThan(1);
});

test('each precision is in memory for itself', async () => {
  await Promise.all([embedding.embed(['x'], { model: 'both' }), embedding.embed(['x'], { model: 'both', precision: 'int8' })]);
  expect(embedding.stats().workers).toHaveLength(2);
  expect(embedding.stats().residents).toEqual(['lab/both']);
  expect(embedding.model('both')).toMatchObject({ precisions: ['fp32', 'int8'], resident: true });
});

test('a precision that the model’s files do not offer is refused, naming what they offer', async () => {
  await expect(embedding.embed(['x'], { model: 'fp32', precision: 'int8' })).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('lab/fp32 has no int8 file; there is fp32'),
    details: { field: 'precision' },
  });
});

test('a request that ends while its model is loaded leaves at once, and the load serves the next', async () => {
  const models = [{ name: 'lab/slow', directory: miniLm }];
  const slow = await Embedding.open({ models, threadsPerWorker: 1 });
  const abort = new AbortController();
  const answer = slow.embed(['x'], { model: 'slow' }, abort);
  const refused = expect(answer).rejects.toMatchObject({ code: 'deadline_exceeded' });
  await until(() => slow.stats().workers.length > 0, 'the load began');
  abort.abort();
  await refused;
  expect(slow.model('slow').resident).toBe(false);
  await expect(slow.embed(['x'], { model: 'slow' })).resolves.toMatchObject({ fullName: 'lab/slow' });
  expect(slow.stats()).toMatchObject({ restarts: 0, workers: { length: 1 } });
  await slow.close();
});
