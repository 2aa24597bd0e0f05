// Calls on one index: reads side by side, changes alone, in the order of the calls; and nobody waits on the event loop.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Index, type SearchResult } from '../src/index.js';
import { makeVectors } from './vectors.test-help.js';

const dimension = 32;
const vectors = makeVectors(4000, dimension, 1);
const rows = (from: number, to: number): Float32Array => vectors.subarray(from * dimension, to * dimension);

describe.each(['Flat', 'HNSW8', 'IVF8,Flat', 'SQ8'])('%s', (factory) => {
  async function make(count: number): Promise<Index> {
    const index = await Index.fromFactory(dimension, factory);
    await index.train(rows(0, 1000));
    await index.add(rows(0, count));
    return index;
  }

  test('a search sees what was added before its call and nothing of what was added after', async () => {
    const index = await make(0);
    const seen: Promise<SearchResult>[] = [];
    const adds: Promise<void>[] = [];
    for (let i = 0; i < 40; i++) {
      adds.push(index.add(rows(i * 10, i * 10 + 10)));
      for (let j = 0; j < 3; j++) seen.push(index.search(rows(i * 10 + 9, i * 10 + 10), 400, { nprobe: 8, efSearch: 400 }));
    }
    await Promise.all(adds);
    const counts = (await Promise.all(seen)).map(({ labels }) => labels.filter((label) => label >= 0n).length);
    expect(counts).toEqual(counts.map((_, i) => 10 * (Math.floor(i / 3) + 1)));
  });

  test('a change ends after the reads before it and before the reads behind it', async () => {
    const index = await make(2000);
    const ended: string[] = [];
    const note = (name: string) => () => void ended.push(name);
    const calls = [
      index.search(rows(0, 500), 10).then(note('read')),
      index.search(rows(0, 500), 10).then(note('read')),
      index.add(rows(2000, 2001)).then(note('change')),
      index.search(rows(0, 1), 10).then(note('later read')),
      index.search(rows(0, 1), 10).then(note('later read')),
      index.reset().then(note('reset')),
    ];
    await Promise.all(calls);
    expect(ended).toEqual(['read', 'read', 'change', 'later read', 'later read', 'reset']);
  });

  test('the same search gives the same result, alone or in company', async () => {
    const index = await make(3000);
    const alone = await index.search(rows(0, 1), 10);
    const company = await Promise.all(Array.from({ length: 50 }, () => index.search(rows(0, 1), 10)));
    for (const result of company) expect(result).toEqual(alone);
  });

  test('a search on the calling thread gives the same result, and waits for a change that is under way', async () => {
    const index = await make(3000);
    const pooled = await index.search(rows(0, 1), 10);
    await expect(index.search(rows(0, 1), 10, { here: true })).resolves.toEqual(pooled);
    const added = index.add(rows(3000, 3001));
    const { labels } = await index.search(rows(3000, 3001), 1, { here: true, efSearch: 400, nprobe: 8 });
    await added;
    expect(labels).toEqual(BigInt64Array.of(3000n));
  });

  test('release waits for the calls before it and refuses those after', async () => {
    const index = await make(3000);
    const ended: string[] = [];
    const searches = Array.from({ length: 20 }, () => index.search(rows(0, 100), 10).then(() => ended.push('search')));
    const release = index.release().then(() => ended.push('release'));
    await expect(index.search(rows(0, 1), 1)).rejects.toMatchObject({ code: 'ERR_FAISS_RELEASED' });
    await Promise.all([...searches, release, index.release()]);
    expect(ended).toEqual([...Array.from({ length: 20 }, () => 'search'), 'release']);
    expect(index.memoryBytes).toBe(0);
  });
});

/** Turns of the event loop until the work is done. */
async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return turns;
}

test('the event loop turns while an index computes', async () => {
  const index = await Index.fromFactory(dimension, 'HNSW32');
  await expect(turnsDuring(() => index.add(vectors))).resolves.toBeGreaterThan(10);
});

