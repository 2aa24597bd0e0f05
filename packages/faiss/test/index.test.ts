// What an index answers, class by class.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  Index,
  IndexFlatIP,
  IndexFlatL2,
  IndexHNSWFlat,
  IndexIVFFlat,
  IndexIVFPQ,
  IndexPQ,
  IndexScalarQuantizer,
  knn,
  normalize,
  threads,
} from '../src/index.js';
import { isSelected, makeSelector, makeVectors } from './vectors.test-help.js';

const dimension = 24;
const n = 1000;
const vectors = makeVectors(n, dimension, 5);
const row = (i: number): Float32Array => vectors.slice(i * dimension, (i + 1) * dimension);

/** The k nearest by comparing with all, in double precision. */
function bruteForce(query: Float32Array, k: number, metric: 'l2' | 'ip', keep: (i: number) => boolean): bigint[] {
  const keys = Array.from({ length: n }, (_, i): [number, number] => {
    let key = 0;
    for (let j = 0; j < dimension; j++) {
      const [a, b] = [query[j] ?? 0, vectors[i * dimension + j] ?? 0];
      key += metric === 'l2' ? (a - b) ** 2 : -a * b;
    }
    return [key, i];
  });
  return keys.filter(([, i]) => keep(i)).toSorted(([a], [b]) => a - b).slice(0, k).map(([, i]) => BigInt(i)); // prettier-ignore
}

describe.each(['Flat', 'HNSW16'])('exact search of %s', (factory) => {
  test.each(['l2', 'ip'] as const)('finds the nearest selected vectors with %s', async (metric) => {
    const index = await Index.fromFactory(dimension, factory, metric);
    await index.add(vectors);
    for (const kept of [0, 0.003, 0.3, 1]) {
      const selector = makeSelector(n, kept, 7);
      for (const query of [row(3), row(500)]) {
        const { labels, distances } = await index.search(query, 20, { exact: true, selector });
        const expected = bruteForce(query, 20, metric, (i) => isSelected(selector, i));
        expect(Array.from(labels).filter((label) => label >= 0n)).toEqual(expected);
        const sorted = distances.slice(0, expected.length).toSorted();
        expect(Array.from(distances.slice(0, expected.length))).toEqual(Array.from(metric === 'l2' ? sorted : sorted.toReversed()));
      }
    }
  });

  test('finds everything within a radius, in the order of labels', async () => {
    const index = await Index.fromFactory(dimension, factory);
    await index.add(vectors);
    const selector = makeSelector(n, 0.5, 8);
    const { distances } = await index.search(row(0), 30, { exact: true, selector });
    const radius = distances[29] ?? 0;
    const found = await index.rangeSearch(new Float32Array([...row(0), ...row(1)]), radius, { exact: true, selector });
    expect(Array.from(found.labels.subarray(0, Number(found.lims[1])))).toEqual(
      bruteForce(row(0), 29, 'l2', (i) => isSelected(selector, i)).toSorted((a, b) => Number(a - b)),
    );
    expect(Number(found.lims[2])).toBe(found.labels.length);
  });

  test('prefers the lower label among equals', async () => {
    const index = await Index.fromFactory(2, factory);
    await index.add(new Float32Array(2 * 300).fill(1));
    const { labels } = await index.search(Float32Array.of(1, 1), 5, { exact: true });
    expect(Array.from(labels)).toEqual([0n, 1n, 2n, 3n, 4n]);
  });
});

test('positions past the end of a selector take no part', async () => {
  for (const factory of ['Flat', 'HNSW8', 'SQ8', 'IVF1,Flat', 'IVF1,SQ8']) {
    const index = await Index.fromFactory(dimension, factory);
    await index.train(vectors);
    await index.add(vectors);
    const search = async (selector: Uint8Array): Promise<number[]> =>
      Array.from(
        (await index.search(row(900), n, { selector, efSearch: n })).labels.filter((label) => label >= 0n),
        Number,
      ).toSorted((a, b) => a - b);
    expect(await search(new Uint8Array(0))).toEqual([]);
    expect(await search(Uint8Array.of(0b101))).toEqual([0, 2]);
  }
});

