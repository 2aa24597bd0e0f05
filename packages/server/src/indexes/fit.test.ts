// Vectors that a type cannot hold, or that its training does not fit: found by their own values, at once and after a restart, until the
// index has trained again by itself.
import { describe, expect, it } from 'vitest';
import { fitOfType, outsideOf } from './fit.js';
import { parseFilter } from './filter/index.js';
import type { ManagedIndex } from './managed-index.js';
import { names, newSeed, Random, TestHouse, until } from './testing.js';
import { fitOfRecord, trainingRecord } from './training-record.js';
import type { CreateIndex } from './types.js';

const dimension = 8;
const seed = newSeed();

async function add(index: ManagedIndex, ids: readonly string[], values: Float32Array): Promise<void> {
  await index.upsert({ ids, values, metadata: ids.map(() => '{}') });
}

/** How many of the vectors a search by their own values finds first: one by one, and together. */
async function foundThemselves(index: ManagedIndex, ids: readonly string[], values: Float32Array): Promise<[number, number]> {
  const together = await index.search(values, { k: 1 });
  let single = 0;
  for (const [at, id] of ids.entries()) {
    const [[hit] = []] = await index.search(values.subarray(at * dimension, (at + 1) * dimension), { k: 1 });
    if (hit?.id === id) single++;
  }
  return [single, together.filter(([hit], at) => hit?.id === ids[at]).length];
}

const moved = (random: Random, count: number, by: number): Float32Array => random.vectors(count, dimension).map((value) => by + value);

const types: [string, Partial<CreateIndex>][] = [
  ['SQ8', { factory: 'SQ8' }],
  ['SQ4', { factory: 'SQ4' }],
  ['HNSW over SQ8', { factory: 'HNSW16,SQ8' }],
  ['IVF over SQ8', { factory: 'IVF8,SQ8' }],
  ['IVF over PQ', { factory: 'IVF8,PQ2x4' }],
  ['PCA before SQ8', { factory: 'PCA4,SQ8' }],
  ['IVF', { factory: 'IVF8,Flat' }],
];

describe(`an index whose data moved (seed ${seed})`, () => {
  it.each(types)('of type %s finds the new vectors at once, after a restart, and when it has trained again', async (_, type) => {
    await using house = await TestHouse.make();
    const random = new Random(seed);
    const made = await house.make({ dimension, ...type });
    await add(made, names(1200), random.vectors(1200, dimension));
    await made.train();
    expect((await made.stats()).outside_rows).toBeLessThan(60);

    const few = names(40, 5000);
    const fewValues = moved(random, 40, 50);
    await add(made, few, fewValues);
    expect(await foundThemselves(made, few, fewValues)).toEqual([40, 40]);
    const before = await made.stats();
    expect(before.outside_rows).toBeGreaterThanOrEqual(40);

    await house.restart();
    const index = house.get(made.definition.id);
    expect(await foundThemselves(index, few, fewValues)).toEqual([40, 40]);
    expect(await index.stats()).toMatchObject({ outside_rows: before.outside_rows, trained_at: before.trained_at });
    await index.delete(few.slice(0, 20));
    expect(await foundThemselves(index, few, fewValues)).toEqual([20, 20]);

    const many = names(400, 6000);
    const manyValues = moved(random, 400, 50);
    // So few that the index does not train yet: afterwards they are found as exactly as the type can.
    await add(index, many.slice(0, 20), manyValues.subarray(0, 20 * dimension));
    expect(await foundThemselves(index, many.slice(0, 20), manyValues.subarray(0, 20 * dimension))).toEqual([20, 20]);
    await add(index, many.slice(20), manyValues.subarray(20 * dimension));
    await until(async () => {
      const { trained_at: at, state } = await index.stats();
      return state === 'ready' && at !== before.trained_at;
    }, 'the index has trained again');
    expect((await index.stats()).outside_rows).toBeLessThan(60);
  });

  it('of half floats answers from the values where they are too large or too small for it', async () => {
    await using house = await TestHouse.make();
    const random = new Random(seed);
    for (const metric of ['l2', 'ip'] as const) {
      const index = await house.make({ dimension, factory: 'SQfp16', metric });
      await add(index, names(200), random.vectors(200, dimension));
      const large = Float32Array.from({ length: 3 * dimension }, (_, i) => (i < dimension ? 70_000 : i < 2 * dimension ? 80_000 : 1e9));
      await add(index, ['a', 'b', 'c'], large);
      const [hits = []] = await index.search(large.subarray(dimension, 2 * dimension), { k: 203 });
      expect(hits).toHaveLength(203);
      expect(hits.every(({ distance, score }) => Number.isFinite(distance) && Number.isFinite(score))).toBe(true);
      expect(hits[0]?.id).toBe(metric === 'l2' ? 'b' : 'c');
      const tiny = Float32Array.from({ length: 2 * dimension }, (_, i) => (i < dimension ? 1e-9 : 3e-9));
      await add(index, ['small', 'smaller'], tiny);
      if (metric === 'l2') expect((await index.search(tiny, { k: 1 })).map(([hit]) => hit?.id)).toEqual(['small', 'smaller']);
    }
  });

  it('is found under a filter too, and each vector once', async () => {
    await using house = await TestHouse.make();
    const index = await house.make({ dimension, factory: 'SQ8' });
    const random = new Random(seed);
    const ids = names(1000);
    await index.upsert({ ids, values: random.vectors(1000, dimension), metadata: ids.map((_, at) => `{"n":${at % 2}}`) });
    await index.train();
    const far = names(30, 2000);
    const values = moved(random, 30, 9);
    await index.upsert({ ids: far, values, metadata: far.map((_, at) => `{"n":${at % 2}}`) });
    const [hits = []] = await index.search(values.subarray(0, dimension), { k: 600, filter: parseFilter({ n: 0 }) });
    expect(hits).toHaveLength(515);
    expect(new Set(hits.map(({ id }) => id)).size).toBe(515);
    expect(hits.slice(0, 15).every(({ id }) => far.includes(id))).toBe(true);
    expect(hits[0]?.id).toBe(far[0]);
  });
});

