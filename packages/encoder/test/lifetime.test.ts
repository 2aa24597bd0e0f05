// Encoders come and go, and several live side by side.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { bundled, openEncoder } from './models.test-help.js';
import { random, seed } from './random.test-help.js';

const lengths = Int32Array.of(100, 60, 40);
const ids = random(seed).ids(200, 30_000);

test('an encoder that is dropped ends its threads and gives its memory back', () => {
  const script = fileURLToPath(new URL('./lifetime.child.js', import.meta.url));
  const said = JSON.parse(execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' })) as { megabytes: number };
  expect(said).toMatchObject({ started: 0 + 1 + 2 + 7, left: 0, leftAtLast: 0 });
  // Forty models of 33 MB were open.
  expect(said.megabytes).toBeLessThan(200);
}, 60_000);

test('several encoders compute by turns, each what it computes alone', async () => {
  const encoders = await Promise.all([1, 2, 2, 3].map((threads) => openEncoder(bundled, threads)));
  const [first, ...others] = [1, 2, 3].flatMap(() => encoders.map((encoder) => encoder.run(ids, lengths)));
  for (const other of others) expect(other).toEqual(first);
});

test('workers have encoders of their own beside those of the main thread', async () => {
  const workers = [1, 2].map(() => new Worker(new URL('./worker.child.js', import.meta.url), { workerData: { ids, lengths } }));
  const said = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const here = (await openEncoder(bundled)).run(ids, lengths);
  for (const [vectors] of said) expect(vectors).toEqual(here);
  await Promise.all(workers.map((worker) => worker.terminate()));
});
