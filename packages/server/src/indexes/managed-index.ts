// A managed index as operations see it: always there, opened on first use, closed when idle, the same face in either state.
import { VoisinError } from '../errors.js';
import { inRanges, inTurns, Turns } from '../turns.js';
import { directoryBytes } from '../store/disk.js';
import { type Change } from './changes.js';
import type { Definition } from './definition.js';
import { andBitmaps, countBits, type Filter, hasBit, positionsOf } from './filter/index.js';
import { distanceOf, isWithin, largestMagnitude, prepare, refusal } from './geometry.js';
import { parseMetadata, readRecords, toHits } from './hits.js';
import { mergePatch } from './merge-patch.js';
import { findNearest } from './nearest.js';
import type { OpenIndex } from './open-index.js';
import type { Nearest, NearestOptions } from './question.js';
import type { IndexServices } from './services.js';
import type { AnswerMeter, Hit, IndexStats, Metadata, Metric, Page, StoredVector, VectorBatch, VectorPatch } from './types.js';

export interface SearchOptions extends NearestOptions {
  /** Hears how large the answer becomes. */
  readonly meter?: AnswerMeter | undefined;
}

/** Lends the open index to one use of it. */
export type Lend = <T>(use: (index: OpenIndex) => Promise<T>) => Promise<T>;

/** A hit that is deleted while its search runs is dropped, and the search done again so that k are found; never more often than this. */
const maxAttempts = 3;
const exportRows = 256;

export class ManagedIndex {
  readonly definition: Definition;
  readonly #directory: string;
  readonly #lend: Lend;
  readonly #services: IndexServices;
  readonly #largest: number;

  constructor(definition: Definition, directory: string, lend: Lend, services: IndexServices) {
    this.definition = definition;
    this.#directory = directory;
    this.#lend = lend;
    this.#services = services;
    this.#largest = largestMagnitude(definition.metric, definition.wanted.dimension, definition.type);
  }

  get dimension(): number {
    return this.definition.wanted.dimension;
  }

  get embedding(): { readonly model: string } | undefined {
    return this.definition.wanted.embedding;
  }

  /** Why this index cannot keep (or be asked for) these values; undefined: it can. */
  refusal(values: Float32Array): string | undefined {
    return refusal(this.definition.metric, values, this.#largest);
  }

  /** Adds vectors, or replaces those of the same id. Durable and found by searches when it resolves. Errors: resource_exhausted, unavailable. */
  async upsert(batch: VectorBatch): Promise<{ created: number }> {
    const { count } = await this.#change({ kind: 'upsert', batch });
    return { created: count };
  }

  /** Errors: not_found. */
  get(id: string): Promise<StoredVector> {
    return this.#lend((index) => this.#read(index, id));
  }

  async put(
    id: string,
    vector: { readonly values: Float32Array; readonly metadata: Metadata; readonly text?: string },
  ): Promise<{ created: boolean }> {
    const { created } = await this.upsert({
      ids: [id],
      values: vector.values,
      metadata: [JSON.stringify(vector.metadata)],
      texts: [vector.text],
    });
    return { created: created === 1 };
  }

  /** Changes what is named and leaves the rest. Errors: not_found; invalid_argument when the merged metadata are too large. */
  patch(id: string, patch: VectorPatch): Promise<StoredVector> {
    return this.#lend((index) =>
      index.exclusiveChange(async () => {
        const old = await this.#read(index, id);
        const metadata = patch.metadata === undefined ? old.metadata : mergePatch(old.metadata, patch.metadata);
        const json = JSON.stringify(metadata);
        const { metadataBytes } = this.#services.limits;
        if (Buffer.byteLength(json) > metadataBytes) {
          throw new VoisinError(
            'invalid_argument',
            `metadata: ${Buffer.byteLength(json)} bytes after merging; at most ${metadataBytes} are kept`,
            { field: 'metadata' },
          );
        }
        const text = patch.text ?? old.text;
        const row = index.rowOf(id);
        if (patch.values !== undefined) {
          await index.changeNow([{ kind: 'upsert', batch: { ids: [id], values: patch.values, metadata: [json], texts: [text] } }]);
        } else if (row !== undefined) {
          await index.rewrite(row, json, text);
        }
        return { ...old, metadata, values: patch.values ?? old.values, ...(text !== undefined && { text }) };
      }),
    );
  }

  /** Deletes what is there and says how many that were. */
  async delete(ids: readonly string[]): Promise<number> {
    return (await this.#change({ kind: 'remove', ids })).count;
  }

  async deleteWhere(filter: Filter): Promise<number> {
    return this.#lend((index) =>
      index.exclusiveChange(async () => {
        const { generation } = index;
        const matching = positionsOf(andBitmaps(await generation.columns.match(filter), generation.live));
        const ids: string[] = [];
        // No row comes or goes meanwhile: all changes wait in the line of this one.
        await inTurns(
          inRanges(matching.length, (from, to) => {
            for (const position of matching.subarray(from, to)) ids.push(generation.idAt(position));
          }),
        );
        const [result] = await index.changeNow([{ kind: 'remove', ids }]);
        return result?.count ?? 0;
      }),
    );
  }