test('an exact search is refused where the vectors are not kept, and a selector where FAISS knows none', async () => {
  const quantized = await Index.fromFactory(dimension, 'SQ8');
  await quantized.train(vectors);
  await quantized.add(vectors);
  expect(quantized.hasFlatStorage).toBe(false);
  await expect(quantized.search(row(0), 1, { exact: true })).rejects.toMatchObject({ code: 'ERR_FAISS_UNSUPPORTED' });
  const mapped = await Index.fromFactory(dimension, 'IDMap,Flat');
  await mapped.addWithIds(row(0), BigInt64Array.of(2n ** 60n));
  expect(mapped.can).toEqual({ selector: false, rangeSearch: true, remove: true });
  await expect(mapped.search(row(0), 1, { selector: new Uint8Array(1) })).rejects.toMatchObject({ code: 'ERR_FAISS_UNSUPPORTED' });
  expect((await mapped.search(row(0), 1)).labels).toEqual(BigInt64Array.of(2n ** 60n));
});

test('an empty index, and a k over what there is, give labels of -1', async () => {
  for (const factory of ['Flat', 'HNSW8']) {
    const index = await Index.fromFactory(dimension, factory);
    expect((await index.search(row(0), 3)).labels).toEqual(BigInt64Array.of(-1n, -1n, -1n));
    await index.add(row(0));
    expect((await index.search(row(0), 3)).labels).toEqual(BigInt64Array.of(0n, -1n, -1n));
    expect((await index.search(new Float32Array(0), 3)).labels.length).toBe(0);
  }
});

test('vectors come back, are removed and moved up, and ids of lists stay', async () => {
  const flat = await IndexFlatL2(dimension);
  await flat.add(vectors);
  expect(await flat.reconstruct(17n)).toEqual(row(17));
  expect((await flat.reconstructN(5, 3)).length).toBe(3 * dimension);
  expect(await flat.removeIds(BigInt64Array.of(3n, 3n, 5000n))).toBe(1);
  expect(await flat.reconstruct(3)).toEqual(row(4));
  await expect(flat.reconstruct(n - 1)).rejects.toMatchObject({ code: 'ERR_FAISS_NOT_FOUND' });

  const lists = await IndexIVFFlat(dimension, 8);
  await lists.train(vectors);
  await lists.addWithIds(
    vectors,
    BigInt64Array.from({ length: n }, (_, i) => BigInt(i + 7000)),
  );
  expect(await lists.reconstruct(7017)).toEqual(row(17));
  expect(await lists.removeIds(BigInt64Array.of(7017n))).toBe(1);
  await expect(lists.reconstruct(7017)).rejects.toMatchObject({ code: 'ERR_FAISS_NOT_FOUND' });
  expect(lists.ntotal).toBe(n - 1);
});

test('a value that is not finite is refused with its vector and place, and nothing is added', async () => {
  const index = await IndexFlatIP(dimension);
  const bad = vectors.slice();
  bad[700 * dimension + 5] = Infinity;
  await expect(index.add(bad)).rejects.toThrow('vector 700 has a value that is not finite, at 5');
  expect(index.ntotal).toBe(0);
});

test('training says what is missing', async () => {
  const index = await IndexIVFPQ(dimension, 4, 6, 8);
  expect(index.isTrained).toBe(false);
  await expect(index.add(row(0))).rejects.toMatchObject({ code: 'ERR_FAISS_UNTRAINED' });
  await expect(index.train(vectors.slice(0, 255 * dimension))).rejects.toThrow('needs at least 256 vectors to train, not 255');
  await index.train(vectors.slice(0, 256 * dimension));
  expect(index.isTrained).toBe(true);
});

