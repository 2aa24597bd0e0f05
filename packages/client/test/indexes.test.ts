import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type IndexClient, type NewVector, VoisinClient } from '../src/index.js';
import { startRelay } from './support/relay.js';
import { all } from './support/all.js';
import { startVoisin, type Voisin } from './support/voisin.js';

let server: Voisin;
let voisin: VoisinClient;
let index: IndexClient;
beforeAll(async () => {
  server = await startVoisin();
  voisin = new VoisinClient({ url: server.url });
});
afterAll(() => server.stop());
beforeEach(async () => {
  index = await voisin.createIndex({ name: 'test', dimension: 2, metric: 'l2' });
});

const points = (count: number): NewVector[] =>
  Array.from({ length: count }, (_, i) => ({ id: `p${i}`, values: Float32Array.of(i, 0.1), metadata: { even: i % 2 === 0 } }));

it('makes, lists and deletes indexes', async () => {
  expect(await index.info()).toMatchObject({ id: index.id, name: 'test', dimension: 2, metric: 'l2', vector_count: 0, state: 'ready' });
  const ids = (await all(voisin.listIndexes({ limit: 1 }))).map(({ id }) => id);
  expect(ids).toContain(index.id);
  await voisin.deleteIndex(index.id);
  expect((await all(voisin.listIndexes())).map(({ id }) => id)).not.toContain(index.id);
  await expect(index.info()).rejects.toMatchObject({ code: 'not_found', status: 404 });
});

it('adds vectors in requests of a bearable size, and reports over all of them', async () => {
  const progress: number[] = [];
  const added = await index.add(points(25), { batchSize: 10, onProgress: ({ done }) => progress.push(done) });
  expect(added).toEqual({ success: true, added_count: 25, failed_count: 0, errors: [] });
  expect(progress).toEqual([10, 20, 25]);
  expect(await index.count()).toBe(25);
  expect(await index.stats()).toMatchObject({ vector_count: 25, state: 'ready' });
});

it('names the vectors that were not kept by their place in the call, and goes on', async () => {
  const vectors = points(6).map((vector, i) => (i >= 2 && i <= 4 ? { ...vector, values: [1] } : vector));
  const added = await index.add(vectors, { batchSize: 2 });
  expect([added.success, added.added_count, added.failed_count]).toEqual([false, 3, 3]);
  expect(added.errors).toEqual([2, 3, 4].map((i) => ({ position: i, id: `p${i}`, error: expect.stringMatching(`^vectors\\[${i}\\]`) })));
});

it('lets the last of two vectors with one id win, across requests', async () => {
  await index.add(
    [
      { id: 'x', values: [1, 1] },
      { id: 'y', values: [2, 2] },
      { id: 'x', values: [3, 3] },
    ],
    { batchSize: 1 },
  );
  expect((await index.get('x')).values).toEqual(Float32Array.of(3, 3));
});

it('searches one query or many, with a filter', async () => {
  await index.add(points(10));
  const [nearest] = await index.search([3.2, 0], { k: 1 });
  expect(nearest).toEqual({ id: 'p3', score: expect.any(Number), distance: expect.any(Number), metadata: { even: false } });
  const even = await index.search(Float32Array.of(3.2, 0), { k: 2, filter: { even: true } });
  expect(even.map(({ id }) => id)).toEqual(['p4', 'p2']);
  const lists = await index.searchBatch([Float32Array.of(0, 0), [9, 0]], { k: 1 });
  expect(lists.map((hits) => hits.map(({ id }) => id))).toEqual([['p0'], ['p9']]);
  expect(await index.searchBatch([])).toEqual([]);
});

it('gets, puts, patches and deletes single vectors, whatever their id', async () => {
  const id = 'a/b?c#é %';
  expect(await index.put(id, { values: [0.1, 0.2], metadata: { n: 1, m: 2 } })).toEqual({ id, created: true });
  expect(await index.get(id)).toEqual({ id, values: Float32Array.of(0.1, 0.2), metadata: { n: 1, m: 2 } });
  const patched = await index.patch(id, { values: Float32Array.of(5, 6), metadata: { m: null } });
  expect(patched).toEqual({ id, values: Float32Array.of(5, 6), metadata: { n: 1 } });
  expect(await index.delete([id, 'nobody'])).toBe(1);
  await expect(index.get(id)).rejects.toMatchObject({ code: 'not_found' });
});

it('counts, lists and deletes by filter', async () => {
  await index.add(points(9));
  expect(await index.count({ even: true })).toBe(5);
  expect(await all(index.ids({ limit: 2 }))).toEqual(points(9).map(({ id }) => id));
  expect(await index.delete({ filter: { even: true } })).toBe(5);
  expect(await all(index.ids())).toEqual(['p1', 'p3', 'p5', 'p7']);
});

it('embeds what it stores and what it is asked', async () => {
  const texts = await voisin.createIndex({ name: 'texts', metric: 'cosine', embedding: { model: 'all-MiniLM-L6-v2' } });
  await texts.add([
    { id: 'cat', text: 'The cat sleeps on the sofa.' },
    { id: 'stock', text: 'Stock prices fell sharply on Monday.' },
  ]);
  expect((await texts.search('a kitten takes a nap', { k: 1 }))[0]).toMatchObject({ id: 'cat', text: 'The cat sleeps on the sofa.' });
  const lists = await texts.searchBatch(['a market crash', 'a pet'], { k: 1 });
  expect(lists.map(([hit]) => hit?.id)).toEqual(['stock', 'cat']);
});

it('exports a file and imports it elsewhere', async () => {
  await index.add(points(500));
  const file = await new Response(await index.export()).text();
  const copy = await voisin.createIndex({ name: 'copy', dimension: 2 });
  const reports: number[] = [];
  const done = await copy.import(file, { onProgress: ({ imported }) => reports.push(imported) });
  expect(done).toEqual({ done: true, imported: 500, failed: 0 });
  expect(reports.at(-1)).toBe(500);
  expect((await copy.get('p499')).values).toEqual(Float32Array.of(499, 0.1));
  const rows = await voisin.createIndex({ name: 'rows', dimension: 2 });
  await rows.import(await index.export('npy'), { format: 'npy', id_prefix: 'row-', start: 10 });
  expect((await rows.get('row-509')).values).toEqual(Float32Array.of(499, 0.1));
});

it('says how far an import came that turned out to be broken', async () => {
  const good = Buffer.concat(points(2).map(({ values }) => Buffer.from(Float32Array.of(0, ...(values ?? [])).buffer).fill(0, 0, 0)));
  good.writeInt32LE(2, 0);
  good.writeInt32LE(2, 12);
  await expect(index.import(good.subarray(0, 20), { format: 'fvecs' })).rejects.toMatchObject({
    code: 'invalid_argument',
    details: { imported: expect.any(Number) },
  });
});

it('tells an import whose connection breaks from one that is done', async () => {
  const relay = await startRelay(server.url, () => 'cut');
  try {
    const far = new VoisinClient({ url: relay.url }).index(index.id);
    await expect(far.import('{"id":"a","values":[1,2]}')).rejects.toMatchObject({ code: 'unavailable', status: undefined });
    await expect(far.export()).rejects.toMatchObject({ code: 'unavailable' });
  } finally {
    await relay.stop();
  }
});

it('trains and compacts', async () => {
  await index.add(points(4));
  expect(await index.train()).toMatchObject({ id: index.id, state: 'ready' });
  await index.delete(['p0', 'p1']);
  expect(await index.compact()).toMatchObject({ vector_count: 2 });
});