test('the event loop turns between short searches, which the calling thread computes itself', async () => {
  const index = await Index.fromFactory(dimension, 'Flat');
  await index.add(rows(0, 100));
  const pooled = await index.search(rows(0, 1), 5, { here: false });
  const turns = await turnsDuring(async () => {
    for (let i = 0; i < 200; i++) expect(await index.search(rows(0, 1), 5)).toEqual(pooled);
  });
  expect(turns).toBeGreaterThanOrEqual(200);
});

test('short searches that are asked for together are all answered, on two threads', async () => {
  const index = await Index.fromFactory(dimension, 'HNSW8');
  await index.add(rows(0, 2000));
  const alone = await index.search(rows(7, 8), 5, { here: false });
  const ask = async (): Promise<void> => {
    for (let i = 0; i < 300; i++) expect(await index.search(rows(7, 8), 5)).toEqual(alone);
  };
  await Promise.all([ask(), ask(), ask()]);
});

test('an index that is being filled does not hold back the searches on another', async () => {
  const [busy, other] = await Promise.all([Index.fromFactory(dimension, 'HNSW32'), Index.fromFactory(dimension, 'Flat')]);
  await other.add(rows(0, 100));
  let isFilled = false;
  const filling = Promise.all([busy.add(vectors), busy.add(vectors), busy.add(vectors)]).then(() => {
    isFilled = true;
  });
  let before = 0;
  for (let i = 0; i < 20; i++) {
    await other.search(rows(0, 1), 5);
    if (!isFilled) before++;
  }
  await filling;
  expect(before).toBeGreaterThan(0);
});

test('a transferred or shared array is refused or read as it was at the call', async () => {
  const index = await Index.fromFactory(4, 'Flat');
  const shared = new Float32Array(new SharedArrayBuffer(32));
  shared.fill(2);
  const adding = index.add(shared);
  shared.fill(9);
  await adding;
  expect(Array.from(await index.reconstruct(1))).toEqual([2, 2, 2, 2]);
});

const child = (code: string): ReturnType<typeof spawnSync> => {
  const module = fileURLToPath(new URL('../src/index.js', import.meta.url));
  return spawnSync(process.execPath, ['--input-type=module', '-e', `import { Index } from ${JSON.stringify(module)};\n${code}`], {
    encoding: 'utf8',
  });
};

test('a process may end, and a worker thread be ended, in the middle of calls', async () => {
  const busy =
    'const index = await Index.fromFactory(64, "HNSW32"); const v = new Float32Array(64 * 20000).map(Math.random); const add = index.add(v);';
  expect(child(`${busy} setTimeout(() => process.exit(7), 50); await add;`)).toMatchObject({ status: 7, signal: null, stderr: '' });
  expect(child(`${busy} void add; for (let i = 0; i < 9; i++) void index.search(v.slice(0, 64), 3); process.exit(0);`)).toMatchObject({
    status: 0,
    signal: null,
  });
  const module = new URL('../src/index.js', import.meta.url).href;
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(
      `import(${JSON.stringify(module)}).then(async ({ Index }) => {
        const index = await Index.fromFactory(64, 'Flat');
        await index.add(new Float32Array(64 * 5000));
        require('node:worker_threads').parentPort.postMessage('ready');
        for (;;) await Promise.all([1, 1, 100, 100, 100].map((n) => index.search(new Float32Array(64 * n), 5)));
      })`,
      { eval: true },
    );
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
  }
  const index = await Index.fromFactory(dimension, 'Flat');
  await index.add(rows(0, 10));
  expect((await index.search(rows(0, 1), 1)).labels[0]).toBe(0n);
});

test('a process with nothing under way ends by itself', () => {
  const { status, signal } = child(
    'const index = await Index.fromFactory(8, "Flat"); await index.add(new Float32Array(8)); await index.search(new Float32Array(8), 1);',
  );
  expect({ status, signal }).toEqual({ status: 0, signal: null });
});
