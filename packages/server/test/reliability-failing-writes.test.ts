// Writes that fail, before or after the disk has their data, at every place where an index writes: what was answered stays, what failed is there
// wholly or not at all, and no later write is spoilt by it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ManagedIndex } from '../src/indexes/managed-index.js';
import { mergePatch } from '../src/indexes/merge-patch.js';
import { parseFilter } from '../src/indexes/filter/index.js';
import { newSeed, Random, TestHouse, until } from '../src/indexes/testing.js';
import type { CreateIndex, Metadata } from '../src/indexes/types.js';
import { FailingDisk, type Moment, type WriteCall } from './support/failing-disk.js';

const seed = Number(process.env['SEED'] ?? newSeed());
const operations = Number(process.env['VOISIN_MODEL_OPERATIONS'] ?? 20_000) / 250;
const dimension = 6;
const moments: Moment[] = ['before', 'after'];

interface Row {
  readonly values: readonly number[];
  readonly metadata: Metadata;
}
type Rows = ReadonlyMap<string, Row>;

/** Fails the next call that `matches`, once. */
class OneFault {
  armed: { readonly matches: (call: WriteCall) => boolean; readonly moment: Moment } | undefined;
  readonly seen = new Set<string>();

  decide = ({ site, path }: WriteCall): Moment | undefined => {
    this.seen.add(`${site} ${path.replace(/.*\//, '')}`);
    if (this.armed?.matches({ site, path }) !== true) return undefined;
    const { moment } = this.armed;
    this.armed = undefined;
    return moment;
  };
}

const content = async (index: ManagedIndex): Promise<Rows> => {
  const rows = new Map<string, Row>();
  for await (const { id, values, metadata } of index.export()) {
    expect(rows.has(id), `${id} twice`).toBe(false);
    rows.set(id, { values: [...values], metadata });
  }
  return rows;
};

const same = (a: Rows, b: Rows): boolean => JSON.stringify([...a].sort(byId)) === JSON.stringify([...b].sort(byId));
const byId = ([a]: [string, Row], [b]: [string, Row]): number => (a < b ? -1 : 1);

/** Everything by which an index can be asked agrees. */
async function check(index: ManagedIndex, house: TestHouse): Promise<Rows> {
  const rows = await content(index);
  expect(await index.count()).toBe(rows.size);
  expect(await house.indexes.info(undefined, index.definition.id)).toMatchObject({
    state: expect.stringMatching(/^(ready|untrained)$/),
    vector_count: rows.size,
  });
  const [hits = []] = await index.search(new Float32Array(dimension), { k: 1000 });
  expect(hits.map(({ id }) => id).sort()).toEqual([...rows.keys()].sort());
  for (const { id, metadata } of hits) expect(JSON.parse(metadata)).toEqual(rows.get(id)?.metadata);
  return rows;
}

/** An operation, and what it makes of a content. */
interface Operation {
  readonly name: string;
  readonly run: (index: ManagedIndex) => Promise<unknown>;
  readonly apply: (rows: Map<string, Row>) => void;
}

function upsert(random: Random, ids: readonly string[], mark: number): Operation {
  const values = random.vectors(ids.length, dimension);
  const metadata = ids.map((id) => ({ mark, group: id.charCodeAt(id.length - 1) % 4 }));
  return {
    name: `upsert ${ids.join(' ')}`,
    run: (index) => index.upsert({ ids, values, metadata: metadata.map((one) => JSON.stringify(one)) }),
    apply(rows) {
      for (const [at, id] of ids.entries()) {
        rows.delete(id);
        rows.set(id, { values: [...values.subarray(at * dimension, (at + 1) * dimension)], metadata: metadata[at] ?? {} });
      }
    },
  };
}

function remove(ids: readonly string[]): Operation {
  return {
    name: `delete ${ids.join(' ')}`,
    run: (index) => index.delete(ids),
    apply(rows) {
      for (const id of ids) rows.delete(id);
    },
  };
}

function removeWhere(group: number): Operation {
  return {
    name: `delete where group is ${group}`,
    run: (index) => index.deleteWhere(parseFilter({ group })),
    apply(rows) {
      for (const [id, { metadata }] of rows) if (metadata['group'] === group) rows.delete(id);
    },
  };
}

function patch(id: string, change: { readonly metadata: Metadata; readonly values?: Float32Array }): Operation {
  return {
    name: `patch ${id}`,
    run: (index) => index.patch(id, change).catch((error: unknown) => ignoreMissing(error)),
    apply(rows) {
      const old = rows.get(id);
      if (old === undefined) return;
      const metadata = mergePatch(old.metadata, change.metadata);
      rows.set(id, { values: change.values === undefined ? old.values : [...change.values], metadata });
    },
  };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'not_found')) throw error;
}