  /** Ids in the order in which their vectors were last written. The cursor stays good while the index changes. */
  list({ limit, cursor, filter }: Page & { readonly filter?: Filter }): Promise<{ ids: string[]; next_cursor?: string }> {
    return this.#lend(async ({ generation }) => {
      const matching = filter === undefined ? undefined : await generation.columns.match(filter);
      const ids: string[] = [];
      let row = cursor === undefined ? 0 : rowOfCursor(cursor);
      const turns = new Turns();
      for (let position = generation.firstAfter(row); position < generation.size; position++) {
        // Many may be dead, or not match.
        if ((position & 4095) === 4095) {
          turns.count(4096);
          if (turns.over) await turns.next();
        }
        if (!generation.isLive(position) || (matching !== undefined && !hasBit(matching, position))) continue;
        if (ids.length === limit) return { ids, next_cursor: String(row) };
        ids.push(generation.idAt(position));
        row = generation.rowAt(position);
      }
      return { ids };
    });
  }

  count(filter?: Filter): Promise<number> {
    return this.#lend(async ({ generation }) =>
      filter === undefined ? generation.alive : countBits(andBitmaps(await generation.columns.match(filter), generation.live)),
    );
  }

  /** The nearest vectors of each query (queries: n x dimension), nearest first. */
  search(queries: Float32Array, options: SearchOptions): Promise<Hit[][]> {
    const { metric } = this.definition;
    const prepared = prepare(metric, queries, this.dimension);
    const { maxDistance } = options;
    return this.#lend(async (index) => {
      for (let attempt = 1; ; attempt++) {
        const { generation } = index;
        const { hits, complete } = await generation.pin(async () => {
          const found = await findNearest(generation, this.definition, index.store, prepared, options);
          const nearest = maxDistance === undefined ? found : found.map((one) => within(metric, one, maxDistance, this.dimension));
          const lists = await toHits(index, generation, nearest, this.#services, options.meter);
          return { hits: lists, complete: lists.every((list, query) => list.length === nearest[query]?.positions.length) };
        });
        if (!complete && attempt < maxAttempts) continue;
        if (index.reloading === undefined) return hits;
        await index.reloading.catch(() => undefined);
      }
    });
  }

  /** Trains now, with what there is. Errors: failed_precondition when that is too little. */
  train(): Promise<void> {
    return this.#lend((index) => index.train());
  }

  /** Frees dead rows now. */
  compact(): Promise<void> {
    return this.#lend((index) => index.compact());
  }

  stats(): Promise<IndexStats> {
    return this.#lend(async (index) => {
      const { generation, store } = index;
      return {
        vector_count: generation.alive,
        dead_rows: generation.dead,
        memory_bytes: index.memoryBytes,
        disk_bytes: await directoryBytes(this.#directory),
        state: index.state,
        ...(index.reason !== undefined && { reason: index.reason }),
        serving: generation.faiss.className,
        trained: index.isTrained,
        ...(generation.fit?.trainedAt !== undefined && { trained_at: generation.fit.trainedAt }),
        ...(generation.fit !== undefined && { outside_rows: generation.outside.alive(generation.live) }),
        changes: store.state.changes,
        changes_since_snapshot: index.changesSinceSnapshot,
        ...(index.snapshotAt !== undefined && { snapshot_at: index.snapshotAt }),
        writes_waiting: index.writesWaiting,
      };
    });
  }

  /** All vectors in the order of `list`, read in steps: what is written meanwhile may or may not be among them. */
  async *export(): AsyncGenerator<StoredVector> {
    let cursor: string | undefined = '0';
    while (cursor !== undefined) {
      const page: { ids: string[]; next_cursor?: string } = await this.list({ limit: exportRows, cursor });
      const vectors = await this.#lend((index) => Promise.all(page.ids.map((id) => this.#readIfThere(index, id))));
      for (const vector of vectors) if (vector !== undefined) yield vector;
      cursor = page.next_cursor;
    }
  }

  #change(change: Change): Promise<{ count: number }> {
    return this.#lend((index) => index.change(change));
  }

  async #read(index: OpenIndex, id: string): Promise<StoredVector> {
    const vector = await this.#readIfThere(index, id);
    if (vector === undefined) throw new VoisinError('not_found', `no vector ${JSON.stringify(id)} in index ${this.definition.id}`);
    return vector;
  }

  async #readIfThere(index: OpenIndex, id: string): Promise<StoredVector | undefined> {
    const { generation } = index;
    const row = index.rowOf(id);
    const position = row === undefined ? undefined : generation.positionOf(row);
    if (row === undefined || position === undefined) return undefined;
    const [{ values, missing }, [record]] = await Promise.all([
      index.store.values([row]),
      readRecords(index, generation, [position], this.#services),
    ]);
    if (missing.size > 0 || record === undefined) {
      if (index.reloading !== undefined) {
        await index.reloading;
        return this.#readIfThere(index, id);
      }
      // Replaced or deleted while it was read.
      return index.rowOf(id) === row ? undefined : this.#readIfThere(index, id);
    }
    return { id, values, metadata: parseMetadata(record.metadata), ...(record.text !== undefined && { text: record.text }) };
  }
}

/** What is near enough: nothing else of the others is read. */
function within(metric: Metric, { positions, distances }: Nearest, maxDistance: number, dimension: number): Nearest {
  const isNear = (rank: number): boolean => isWithin(metric, distanceOf(metric, distances[rank] ?? 0), maxDistance, dimension);
  return { positions: positions.filter((_, rank) => isNear(rank)), distances: distances.filter((_, rank) => isNear(rank)) };
}

function rowOfCursor(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) {
    throw new VoisinError('invalid_argument', `cursor: ${JSON.stringify(cursor)} is not one that this server gave`, { field: 'cursor' });
  }
  return Number(cursor);
}
