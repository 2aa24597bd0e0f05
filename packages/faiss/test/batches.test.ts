// A batch finds what its queries find one by one, also where the vectors lie far from the origin or close together.
import { describe, expect, test } from 'vitest';
import { Index, type Metric, normalize } from '../src/index.js';
import { makeSelector, makeVectors } from './vectors.test-help.js';

const n = 600;
const k = 7;
const seed = Math.floor(Math.random() * 2 ** 31);

/** Vectors around a point whose values are `offset`. */
function around(offset: number, spread: number, count: number, dimension: number, own: number): Float32Array {
  return makeVectors(count, dimension, own).map((value) => offset + spread * value);
}

interface Data {
  readonly name: string;
  readonly dimension: number;
  readonly offset: number;
  readonly spread: number;
}

const data: Data[] = [
  { name: 'places in one city', dimension: 2, offset: 48.85, spread: 0.05 },
  { name: 'timestamps', dimension: 4, offset: 1.7e9, spread: 1e5 },
  { name: 'vectors far from the origin', dimension: 32, offset: 1000, spread: 0.1 },
  { name: 'vectors whose length fills no register', dimension: 27, offset: 0, spread: 1 },
];
const factories = ['Flat', 'HNSW8', 'SQ8', 'SQ4', 'SQfp16', 'HNSW8,SQ8', 'IVF16,Flat', 'IVF16,SQ8', 'IVF16,SQ6', 'IVF16,PQ1x4np', 'IVF16,PQ1np', 'PQ1np', 'PCA2,Flat', 'OPQ1,IVF16,PQ1np']; // prettier-ignore

async function built(factory: string, metric: Metric, { dimension, offset, spread }: Data): Promise<Index> {
  const index = await Index.fromFactory(dimension, factory, metric);
  const vectors = around(offset, spread, n, dimension, seed);
  await index.train(vectors);
  await index.add(vectors);
  return index;
}

describe.each(data)('$name', (of) => {
  const queries = around(of.offset, of.spread, 24, of.dimension, seed + 1);
  test.each(factories.flatMap((factory) => (['l2', 'ip'] as const).map((metric) => [factory, metric] as const)))(
    `%s with %s answers a batch as it answers single queries (seed ${seed})`,
    async (factory, metric) => {
      const index = await built(factory, metric, of);
      const selector = index.can.selector ? makeSelector(n, 0.4, seed) : undefined;
      for (const options of [
        { nprobe: 3, efSearch: 20 },
        { nprobe: 3, efSearch: 20, selector },
      ]) {
        const together = await index.search(queries, k, options);
        for (let query = 0; query < 24; query++) {
          const alone = await index.search(queries.subarray(query * of.dimension, (query + 1) * of.dimension), k, options);
          expect(together.labels.slice(query * k, (query + 1) * k)).toEqual(alone.labels);
          expect(together.distances.slice(query * k, (query + 1) * k)).toEqual(alone.distances);
        }
      }
      await index.release();
    },
  );
});

test.each(['Flat', 'IVF16,Flat', 'IVF16,SQ8', 'PCA4,Flat'])('%s finds every stored timestamp by its own values', async (factory) => {
  const vectors = Float32Array.from({ length: 4 * n }, (_, i) => 1.7e9 + 512 * ((Math.floor(i / 4) * (7919 + (i % 4))) % (2 * n)));
  const index = await Index.fromFactory(4, factory);
  await index.train(vectors);
  await index.add(vectors);
  const { labels } = await index.search(vectors, 1, { nprobe: 2 });
  const found = labels.filter((label, row) => label === BigInt(row)).length;
  expect(found / n).toBeGreaterThan(factory === 'Flat' || factory === 'IVF16,Flat' ? 0.999 : 0.95);
  await index.release();
});

test.each([
  ['ones', 1, 1],
  ['denormals', 1e-40, 3e-42],
  ['the largest floats', 3e38, 1e38],
])('rows of %s get the length 1', async (_, a, b) => {
  const row = Float32Array.of(a, b, 0);
  const length = Math.hypot(row[0] ?? 0, row[1] ?? 0);
  const [x, y, z] = normalize(row, 3);
  expect(x).toBeCloseTo((row[0] ?? 0) / length, 6);
  expect(y).toBeCloseTo((row[1] ?? 0) / length, 6);
  expect(z).toBe(0);
});

test.each([
  ['Flat', 0],
  ['SQ8', 1e-4],
  ['HNSW8,SQ8', 1e-4],
  ['IVF16,SQ8', 1e-4],
  ['IVF16,PQ4np', 0.5],
  ['PCA4,SQ8', 1e-3],
  ['SQfp16', 1e-6],
])('%s says how much of a vector it keeps', async (factory, most) => {
  // PCA: all of it lies in four dimensions.
  const vectors = makeVectors(n, 8, seed).map((value, i) => (i % 8 < 4 ? value / 8 : 0));
  const index = await Index.fromFactory(8, factory);
  await index.train(vectors);
  const known = await index.addMeasured(vectors);
  expect(known).toHaveLength(n);
  expect(Math.max(...known)).toBeLessThanOrEqual(most);
  const [far] = await index.addMeasured(Float32Array.of(1e6, 0, 0, 1e6, 0, 0, 0, 1e6));
  if (factory === 'Flat') expect(far).toBe(0);
  else expect(far).toBeGreaterThan(1e6);
  await index.release();
});