const after = (rows: Rows, { apply }: Operation): Rows => {
  const next = new Map(rows);
  apply(next);
  return next;
};

const types: Partial<CreateIndex>[] = [{ index_type: 'IndexFlatL2' }, { index_type: 'HNSW8', metric: 'cosine' }, { index_type: 'SQ8' }];
const noFault = { level: 'error', message: expect.stringContaining('damaged') };

describe(`a write of the store that fails (SEED=${seed})`, () => {
  const random = new Random(seed);
  const failing: [string, () => Operation][] = [
    ['an addition', () => upsert(random, ['new'], 1)],
    ['a replacement', () => upsert(random, ['v1', 'v2'], 1)],
    ['a deletion', () => remove(['v1', 'v3'])],
    ['a deletion by filter', () => removeWhere(1)],
    ['a patch of metadata', () => patch('v1', { metadata: { mark: 7 } })],
    ['a patch of values', () => patch('v1', { metadata: {}, values: random.vectors(1, dimension) })],
  ];
  const sites: [string, (call: WriteCall) => boolean][] = [
    ['batch', ({ site }) => site === 'level batch'],
    ['mark', ({ site, path }) => site === 'write' && path.endsWith('/acknowledged')],
  ];
  const cases = failing.flatMap(([what, make]) =>
    sites.flatMap(([site, matches]) => moments.map((moment) => ({ what, make, site, matches, moment }))),
  );

  it.each(cases)('$moment the disk has it ($site), $what, leaves what follows whole', async ({ make, matches, moment }) => {
    await using house = await TestHouse.make();
    const fault = new OneFault();
    using disk = new FailingDisk(house.path, fault.decide);
    expect(disk).toBeDefined();
    for (const definition of types.slice(0, 2)) {
      let index = await house.make({ dimension, ...definition });
      await upsert(random, ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'], 0).run(index);
      const before = await content(index);
      const operation = make();
      fault.armed = { matches, moment };
      await expect(operation.run(index), operation.name).rejects.toMatchObject({ code: 'unavailable' });
      expect(fault.armed).toBeUndefined();
      // Two that are decided by what the index holds, and one that gives new rows: none may follow a state that the disk does not have.
      const rest = [patch('v1', { metadata: { later: 1 } }), upsert(random, ['later', 'v2'], 2), removeWhere(3)];
      for (const next of rest) await next.run(index);
      const [undone, done] = [before, after(before, operation)].map((rows) => rest.reduce(after, rows));
      const found = await check(index, house);
      expect(
        [undone, done].some((rows) => rows !== undefined && same(rows, found)),
        `wholly or not at all: ${operation.name}`,
      ).toBe(true);
      await house.restart();
      index = house.get(index.definition.id);
      expect(same(await check(index, house), found), 'a restart finds the same').toBe(true);
    }
    expect(house.log.lines).not.toContainEqual(expect.objectContaining(noFault));
  });

  it('between training and the trained index leaves both whole, and training is tried again', async () => {
    for (const moment of moments) {
      await using house = await TestHouse.make({ retryJobMilliseconds: 10 });
      const fault = new OneFault();
      using disk = new FailingDisk(house.path, fault.decide);
      expect(disk).toBeDefined();
      let index = await house.make({ dimension, index_type: 'SQ8' });
      const ids = Array.from({ length: 1000 }, (_, at) => `v${at}`);
      let batches = 0;
      fault.armed = { matches: ({ site }) => site === 'level batch' && ++batches === 2, moment };
      await upsert(random, ids, 0).run(index);
      await until(async () => (await index.stats()).trained, 'it is trained');
      expect(fault.armed).toBeUndefined();
      expect(await index.stats()).toMatchObject({ trained: true, vector_count: 1000 });
      await upsert(random, ['later'], 1).run(index);
      await house.restart();
      index = house.get(index.definition.id);
      expect(await index.stats()).toMatchObject({ trained: true, vector_count: 1001 });
      expect(house.log.lines).not.toContainEqual(expect.objectContaining(noFault));
    }
  });
});

describe(`snapshots that cannot be written (SEED=${seed})`, () => {
  const calls: [string, (call: WriteCall) => boolean][] = [
    ['the bytes of FAISS', ({ site }) => site === 'faiss write'],
    ['the trailer', ({ site, path }) => site === 'write' && path.endsWith('index.faiss.new')],
    ['the sync', ({ site, path }) => site === 'sync' && path.endsWith('index.faiss.new')],
    ['the rename', ({ site, path }) => site === 'rename' && path.endsWith('index.faiss')],
  ];

  it.each(calls.flatMap(([what, matches]) => moments.map((moment) => ({ what, matches, moment }))))(
    '$moment $what, cost nothing but the snapshot',
    async ({ matches, moment }) => {
      const random = new Random(seed);
      await using house = await TestHouse.make();
      const fault = new OneFault();
      using disk = new FailingDisk(house.path, fault.decide);
      expect(disk).toBeDefined();
      let index = await house.make({ dimension, index_type: 'HNSW8' });
      for (const mark of [1, 2]) {
        await upsert(random, ['v0', 'v1', `only ${mark}`], mark).run(index);
        const before = await content(index);
        fault.armed = { matches, moment };
        await house.restart();
        expect(fault.armed).toBeUndefined();
        index = house.get(index.definition.id);
        expect(same(await check(index, house), before)).toBe(true);
        const names = await readdir(house.directoryOf(index.definition.id));
        expect(names).not.toContain('index.faiss.new');
        expect(names).not.toContain('index.faiss.damaged');
      }
    },
  );
});

describe(`indexes that cannot be made or deleted (SEED=${seed})`, () => {
  it.each(['write', 'sync', 'rename'] as const)('at each %s are there wholly or not at all', async (site) => {
    for (const moment of moments) {
      for (let nth = 1; nth <= 4; nth++) {
        await using house = await TestHouse.make();
        const kept = await house.make({ dimension });
        const fault = new OneFault();
        using disk = new FailingDisk(house.path, fault.decide);
        expect(disk).toBeDefined();
        let count = 0;
        fault.armed = { matches: (call) => call.site === site && !call.path.includes('/rows') && ++count === nth, moment };
        const made = await house.make({ dimension }).catch((error: unknown) => error);
        const wasHit = fault.armed === undefined;
        fault.armed = undefined;
        const there = async (): Promise<string[]> => (await house.indexes.list(undefined, { limit: 100 })).indexes.map(({ id }) => id);
        const ids = await there();
        expect(ids.length, `${site} ${nth} ${moment}`).toBe(made instanceof Error ? 1 : 2);
        await house.restart();
        expect(await there()).toEqual(ids);
        count = 0;
        fault.armed = { matches: (call) => call.site === site && ++count === nth, moment };
        const error = await house.indexes.delete(undefined, kept.definition.id).catch((reason: unknown) => reason);
        fault.armed = undefined;
        if (error !== undefined) await house.indexes.delete(undefined, kept.definition.id);
        expect(await there()).not.toContain(kept.definition.id);
        await house.restart();
        expect(await there()).not.toContain(kept.definition.id);
        if (!wasHit) break;
      }
    }
  });
});

describe(`random operations on a disk that fails at random (SEED=${seed})`, () => {
  it.each(types.map((definition, salt) => ({ definition, salt })))('$definition holds what a map holds', async ({ definition, salt }) => {
    const random = new Random(seed + salt);
    await using house = await TestHouse.make({ snapshotPauseMilliseconds: 0 });
    let failsOften = 0;
    using disk = new FailingDisk(house.path, () => (random.next() < failsOften ? random.pick(moments) : undefined));
    expect(disk).toBeDefined();
    let index = await house.make({ dimension, ...definition });
    let rows: Rows = new Map();
    const id = (): string => `v${random.below(40)}`;
    const ids = (most: number): string[] => [...new Set(Array.from({ length: 1 + random.below(most) }, id))];
    for (let done = 0; done < operations; done++) {
      const operation = random.pick([
        () => upsert(random, ids(12), done),
        () => upsert(random, ids(12), done),
        () => remove(ids(5)),
        () => removeWhere(random.below(8)),
        () => patch(id(), { metadata: { mark: done } }),
        () => patch(id(), { metadata: { mark: null }, values: random.vectors(1, dimension) }),
      ])();
      try {
        failsOften = 0.2;
        const failed = await operation.run(index).then(
          () => false,
          (error: unknown) => {
            if (error instanceof Error && 'code' in error && error.code === 'unavailable') return true;
            throw error;
          },
        );
        if (random.next() < 0.3) await index.compact().catch(() => undefined);
        failsOften = 0;
        if (!failed) rows = after(rows, operation);
        if (!failed && done % 10 !== 0) continue;
        if (random.next() < 0.5) await house.restart();
        else await index.delete(['no such id']);
        index = house.get(index.definition.id);
        const found = await check(index, house);
        expect(same(found, rows) || (failed && same(found, after(rows, operation)))).toBe(true);
        rows = found;
      } catch (error) {
        throw new Error(`operation ${done} (${operation.name}) went wrong; repeat with SEED=${seed}`, { cause: error });
      }
    }
    expect(house.log.lines).not.toContainEqual(expect.objectContaining(noFault));
    await readFile(join(house.directoryOf(index.definition.id), 'definition.json'));
  });
});
