// Results are those of faiss-cpu 1.7.3 on the same index, whoever made it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Index, type Metric, type RangeResult, type SearchOptions, type SearchResult } from '../src/index.js';
import { disagreement, fartherThan, isClose, sortedRange } from './agreement.test-help.js';
import { noReference, runReference, withoutReference } from './python.test-help.js';
import { makeSelector, makeVectors } from './vectors.test-help.js';

const [dimension, n, nq, k] = [64, 3000, 40, 10];

interface Case {
  name: string;
  dimension: number;
  factory: string;
  metric: Metric;
  k: number;
  parameters: Record<string, number>;
  selector: boolean;
  range: boolean;
  radius: number;
}

const both: Metric[] = ['l2', 'ip'];
const kinds: [string, Metric[]][] = [
  ['Flat', both],
  ['HNSW16', both],
  ['HNSW8,SQ8', both],
  ['HNSW8,PQ8np', ['l2']],
  ['SQ8', both],
  ['SQ6', both],
  ['SQ4', both],
  ['SQfp16', both],
  ['PQ8np', both],
  ['PQ16x4np', both],
  ['PQ32x6np', both],
  ['IVF32,Flat', both],
  ['IVF32,SQ8', both],
  ['IVF32,PQ8np', both],
  ['IVF16_HNSW8,Flat', ['l2']],
  ['PCA32,Flat', both],
  ['PCAR24,IVF16,SQ8', both],
  ['PCA32,HNSW16', both],
  ['OPQ8_32,IVF16,PQ8np', both],
  ['OPQ8,PQ8np', ['l2']],
  ['L2norm,RR,IVF16,Flat', ['ip']],
  ['IDMap,Flat', both],
  ['IDMap2,Flat', ['l2']],
];
const cases = kinds.flatMap(([factory, metrics]) =>
  metrics.map((metric): Case => {
    const behind = factory.replace(/^(?:(?:PCAR?|OPQ|RR|L2norm|IDMap2?)[\d_]*,)+/, '');
    const parameters: Record<string, number> = behind.startsWith('IVF') ? { nprobe: 8 } : behind.startsWith('HNSW') ? { efSearch: 64 } : {};
    return {
      name: `${factory.replaceAll(/\W/g, '-')}-${metric}`,
      dimension,
      factory,
      metric,
      k,
      parameters,
      selector: behind === factory && !/^PQ|IVF\d+_/.test(factory),
      range: /^(?:Flat|IVF32,)/.test(factory),
      radius: metric === 'l2' ? 14 : 12,
    };
  }),
);

const vectors = makeVectors(n, dimension, 1);
const queries = makeVectors(nq, dimension, 2);
const selector = makeSelector(n, 0.2, 3);
let folder = '';

const path = (...parts: string[]): string => join(folder, parts.join('.'));
const bytesOf = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

async function theirFloats(...parts: string[]): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path(...parts))).buffer);
}
async function theirLabels(...parts: string[]): Promise<BigInt64Array> {
  return new BigInt64Array(Uint8Array.from(await readFile(path(...parts))).buffer);
}
async function theirResult(...parts: string[]): Promise<SearchResult> {
  return { distances: await theirFloats(...parts, 'distances'), labels: await theirLabels(...parts, 'labels') };
}

function expectSameRange(ours: RangeResult, theirs: RangeResult): void {
  const [a, b] = [ours, theirs].map(({ lims, labels, distances }) => sortedRange(lims, labels, distances));
  a?.forEach((found, query) => {
    const wanted = new Map(b?.[query]);
    const tolerated = (label: bigint, distance: number): boolean => {
      const theirDistance = wanted.get(label);
      return theirDistance === undefined ? isClose(distance, radius) : isClose(distance, theirDistance);
    };
    const radius = Math.max(...wanted.values(), ...found.map(([, distance]) => distance));
    expect(found.filter(([label, distance]) => !tolerated(label, distance))).toEqual([]);
    expect(Math.abs(found.length - wanted.size)).toBeLessThanOrEqual(1);
  });
}

