// What an HNSW index finds of everything that it keeps.
import { Index } from '@voisin/faiss';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readSnapshot, writeSnapshot } from '../store/snapshot.js';
import { snapshotPath } from './load.js';
import type { ManagedIndex } from './managed-index.js';
import { bruteForce, dimension, fill, names, Random, recall, TestHouse } from './testing.js';
import type { CreateIndex, Metric } from './types.js';

const seed = Number(process.env['SEED'] ?? 20_261_201);

/** The share of ids whose own values find them, asked together and one by one. */
async function selfRecall(index: ManagedIndex, ids: readonly string[], values: Float32Array): Promise<number> {
  const together = await index.search(values, { k: 1 });
  const alone = await Promise.all(
    ids.map(async (_, at) => (await index.search(values.slice(at * dimension, (at + 1) * dimension), { k: 1 }))[0]),
  );
  const found = (lists: readonly (readonly { id: string }[] | undefined)[]): number =>
    ids.filter((id, at) => lists[at]?.[0]?.id === id).length;
  return Math.min(found(together), found(alone)) / ids.length;
}

const cases: Partial<CreateIndex>[] = [
  { index_type: 'HNSW32' },
  { index_type: 'HNSW16', metric: 'cosine' },
  { index_type: 'HNSW16,SQfp16' },
];

describe(`equal vectors (SEED=${seed})`, () => {
  it.each(cases)(
    'hide no others in %j, written at once or under one id, and none after deletions and a compaction',
    async (definition) => {
      const random = new Random(seed);
      await using house = await TestHouse.make();
      const index = await house.make(definition);
      const ids = names(200);
      const values = await fill(index, random, ids);
      const same = random.vectors(1, dimension);
      const write = (own: readonly string[]): Promise<unknown> =>
        index.upsert({ ids: own, values: Float32Array.from(own.flatMap(() => [...same])), metadata: own.map(() => '{}') });
      for (let round = 0; round < 80; round++) await write(['again']);
      expect((await index.search(same, { k: 1 }))[0]?.[0]?.id).toBe('again');
      expect(await selfRecall(index, ids, values)).toBeGreaterThanOrEqual(0.99);
      const copies = names(2000, 1000);
      for (let start = 0; start < copies.length; start += 500) await write(copies.slice(start, start + 500));
      await house.settled(index);
      expect(await selfRecall(index, ids, values)).toBeGreaterThanOrEqual(0.99);
      await index.delete(copies.slice(0, 1500));
      expect(await selfRecall(index, ids, values)).toBeGreaterThanOrEqual(0.99);
      await index.compact();
      expect((await index.stats()).dead_rows).toBe(0);
      expect(await selfRecall(index, ids, values)).toBeGreaterThanOrEqual(0.99);
      const [found = []] = await index.search(same, { k: 501 });
      expect(found.filter(({ id }) => id === 'again' || copies.includes(id)).length).toBe(501);
    },
    60_000,
  );
});

describe(`a graph that was linked by an older version (SEED=${seed})`, () => {
  it('is answered for exactly, and linked anew by itself', async () => {
    const random = new Random(seed);
    await using house = await TestHouse.make();
    const index = await house.make({ index_type: 'HNSW16' });
    const { id } = index.definition;
    const ids = names(300);
    const values = await fill(index, random, ids);
    await house.close();
    await unlink(snapshotPath(house.directoryOf(id)));
    await house.open();
    const reopened = house.get(id);
    expect(await selfRecall(reopened, ids, values)).toBe(1);
    await house.settled(reopened);
    expect(house.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    await house.restart();
    const faiss = await Index.read(snapshotPath(house.directoryOf(id)));
    expect(faiss.isConnected).toBe(true);
    await faiss.release();
    expect(await selfRecall(house.get(id), ids, values)).toBeGreaterThanOrEqual(0.99);
  });
});

/** Takes all links out of a snapshot's graph: whatever FAISS or an older version linked, no walk finds less. */
async function unlink(path: string): Promise<void> {
  const snapshot = await readSnapshot(path);
  if (snapshot === undefined) throw new Error('there is no snapshot');
  const faiss = await Index.read(path);
  const bytes = Buffer.from(await faiss.serialize());
  await faiss.release();
  let at = 4 + 4 + 8 + 8 + 8 + 1 + 4;
  for (const size of [8, 4, 4, 8]) at += 8 + Number(bytes.readBigUInt64LE(at)) * size;
  bytes.fill(0xff, at + 8, at + 8 + Number(bytes.readBigUInt64LE(at)) * 4);
  await writeSnapshot(path, snapshot, snapshot.header, async (to) => {
    await writeFile(to, bytes);
    return bytes.length;
  });
}

describe(`a k above ef_search (SEED=${seed})`, () => {
  it.each(['ip', 'l2', 'cosine'] as const)(
    'finds the nearest by %s among vectors of log-normal lengths',
    async (metric: Metric) => {
      const random = new Random(seed);
      const rows = 2000;
      const values = new Float32Array(rows * dimension);
      for (let row = 0; row < rows; row++) {
        const length = Math.exp(random.normal());
        for (let i = 0; i < dimension; i++) values[row * dimension + i] = random.next() * length;
      }
      await using house = await TestHouse.make();
      const index = await house.make({ index_type: 'HNSW16', metric });
      for (let start = 0; start < rows; start += 500) {
        const ids = names(500, start);
        await index.upsert({
          ids,
          values: values.slice(start * dimension, (start + 500) * dimension),
          metadata: ids.map((_, at) => `{"half":${at % 2}}`),
        });
      }
      const dead = new Set(Array.from({ length: 200 }, () => random.below(rows)));
      await index.delete([...dead].map((row) => `v${row}`));
      const queries = Float32Array.from({ length: 5 * dimension }, () => random.next());
      for (const k of [1, 10, 40, 100, 500, 1500]) {
        const together = await index.search(queries, { k });
        for (const [at, hits] of together.entries()) {
          const query = queries.slice(at * dimension, (at + 1) * dimension);
          const wanted = bruteForce(metric, query, values, k, (row) => !dead.has(row)).map((row) => `v${row}`);
          expect(recall(hits, wanted), `${k} of a batch`).toBeGreaterThanOrEqual(0.95);
          const [alone = []] = await index.search(query, { k });
          expect(recall(alone, wanted), `${k} alone`).toBeGreaterThanOrEqual(0.95);
        }
      }
    },
    60_000,
  );
});
