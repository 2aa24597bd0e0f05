// Every vector of a graph is found, whatever else is in it.
import { describe, expect, test } from 'vitest';
import { Index, type Metric } from '../src/index.js';
import { unreachedNodes } from './graph.test-help.js';
import { random } from './vectors.test-help.js';

const seed = Number(process.env['SEED'] ?? 20_261_201);
/** All sizes and types: VOISIN_GRAPH_ROUNDS=1. */
const isLong = process.env['VOISIN_GRAPH_ROUNDS'] !== undefined;
const [dimension, others] = [16, 200];

class Source {
  readonly next: () => number;

  constructor(own: number) {
    this.next = random(own);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  vector(width = dimension): number[] {
    return Array.from({ length: width }, () => this.normal());
  }
}

type Order = 'first' | 'last' | 'among the others';

interface Data {
  readonly values: Float32Array;
  /** Which vectors are no copies. */
  readonly isOther: readonly boolean[];
}

/** `copies` vectors around `places` points, and others. */
function makeData(source: Source, copies: number, places: number, noise: number, order: Order, metric: Metric): Data {
  const centres = Array.from({ length: places }, () => source.vector());
  const near = Array.from({ length: copies }, (_, i) => (centres[i % places] ?? []).map((value) => value + noise * source.normal()));
  const far = Array.from({ length: others }, () => source.vector());
  const rows: { row: number[]; isOther: boolean; key: number }[] = [
    ...near.map((row, i) => ({ row, isOther: false, key: order === 'first' ? -1 : order === 'last' ? 2 : i / copies })),
    ...far.map((row, i) => ({ row, isOther: true, key: i / others })),
  ].toSorted((a, b) => a.key - b.key);
  // With products a vector is its own nearest only among vectors of one length.
  const scaled = rows.map(({ row }) => row.map((value) => value / (metric === 'ip' ? Math.hypot(...row) : 1)));
  return { values: Float32Array.from(scaled.flat()), isOther: rows.map(({ isOther }) => isOther) };
}

async function build(factory: string, metric: Metric, { values, isOther }: Data, piece: number, threads = 1): Promise<Index> {
  const index = await Index.fromFactory(dimension, factory, metric);
  if (!index.isTrained) await index.train(values);
  for (let start = 0; start < isOther.length; start += piece) {
    await index.add(values.subarray(start * dimension, Math.min(isOther.length, start + piece) * dimension), { threads });
  }
  return index;
}

/** Of the vectors that are no copies, the share that finds itself, or what is as near. */
async function selfRecall(index: Index, { values, isOther }: Data): Promise<number> {
  const own = [...isOther.keys()].filter((i) => isOther[i]);
  const row = (i: number): Float32Array => values.subarray(i * dimension, (i + 1) * dimension);
  const queries = Float32Array.from(own.flatMap((i) => [...row(i)]));
  const { labels } = await index.search(queries, 1, { efSearch: 64 });
  const alone = await Promise.all(own.map(async (i) => (await index.search(row(i), 1, { efSearch: 64 })).labels[0]));
  expect(alone).toEqual([...labels]);
  return own.filter((i, at) => labels[at] === BigInt(i)).length / own.length;
}

interface Case {
  factory: string;
  metric: Metric;
  copies: number;
  places: number;
  noise: number;
  order: Order;
  piece: number;
  threads?: number;
}

const orders: Order[] = ['first', 'last', 'among the others'];
const short: Case[] = [
  ...orders.map((order): Case => ({ factory: 'HNSW32', metric: 'l2', copies: 2000, places: 1, noise: 0, order, piece: 500 })),
  ...orders.map((order): Case => ({ factory: 'HNSW16', metric: 'ip', copies: 1000, places: 1, noise: 1e-4, order, piece: 300 })),
  { factory: 'HNSW16', metric: 'l2', copies: 2000, places: 1, noise: 1e-4, order: 'first', piece: 5000, threads: 2 },
  { factory: 'HNSW16', metric: 'l2', copies: 2000, places: 1, noise: 0, order: 'among the others', piece: 5000, threads: 2 },
  { factory: 'HNSW16', metric: 'l2', copies: 1500, places: 30, noise: 1e-4, order: 'last', piece: 500 },
  { factory: 'HNSW8', metric: 'ip', copies: 1000, places: 50, noise: 0, order: 'last', piece: 500 },
  { factory: 'HNSW32', metric: 'l2', copies: 150, places: 1, noise: 0, order: 'last', piece: 1 },
  { factory: 'HNSW16,SQ8', metric: 'l2', copies: 1000, places: 1, noise: 0, order: 'first', piece: 500 },
  { factory: 'HNSW16,SQ8', metric: 'ip', copies: 1000, places: 1, noise: 1e-4, order: 'last', piece: 500 },
  { factory: 'PCAR16,HNSW16', metric: 'l2', copies: 1000, places: 1, noise: 0, order: 'last', piece: 500 },
];
const long: Case[] = ['HNSW8', 'HNSW32', 'HNSW16,SQ8'].flatMap((factory) =>
  (['l2', 'ip'] as const).flatMap((metric) =>
    [1, 20].flatMap((places) =>
      [0, 1e-4, 1e-2].flatMap((noise) =>
        orders.map((order): Case => ({ factory, metric, copies: 5000, places, noise, order, piece: 1000 })),
      ),
    ),
  ),
);

describe(`copies and near copies (SEED=${seed})`, () => {
  test.each(isLong ? [...short, ...long] : short)(
    'hide no vector of $factory $metric: $copies in $places places, noise $noise, $order, $piece at a time',
    async ({ factory, metric, copies, places, noise, order, piece, threads }) => {
      const data = makeData(new Source(seed), copies, places, noise, order, metric);
      const index = await build(factory, metric, data, piece, threads);
      expect(index.isConnected).toBe(true);
      expect(await unreachedNodes(index)).toEqual([]);
      expect(await selfRecall(index, data)).toBeGreaterThanOrEqual(0.99);
      const read = await Index.deserialize(await index.serialize());
      expect(read.isConnected).toBe(true);
      expect(await selfRecall(read, data)).toBeGreaterThanOrEqual(0.99);
    },
    60_000,
  );

  test.each(['HNSW16', 'HNSW4', 'HNSW2', 'HNSW8,SQ8'])('are all found by %s where there is nothing else', async (factory) => {
    for (const value of [0, 3]) {
      const index = await Index.fromFactory(dimension, factory);
      const values = new Float32Array(700 * dimension).fill(value);
      if (!index.isTrained) await index.train(values);
      await index.add(values.subarray(0, 300 * dimension), { threads: 2 });
      await index.add(values.subarray(300 * dimension));
      expect(await unreachedNodes(index)).toEqual([]);
      const { labels } = await index.search(values.subarray(0, dimension), 700);
      expect(new Set(labels).size).toBe(700);
      expect(labels).not.toContain(-1n);
    }
  });

  test('are found on a line, in a grid and in two dimensions', async () => {
    const source = new Source(seed);
    const line = Array.from({ length: 1500 }, (_, i) => [i, 2 * i]);
    const grid = Array.from({ length: 1500 }, (_, i) => [i % 40, Math.floor(i / 40)]);
    const plane = Array.from({ length: 1500 }, () => [48.85 + 0.1 * source.next(), 2.35 + 0.1 * source.next()]);
    for (const rows of [line, grid, plane]) {
      const index = await Index.fromFactory(2, 'HNSW8');
      const values = Float32Array.from(rows.flat());
      await index.add(values);
      expect(await unreachedNodes(index)).toEqual([]);
      const { labels } = await index.search(values, 1, { efSearch: 64 });
      expect([...labels].filter((label, i) => label === BigInt(i)).length).toBeGreaterThanOrEqual(0.99 * rows.length);
    }
  });

  test('that are not selected take no places from those that are', async () => {
    const data = makeData(new Source(seed), 600, 1, 0, 'last', 'l2');
    const index = await build('HNSW16', 'l2', data, 100);
    const last = data.isOther.length - 1;
    const selector = new Uint8Array(Math.ceil((last + 1) / 8));
    for (const [i, isOther] of data.isOther.entries())
      if (isOther || i === last) selector[i >> 3] = (selector[i >> 3] ?? 0) | (1 << (i & 7));
    const query = data.values.subarray(last * dimension);
    const [found, exact] = await Promise.all([
      index.search(query, 50, { efSearch: 50, selector }),
      index.search(query, 50, { exact: true, selector }),
    ]);
    expect(found.labels[0]).toBe(BigInt(last));
    const wanted = new Set(exact.labels);
    expect([...found.labels].filter((label) => wanted.has(label)).length).toBeGreaterThanOrEqual(48);
  });
});

describe(`many neighbours (SEED=${seed})`, () => {
  const rows = 3000;
  const lengths = { positive: (source: Source) => source.next(), normal: (source: Source) => source.normal() };
  test.each([
    { factory: 'HNSW32', metric: 'ip', of: 'positive', factor: 1, least: 0.95 },
    { factory: 'HNSW16', metric: 'ip', of: 'positive', factor: 1, least: 0.95 },
    { factory: 'HNSW16,SQ8', metric: 'ip', of: 'positive', factor: 1, least: 0.95 },
    { factory: 'HNSW32', metric: 'ip', of: 'normal', factor: 4, least: 0.95 },
    { factory: 'HNSW16', metric: 'l2', of: 'positive', factor: 1.5, least: 0.95 },
  ] as const)(
    'are the nearest by $metric among vectors of log-normal lengths ($of) in $factory',
    async ({ factory, metric, of, factor, least }) => {
      const source = new Source(seed);
      const row = (scale: number): number[] => Array.from({ length: dimension }, () => lengths[of](source) * scale);
      const values = Float32Array.from(Array.from({ length: rows }, () => row(Math.exp(source.normal()))).flat());
      const queries = Float32Array.from(Array.from({ length: 10 }, () => row(1)).flat());
      const index = await Index.fromFactory(dimension, factory, metric);
      if (!index.isTrained) await index.train(values);
      await index.add(values);
      for (const k of [1, 10, 100, 500, 1000]) {
        const efSearch = Math.max(64, Math.ceil(k * factor));
        const [found, exact] = await Promise.all([index.search(queries, k, { efSearch }), index.search(queries, k, { exact: true })]);
        let same = 0;
        for (let query = 0; query < 10; query++) {
          const wanted = new Set(exact.labels.subarray(query * k, (query + 1) * k));
          same += [...found.labels.subarray(query * k, (query + 1) * k)].filter((label) => wanted.has(label)).length;
        }
        expect(same / (10 * k), `recall of ${k}`).toBeGreaterThanOrEqual(least);
      }
    },
    60_000,
  );
});