async function expectAgreement(index: Index, of: Case, side: string): Promise<void> {
  const options: SearchOptions = { nprobe: of.parameters['nprobe'], efSearch: of.parameters['efSearch'] };
  expect(disagreement(await index.search(queries, k, options), await theirResult(of.name, side), k)).toBeUndefined();
  for (let i = 0; i < 5; i++) {
    // One query at a time goes another way than many at once.
    const one = await index.search(queries.subarray(i * dimension, (i + 1) * dimension), k, options);
    const all = await theirResult(of.name, side);
    const theirs = { distances: all.distances.subarray(i * k, (i + 1) * k), labels: all.labels.subarray(i * k, (i + 1) * k) };
    expect(disagreement(one, theirs, k)).toBeUndefined();
  }
  if (of.selector) {
    const selected = await index.search(queries, k, { ...options, selector });
    const theirs = await theirResult(of.name, side, 'selected');
    // In a graph FAISS gives the places among its candidates to vectors that are not selected too, and finds less.
    if (of.factory.includes('HNSW')) expect(fartherThan(selected, theirs, of.metric)).toBeUndefined();
    else expect(disagreement(selected, theirs, k)).toBeUndefined();
  }
  if (of.range) {
    const lims = await theirLabels(of.name, side, 'range', 'lims');
    const theirs = { lims, ...(await theirResult(of.name, side, 'range')) };
    expectSameRange(await index.rangeSearch(queries, of.radius, options), theirs);
  }
}

const built = new Map<string, Index>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-faiss-'));
  await writeFile(path('cases.json'), JSON.stringify(cases));
  await writeFile(path('vectors'), bytesOf(vectors));
  await writeFile(path('queries'), bytesOf(queries));
  await writeFile(path('selector'), selector);
  for (const { name, factory, metric } of cases) {
    const index = await Index.fromFactory(dimension, factory, metric);
    await index.train(vectors);
    if (factory.startsWith('IDMap'))
      await index.addWithIds(
        vectors,
        BigInt64Array.from({ length: n }, (_, i) => BigInt(i * 3)),
      );
    else await index.add(vectors, { threads: 1 });
    await index.write(path(name, 'ours'));
    built.set(name, index);
  }
  expect(await runReference('reference.py', folder)).toBe('1.7.3');
}, 300_000);

afterAll(async () => {
  await Promise.all([...built.values()].map((index) => index.release()));
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(noReference !== undefined).each(cases)(`$factory with $metric${withoutReference}`, (of) => {
  test('faiss-cpu reads the index that we wrote and finds what we find', async () => {
    const index = built.get(of.name);
    if (index === undefined) throw new Error('the index was not made');
    await expectAgreement(index, of, 'ours');
  });

  test('we read the index that faiss-cpu wrote and find what it finds', async () => {
    const index = await Index.read(path(of.name, 'theirs'));
    expect(index.ntotal).toBe(n);
    await expectAgreement(index, of, 'theirs');
    await index.release();
  });

  test('a copy, and an index made of its bytes, find the same', async () => {
    const index = await Index.read(path(of.name, 'theirs'));
    const expected = await index.search(queries, k, of.parameters);
    const copies = [await index.clone(), await Index.deserialize(await index.serialize())];
    for (const copy of copies) {
      expect(await copy.search(queries, k, of.parameters)).toEqual(expected);
      expect(copy.className).toBe(index.className);
    }
  });
});

describe.skipIf(noReference !== undefined).each(['HNSW16-l2', 'HNSW16-ip', 'HNSW8-SQ8-l2'])(`%s${withoutReference}`, (name) => {
  test('finds no less in our graph than in that which faiss-cpu linked', async () => {
    const [ours, theirs] = await Promise.all([Index.read(path(name, 'ours')), Index.read(path(name, 'theirs'))]);
    expect([ours.isConnected, theirs.isConnected]).toEqual([true, false]);
    const [many, asked] = [300, makeVectors(300, dimension, 4)];
    const exact = await ours.search(asked, k, { exact: true });
    const recall = async (index: Index, efSearch: number): Promise<number> => {
      const { labels } = await index.search(asked, k, { efSearch });
      let found = 0;
      for (let query = 0; query < many; query++) {
        const wanted = new Set(exact.labels.subarray(query * k, (query + 1) * k));
        found += [...labels.subarray(query * k, (query + 1) * k)].filter((label) => wanted.has(label)).length;
      }
      return found / (many * k);
    };
    for (const efSearch of [16, 64, 256]) {
      // A few are found by chance.
      expect(await recall(ours, efSearch), `efSearch ${efSearch}`).toBeGreaterThanOrEqual((await recall(theirs, efSearch)) - 0.03);
    }
  });
});
