// The house of indexes as a whole: what changes and reads see of one another, and what an index does by itself.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter/index.js';
import type { ManagedIndex } from './managed-index.js';
import { answers, dimension, exists, fill, names, newSeed, Random, TestHouse, until } from './testing.js';

const seed = Number(process.env['SEED'] ?? newSeed());

describe(`reads beside changes (SEED=${seed})`, () => {
  it.each(['Flat', 'HNSW16'])(
    'of %s find a vector that is being replaced, with its old metadata or its new, never none',
    async (index_type) => {
      await using house = await TestHouse.make();
      const index = await house.make({ dimension, index_type });
      const random = new Random(seed);
      const ids = names(800);
      await fill(index, random, ids);
      let isWriting = true;
      const write = async (): Promise<void> => {
        for (let mark = 1; mark <= 6; mark++) await fill(index, random, ids, mark);
        isWriting = false;
      };
      const marks = new Set<unknown>();
      const read = async (): Promise<void> => {
        const own = new Random(seed + 1);
        while (isWriting) {
          const id = own.pick(ids);
          const { metadata } = await index.get(id);
          expect(metadata).toMatchObject({ id, mark: expect.any(Number) });
          marks.add(metadata['mark']);
          const [hits = []] = await index.search(own.vectors(1, dimension), { k: 5 });
          for (const hit of hits) expect(JSON.parse(hit.metadata)).toMatchObject({ id: hit.id, mark: expect.any(Number) });
          expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length);
          expect(await index.count(parseFilter({ mark: { $gte: 0 } }))).toBe(800);
        }
      };
      await Promise.all([write(), read(), read()]);
      expect(marks.size).toBeGreaterThan(1);
    },
  );

  it('never remember metadata from before a patch', async () => {
    await using house = await TestHouse.make({ metadataCacheBytes: 2 ** 21 });
    const index = await house.make({ dimension: 1 });
    // A search for all reads much, so that a patch overtakes it; what it reads last, of the farthest, is what would be remembered.
    const ids = [...names(300), 'far'];
    const metadata = ids.map((id) => JSON.stringify({ mark: 0, much: 'x'.repeat(id === 'far' ? 0 : 100_000) }));
    await index.upsert({ ids, values: Float32Array.from(ids, (id) => (id === 'far' ? 100 : 1)), metadata });
    for (let mark = 1; mark <= 10; mark++) {
      const reading = index.search(Float32Array.of(0), { k: 301 });
      await index.patch('far', { metadata: { mark } });
      await reading;
      const [[far] = []] = await index.search(Float32Array.of(100), { k: 1 });
      expect(JSON.parse(far?.metadata ?? '{}')).toMatchObject({ mark });
      expect((await index.get('far')).metadata['mark']).toBe(mark);
    }
  });

  it.each(['Flat', 'HNSW8'])('lose nothing and find nothing twice while %s is compacted and written to index.faiss', async (index_type) => {
    await using house = await TestHouse.make({ snapshotPauseMilliseconds: 0 });
    const index = await house.make({ dimension, index_type });
    const random = new Random(seed);
    const known = new Map<string, number>();
    const set = async (ids: readonly string[], mark: number): Promise<void> => {
      await fill(index, random, ids, mark);
      for (const id of ids) known.set(id, mark);
    };
    await set(names(2000), 0);
    let isBusy = true;
    const writing = async (writer: number): Promise<void> => {
      const own = new Random(seed + writer);
      for (let mark = 1; isBusy || mark < 20; mark++) {
        // Two writers, each with its own ids.
        const ids = [...new Set(Array.from({ length: 20 }, () => `v${2 * own.below(1000) + writer}`))];
        if (mark % 3 === 0) {
          await index.delete(ids);
          for (const id of ids) known.delete(id);
        } else await set(ids, mark);
      }
    };
    const reading = async (): Promise<void> => {
      while (isBusy) {
        const [hits = []] = await index.search(random.vectors(1, dimension), { k: 50 });
        expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
        for (const { id, metadata } of hits) expect(JSON.parse(metadata)).toMatchObject({ id });
      }
    };
    const compacting = async (): Promise<void> => {
      for (let round = 0; round < 4; round++) await index.compact();
      isBusy = false;
    };
    await Promise.all([writing(0), writing(1), reading(), compacting()]);
    const check = async (one: ManagedIndex): Promise<void> => {
      const found = new Map<unknown, unknown>();
      for await (const { id, metadata } of one.export()) {
        expect(found.has(id)).toBe(false);
        found.set(id, metadata['mark']);
      }
      expect(new Map([...found].sort())).toEqual(new Map([...known].sort()));
      const [hits = []] = await one.search(random.vectors(1, dimension), { k: 10_000 });
      expect(hits.map(({ id }) => id).sort()).toEqual([...known.keys()].sort());
    };
    await check(index);
    await house.restart();
    await check(house.get(index.definition.id));
    expect(house.log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});

describe('an index by itself', () => {
  it('counts what its store holds in memory', async () => {
    await using house = await TestHouse.make();
    const index = await house.make({ dimension });
    const metadata = names(100).map(() => JSON.stringify({ note: 'x'.repeat(10_000) }));
    await index.upsert({ ids: names(100), values: new Random(seed).vectors(100, dimension), metadata });
    expect((await index.stats()).memory_bytes).toBeGreaterThan(1_000_000);
    expect(house.indexes.sizes()[0]?.memoryBytes).toBeGreaterThan(1_000_000);
  });

  it('leaves nothing remembered of its hits when it is deleted, and what others remember stays', async () => {
    await using house = await TestHouse.make();
    const random = new Random(seed);
    const [deleted, other] = [await house.make({ dimension }), await house.make({ dimension })];
    await fill(deleted, random, names(100));
    await fill(other, random, names(50));
    await other.search(random.vectors(1, dimension), { k: 50 });
    const bytes = house.indexes.rememberedBytes;
    expect(bytes).toBeGreaterThan(0);
    await deleted.search(random.vectors(1, dimension), { k: 100 });
    expect(house.indexes.rememberedBytes).toBeGreaterThan(2 * bytes);
    await house.indexes.delete('default', deleted.definition.id);
    expect(house.indexes.rememberedBytes).toBe(bytes);
  });

  it('answers exactly until it has enough to train, then trains, also across a restart', async () => {
    await using house = await TestHouse.make();
    let index = await house.make({ dimension, index_type: 'IVF16,Flat', nprobe: 16 });
    const random = new Random(seed);
    await fill(index, random, names(300));
    expect(await index.stats()).toMatchObject({ state: 'untrained', trained: false, serving: 'IndexFlatL2' });
    await house.restart();
    index = house.get(index.definition.id);
    await fill(index, random, names(324, 300));
    await until(async () => (await index.stats()).trained, 'it is trained');
    expect(await index.stats()).toMatchObject({ state: 'ready', serving: 'IndexIVFFlat', vector_count: 624 });
    const before = await answers(index, seed);
    await house.restart();
    index = house.get(index.definition.id);
    expect(await index.stats()).toMatchObject({ state: 'ready', serving: 'IndexIVFFlat', vector_count: 624 });
    expect(await answers(index, seed)).toEqual(before);
    // The store has the trained index: without its snapshot it is made again, not trained again.
    const lines = house.log.lines.length;
    await index.compact();
    expect((await index.stats()).serving).toBe('IndexIVFFlat');
    expect(house.log.lines.slice(lines).some(({ fields }) => 'job' in fields && fields.job === 'training')).toBe(false);
  });

  it('trains when told to, or says how many vectors are missing', async () => {
    await using house = await TestHouse.make();
    const index = await house.make({ dimension, index_type: 'IVF16,Flat' });
    const random = new Random(seed);
    await fill(index, random, names(15));
    await expect(index.train()).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(/at least 16 vectors and this index has 15.*by itself from 624/),
    });
    await fill(index, random, names(85, 15));
    await index.train();
    expect(await index.stats()).toMatchObject({ trained: true, serving: 'IndexIVFFlat', vector_count: 100 });
    await index.train();
    expect(await index.count()).toBe(100);
  });

  it.each([
    ['Flat', 0.2],
    ['HNSW8', 0.5],
  ])('of type %s compacts when %f of its rows are dead', async (index_type, share) => {
    await using house = await TestHouse.make();
    const index = await house.make({ dimension, index_type });
    await fill(index, new Random(seed), names(1000));
    await index.delete(names(1000 * share - 1));
    expect((await index.stats()).dead_rows).toBe(1000 * share - 1);
    await index.delete([`v${1000 * share}`]);
    await until(async () => (await index.stats()).dead_rows === 0, 'the dead rows are gone');
    expect(await index.count()).toBe(1000 - 1000 * share);
  });

  it('closes when nobody uses it, and opens again for the next one', async () => {
    await using house = await TestHouse.make({ maxOpenIndexes: 2 });
    const all = [];
    for (let at = 0; at < 6; at++) {
      const index = await house.make({ dimension });
      all.push(index);
      await fill(index, new Random(at), names(10 + at));
    }
    expect(house.indexes.sizes().length).toBeLessThanOrEqual(2);
    const counts = await Promise.allSettled(all.map((index) => index.count()));
    for (const [at, count] of counts.entries()) {
      if (count.status === 'fulfilled') expect(count.value).toBe(10 + at);
      else expect(count.reason).toMatchObject({ code: 'unavailable' });
    }
    for (const [at, index] of all.entries()) expect(await index.count()).toBe(10 + at);
    const { indexes } = await house.indexes.list(undefined, { limit: 100 });
    expect(indexes.map(({ vector_count }) => vector_count)).toEqual([10, 11, 12, 13, 14, 15]);
  });

  it('is the only one that may be open, where one may be', async () => {
    await using house = await TestHouse.make({ maxOpenIndexes: 1 });
    const [a, b] = [await house.make({ dimension }), await house.make({ dimension })];
    await fill(a, new Random(1), names(3));
    await fill(b, new Random(2), names(4));
    expect([await a.count(), await b.count()]).toEqual([3, 4]);
  });
});

