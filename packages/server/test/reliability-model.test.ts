// Random operations on a managed index, and the same on a plain map: after each, both must say the same.
// A failing run is repeated with SEED=<the printed seed>; VOISIN_MODEL_OPERATIONS makes it longer.
import { describe, expect, it } from 'vitest';
import { matches, parseFilter } from '../src/indexes/filter/index.js';
import { isNearer, isWithin, scoreOf } from '../src/indexes/geometry.js';
import type { ManagedIndex } from '../src/indexes/managed-index.js';
import { mergePatch } from '../src/indexes/merge-patch.js';
import { distances, newSeed, Random, TestHouse } from '../src/indexes/testing.js';
import type { CreateIndex, Hit, Metadata, Metric } from '../src/indexes/types.js';

const seed = Number(process.env['SEED'] ?? newSeed());
const operations = Number(process.env['VOISIN_MODEL_OPERATIONS'] ?? 20_000);
const dimension = 6;
const idSpace = 220;

interface Row {
  values: Float32Array;
  metadata: Metadata;
}

/** The index as a map in the order of writing, which is the order of `list`. */
class Model {
  readonly rows = new Map<string, Row>();

  put(id: string, row: Row): void {
    this.rows.delete(id);
    this.rows.set(id, row);
  }

  idsWhere(filter: unknown): string[] {
    const parsed = parseFilter(filter);
    return [...this.rows].filter(([, { metadata }]) => matches(parsed, { ...metadata })).map(([id]) => id);
  }
}

class Run {
  readonly model = new Model();
  readonly random: Random;
  index!: ManagedIndex;

  constructor(
    readonly house: TestHouse,
    readonly metric: Metric,
    readonly exact: boolean,
    salt: number,
  ) {
    this.random = new Random(seed + salt);
  }

  id(): string {
    return `v${this.random.below(idSpace)}`;
  }

  values(): Float32Array {
    return this.random.vectors(1, dimension);
  }

  metadata(): Metadata {
    const { random } = this;
    const all: Metadata = {
      group: random.below(8),
      lang: random.pick(['fr', 'de', 'en']),
      'author.name': 'x',
      tags: [random.below(4), 'all'],
    };
    return Object.fromEntries(Object.entries(all).filter(() => random.next() < 0.7));
  }

  filter(): Record<string, unknown> {
    const { random } = this;
    return random.pick([
      () => ({ group: random.below(8) }),
      () => ({ group: { $gte: random.below(8) } }),
      () => ({ lang: { $in: ['fr', 'en'] } }),
      () => ({ lang: { $ne: 'fr' } }),
      () => ({ $or: [{ group: { $exists: false } }, { tags: random.below(4) }] }),
      () => ({ group: 99 }),
      () => ({}),
    ])();
  }

  async add(): Promise<void> {
    const ids = Array.from({ length: 1 + this.random.below(12) }, () => this.id());
    const values = ids.map(() => this.values());
    const metadata = ids.map(() => this.metadata());
    const fresh = new Set(ids.filter((id) => !this.model.rows.has(id))).size;
    const batch = {
      ids,
      values: Float32Array.from(values.flatMap((row) => [...row])),
      metadata: metadata.map((row) => JSON.stringify(row)),
    };
    expect(await this.index.upsert(batch)).toEqual({ created: fresh });
    for (const [at, id] of ids.entries()) this.model.put(id, { values: values[at] ?? this.values(), metadata: metadata[at] ?? {} });
  }

  async addSideBySide(): Promise<void> {
    // Many writers at once: which of two wins is open, so each has its own ids.
    const ids = [...new Set(Array.from({ length: 6 }, () => this.id()))];
    const rows = ids.map((id) => ({ id, values: this.values(), metadata: this.metadata() }));
    await Promise.all(rows.map(({ id, ...row }) => this.index.put(id, row)));
    // Commits keep the order in which the calls were made.
    for (const { id, ...row } of rows) this.model.put(id, row);
  }

  async remove(): Promise<void> {
    const ids = Array.from({ length: 1 + this.random.below(6) }, () => this.id());
    const there = new Set(ids.filter((id) => this.model.rows.has(id)));
    expect(await this.index.delete(ids)).toBe(there.size);
    for (const id of ids) this.model.rows.delete(id);
  }

  async removeWhere(): Promise<void> {
    const filter = { group: this.random.below(8), lang: this.random.pick(['fr', 'de', 'en']) };
    const gone = this.model.idsWhere(filter);
    expect(await this.index.deleteWhere(parseFilter(filter))).toBe(gone.length);
    for (const id of gone) this.model.rows.delete(id);
  }

  async patch(): Promise<void> {
    const id = this.id();
    const old = this.model.rows.get(id);
    const change: Metadata = this.random.pick([{ group: this.random.below(8) }, { lang: null }, { deep: { a: 1, b: null } }]);
    if (old === undefined) return expect(this.index.patch(id, { metadata: change })).rejects.toMatchObject({ code: 'not_found' });
    const metadata = mergePatch(old.metadata, change);
    expect((await this.index.patch(id, { metadata: change })).metadata).toEqual(metadata);
    old.metadata = metadata;
    return undefined;
  }