test('the efSearch that was set is what a call without one uses, and what the bytes carry', async () => {
  const index = await IndexHNSWFlat(dimension, 4);
  await index.add(vectors);
  const search = async (of: Index, efSearch?: number): Promise<bigint[]> => Array.from((await of.search(vectors, 10, { efSearch })).labels);
  const [narrow, wide] = [await search(index, 10), await search(index, 300)];
  expect(narrow).not.toEqual(wide);
  expect(await search(index)).toEqual(await search(index, 64));
  await index.setParameter('efSearch', 10);
  expect(await search(index)).toEqual(narrow);
  expect(await search(index, 300)).toEqual(wide);
  expect(await search(await Index.deserialize(await index.serialize()))).toEqual(narrow);
});

test('classes by name are the classes of FAISS', async () => {
  const made = await Promise.all([
    IndexFlatL2(8),
    IndexFlatIP(8),
    IndexHNSWFlat(8),
    IndexIVFFlat(8, 2),
    IndexIVFPQ(8, 2, 4),
    IndexPQ(8, 4),
    IndexScalarQuantizer(8),
  ]);
  expect(made.map(({ className }) => className)).toEqual([
    'IndexFlatL2',
    'IndexFlatIP',
    'IndexHNSWFlat',
    'IndexIVFFlat',
    'IndexIVFPQ',
    'IndexPQ',
    'IndexScalarQuantizer',
  ]);
});

test('memory grows by what is added', async () => {
  const index = await IndexFlatL2(dimension);
  await index.add(vectors);
  expect(index.memoryBytes).toBeGreaterThanOrEqual(vectors.byteLength);
  expect(index.memoryBytes).toBeLessThan(vectors.byteLength * 2.1);
  const graph = await IndexHNSWFlat(dimension, 16);
  await graph.add(vectors);
  expect(graph.memoryBytes).toBeGreaterThanOrEqual(vectors.byteLength + n * 32 * 4);
});

test('a file that cannot be written or read says why', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-faiss-'));
  const index = await IndexFlatL2(dimension);
  await index.add(vectors);
  await expect(index.write(join(folder, 'no', 'index'))).rejects.toThrow('No such file or directory');
  await expect(Index.read(folder)).rejects.toMatchObject({ code: 'ERR_FAISS_IO' });
  const bytes = await index.write(join(folder, 'index'));
  expect((await stat(join(folder, 'index'))).size).toBe(bytes);
  expect(bytes).toBe((await index.serialize()).length);
  await expect(index.write('/dev/full')).rejects.toMatchObject({ code: 'ERR_FAISS_IO' });
  await rm(folder, { recursive: true });
});

test('knn compares with a given matrix', async () => {
  const { labels } = await knn(row(7), vectors, dimension, 5, 'ip');
  expect(Array.from(labels)).toEqual(bruteForce(row(7), 5, 'ip', () => true));
});

test('normalize gives rows of length 1 and leaves zeros and the argument alone', () => {
  const before = Float32Array.of(3, 4, 0, 0, 1e30, 1e30, 1e-30, 0);
  const after = normalize(before, 2);
  expect(Array.from(after, (value) => Math.round(value * 1e4) / 1e4)).toEqual([
    0.6,
    0.8,
    0,
    0,
    Math.round(Math.SQRT1_2 * 1e4) / 1e4,
    Math.round(Math.SQRT1_2 * 1e4) / 1e4,
    1,
    0,
  ]);
  expect(before[0]).toBe(3);
});

test('small numbers are what they were before the kernels were loaded', async () => {
  const index = await IndexFlatL2(8);
  await index.add(new Float32Array(8));
  await index.search(new Float32Array(8), 1);
  expect(Number.MIN_VALUE * 1.5).toBe(Number.MIN_VALUE * 2);
  expect(2 ** -1060 / 2).toBe(2 ** -1061);
  expect(threads()).toBeGreaterThan(0);
});