describe('the list of indexes', () => {
  it('has each once over its pages, also of those made in the same millisecond', async () => {
    await using house = await TestHouse.make();
    const made = await Promise.all(Array.from({ length: 60 }, () => house.make({ dimension })));
    const walk = async (): Promise<string[]> => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await house.indexes.list(undefined, { limit: 7, ...(cursor !== undefined && { cursor }) });
        ids.push(...page.indexes.map(({ id }) => id));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return ids;
    };
    const ids = await walk();
    expect([...ids].sort()).toEqual(made.map(({ definition }) => definition.id).sort());
    await house.restart();
    expect(await walk()).toEqual(ids);
  });

  it('is closed when there are as many as may be, also for many at once', async () => {
    await using house = await TestHouse.make({ maxIndexes: 5 });
    const made = await Promise.allSettled(Array.from({ length: 12 }, () => house.make({ dimension })));
    expect(made.filter(({ status }) => status === 'fulfilled').length).toBe(5);
    await expect(house.make({ dimension })).rejects.toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringContaining('MAX_INDEXES'),
    });
  });

  it('shows another tenant nothing', async () => {
    await using house = await TestHouse.make();
    const { id } = await house.indexes.create('a', { name: 'x', dimension });
    expect((await house.indexes.list('b', { limit: 10 })).indexes).toEqual([]);
    expect(() => house.indexes.get('b', id)).toThrow(expect.objectContaining({ code: 'not_found' }));
    await expect(house.indexes.delete('b', id)).rejects.toMatchObject({ code: 'not_found' });
    await house.indexes.delete('a', id);
    expect(await exists(join(house.path, 'a', id))).toBe(false);
  });
});