describe('a limit of distance', () => {
  it.each([...types, ['Flat', {}], ['HNSW', { index_type: 'IndexHNSWFlat' }]] as [string, Partial<CreateIndex>][])(
    `of 0 finds each vector of %s itself, by every metric (seed ${seed})`,
    async (_, type) => {
      await using house = await TestHouse.make();
      const random = new Random(seed);
      const values = random.vectors(600, dimension);
      for (const metric of ['l2', 'cosine', 'ip'] as const) {
        const index = await house.make({ dimension, metric, ...type });
        await add(index, names(600), values);
        if (index.definition.type.family !== 'flat' && 'factory' in type) await index.train();
        const queries = values.subarray(0, 40 * dimension);
        const squares = (at: number): number =>
          values.subarray(at * dimension, (at + 1) * dimension).reduce((sum, value) => sum + value * value, 0);
        const limit = (at: number): number => (metric === 'ip' ? squares(at) : 0);
        if (metric !== 'ip') {
          const together = await index.search(queries, { k: 10, maxDistance: 0 });
          expect(together.map((hits) => hits.map(({ id }) => id))).toEqual(names(40).map((id) => [id]));
        }
        for (let at = 0; at < 40; at++) {
          const query = queries.subarray(at * dimension, (at + 1) * dimension);
          const [hits = []] = await index.search(query, { k: 600, maxDistance: limit(at) });
          expect(hits.map(({ id }) => id)).toContain(`v${at}`);
          if (metric !== 'ip') expect(hits).toHaveLength(1);
        }
      }
    },
  );
});

describe('tiny vectors', () => {
  it.each(['Flat', 'IVF2,Flat', 'HNSW4,Flat', 'SQ8'])(
    'are told apart in %s though the squares of their differences are 0',
    async (factory) => {
      await using house = await TestHouse.make();
      for (const metric of ['l2', 'ip', 'cosine'] as const) {
        const index = await house.make({ dimension: 2, factory, metric });
        const values = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 + i : 400 - i) * 1e-30);
        await add(index, names(200), values);
        const [hits = []] = await index.search(values.subarray(240, 242), { k: 3 });
        if (metric !== 'ip') expect(hits[0]?.id).toBe('v120');
        const ordered = hits.map(({ distance }) => distance);
        expect(ordered).toEqual(ordered.toSorted((a, b) => (metric === 'ip' ? b - a : a - b)));
        if (metric !== 'cosine') expect(new Set(ordered).size).toBe(3);
      }
    },
  );
});

describe('what fits a type', () => {
  it('goes with the trained bytes, and is unknown for those of an older version', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const fit = { absolute: 0.25, relative: 0, trainedAt: '2026-01-01T00:00:00.000Z' };
    const record = trainingRecord(bytes, fit);
    expect(record.subarray(0, 3)).toEqual(Buffer.from(bytes));
    expect(fitOfRecord(record)).toEqual(fit);
    expect(fitOfRecord(bytes)).toBeUndefined();
    expect(fitOfRecord(new Uint8Array(100))).toBeUndefined();
  });

  it('is a share of the length for half floats, and an error that is no number fits nothing', () => {
    const fit = fitOfType({ family: 'sq', code: 'SQfp16' });
    if (fit === undefined) throw new Error('half floats have a fit');
    expect(outsideOf(fit, Float32Array.of(1000, 0, 1, 0, 5, 5, 5, 5), Float32Array.of(0.1, 0.1, Infinity, NaN))).toEqual([1, 2, 3]);
    expect(fitOfType({ family: 'flat' })).toBeUndefined();
  });
});