  async get(): Promise<void> {
    const id = this.id();
    const row = this.model.rows.get(id);
    if (row === undefined) return expect(this.index.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await this.index.get(id)).toEqual({ id, values: row.values, metadata: row.metadata });
    return undefined;
  }

  async search(): Promise<void> {
    const query = this.values();
    const k = 1 + this.random.below(30);
    const filter = this.random.next() < 0.6 ? this.filter() : undefined;
    const [hits = []] = await this.index.search(query, { k, ...(filter && { filter: parseFilter(filter) }) });
    this.judge(hits, query, k, filter);
  }

  judge(hits: Hit[], query: Float32Array, k: number, filter: unknown): void {
    const ids = filter === undefined ? [...this.model.rows.keys()] : this.model.idsWhere(filter);
    const all = Float32Array.from(ids.flatMap((id) => [...(this.model.rows.get(id)?.values ?? [])]));
    const wanted = distances(this.metric, query, all);
    const nearest = [...wanted].sort((a, b) => (isNearer(this.metric === 'ip' ? 'ip' : 'l2', a, b) ? -1 : 1)).slice(0, k);
    expect(hits.length).toBe(Math.min(k, ids.length));
    expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
    for (const [rank, hit] of hits.entries()) {
      const own = wanted[ids.indexOf(hit.id)];
      expect(own, `${hit.id} is alive and matches`).toBeDefined();
      expect(hit.distance).toBeCloseTo(own ?? NaN, 3);
      if (this.exact) expect(hit.distance).toBeCloseTo(nearest[rank] ?? NaN, 3);
      expect(JSON.parse(hit.metadata)).toEqual(this.model.rows.get(hit.id)?.metadata);
      expect(hit.score).toBeCloseTo(scoreOf(this.metric, this.metric === 'cosine' ? 1 - hit.distance : hit.distance), 5);
    }
    const far = nearest[Math.floor(nearest.length / 2)];
    if (far !== undefined) expect(isWithin(this.metric, nearest[0] ?? far, far, dimension)).toBe(true);
  }

  async list(): Promise<void> {
    const filter = this.random.next() < 0.4 ? this.filter() : undefined;
    const limit = 1 + this.random.below(100);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.index.list({
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(filter && { filter: parseFilter(filter) }),
      });
      ids.push(...page.ids);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(ids).toEqual(filter === undefined ? [...this.model.rows.keys()] : this.model.idsWhere(filter));
  }

  async count(): Promise<void> {
    const filter = this.filter();
    expect(await this.index.count()).toBe(this.model.rows.size);
    expect(await this.index.count(parseFilter(filter))).toBe(this.model.idsWhere(filter).length);
  }

  async restart(): Promise<void> {
    const { id } = this.index.definition;
    await this.house.restart();
    expect((await this.house.indexes.info(undefined, id)).vector_count).toBe(this.model.rows.size);
    this.index = this.house.get(id);
    await this.list();
  }

  async compact(): Promise<void> {
    await this.index.compact();
    expect(await this.index.stats()).toMatchObject({ dead_rows: 0, vector_count: this.model.rows.size });
  }

  async step(): Promise<void> {
    const steps = {
      add: 30,
      addSideBySide: 6,
      remove: 14,
      removeWhere: 2,
      patch: 10,
      get: 8,
      search: 22,
      list: 2,
      count: 5,
      restart: 0.15,
      compact: 0.3,
    };
    let at = this.random.next() * Object.values(steps).reduce((sum, weight) => sum + weight);
    for (const [name, weight] of Object.entries(steps) as [keyof typeof steps, number][]) {
      if ((at -= weight) >= 0) continue;
      return this[name]();
    }
  }
}

const kinds: { definition: Partial<CreateIndex>; metric: Metric; exact: boolean; share: number }[] = [
  { definition: { index_type: 'IndexFlatL2' }, metric: 'l2', exact: true, share: 0.35 },
  { definition: { index_type: 'Flat', metric: 'cosine' }, metric: 'cosine', exact: true, share: 0.15 },
  // A graph of so few nodes, searched this widely, finds all there is.
  { definition: { index_type: 'HNSW16', ef_search: 512 }, metric: 'l2', exact: true, share: 0.35 },
  { definition: { index_type: 'IVF4,Flat', metric: 'ip' }, metric: 'ip', exact: false, share: 0.15 },
];

describe(`a managed index does what a plain map does (SEED=${seed})`, () => {
  it.each(kinds.map((kind, salt) => ({ ...kind, salt })))(
    '$definition',
    async ({ definition, metric, exact, share, salt }) => {
      const wanted = Math.round(operations * share);
      await using house = await TestHouse.make({ metadataCacheBytes: 20_000, snapshotPauseMilliseconds: 200 });
      const run = new Run(house, metric, exact, salt);
      run.index = await house.make({ dimension, ...definition });
      for (let done = 0; done < wanted; done++) {
        try {
          await run.step();
          // However the dice fall.
          if (done === Math.floor(wanted / 2)) await run.restart();
        } catch (error) {
          throw new Error(`operation ${done} of ${wanted} went wrong; repeat with SEED=${seed}`, { cause: error });
        }
      }
      await run.restart();
      expect(house.log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    },
    120_000,
  );
});
