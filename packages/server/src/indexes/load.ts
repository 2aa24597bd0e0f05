// From the disk to a generation: the snapshot where it is whole, and the rows of the store that came after it.
import { Index } from '@voisin/faiss';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DamageError } from '../errors.js';
import { isDiskFull, isThere, isTooManyFiles } from '../store/disk.js';
import { inTurns, type Pieces } from '../turns.js';
import { RowStore } from '../store/row-store.js';
import { readSnapshot, type SnapshotHeader } from '../store/snapshot.js';
import type { Definition } from './definition.js';
import { Columns, type MetadataBatch } from './filter/index.js';
import { type Fit, fitOfType } from './fit.js';
import { Generation, Placement } from './generation.js';
import { faissMetric, prepare } from './geometry.js';
import { factoryString, type IndexType, trainingNeeds } from './index-type.js';
import { OutsideRows } from './outside-rows.js';
import type { IndexServices } from './services.js';
import { fitOfRecord } from './training-record.js';
import { SplitMap } from './split-map.js';

const outsideAtOnce = 256;

class StoreGone extends DamageError {}

export const rowsPath = (directory: string): string => join(directory, 'rows');
export const snapshotPath = (directory: string): string => join(directory, 'index.faiss');

/** The store of an index. Errors: DamageError where it is gone: every index was made with the folder. */
export async function openRows(directory: string, { wanted }: Definition): Promise<RowStore> {
  if (!(await isThere(rowsPath(directory)))) throw new StoreGone('the files in rows/ are gone; restore them from a backup');
  return RowStore.open(rowsPath(directory), wanted.dimension);
}

export interface Loaded {
  readonly generation: Generation;
  readonly rowOfId: SplitMap<string, number>;
  /** The store's change at which the snapshot was taken; 0: there is none that serves. */
  readonly snapshotChanges: number;
  readonly snapshotAt: string | undefined;
}

/** What answers while training is wanted: exact, and quick enough for as long as there are few vectors. */
export const standIn: IndexType = { family: 'flat' };

/** What fits the type that serves, by the store's record of the training; undefined: all, or the training is of a version that did not measure it. */
export const fitOf = (type: IndexType, trained: Uint8Array | undefined): Fit | undefined =>
  trained === undefined ? fitOfType(type) : fitOfRecord(trained);

/** An empty FAISS index of the type that serves: trained, where the type wants it. `trained` is the store's record of the training. */
export async function emptyFaiss(
  { wanted, metric, type, efConstruction, efSearch }: Definition,
  trained: Uint8Array | undefined,
): Promise<{ faiss: Index; serving: IndexType; fit: Fit | undefined }> {
  const fit = fitOf(type, trained);
  if (trained !== undefined) return { faiss: await Index.deserialize(trained), serving: type, fit };
  const serving = trainingNeeds(type) === undefined ? type : standIn;
  const faiss = await Index.fromFactory(wanted.dimension, factoryString(serving), faissMetric(metric));
  if (serving.family === 'hnsw') {
    await faiss.setParameter('efConstruction', efConstruction);
    // Every search of ours says its own; this is what a program that reads index.faiss will use.
    await faiss.setParameter('efSearch', efSearch);
  }
  return { faiss, serving, fit };
}

/** Loads what lies in `directory`. Errors: whatever the store or FAISS cannot read. A snapshot that does not serve is set aside, never an error. */
export async function load(directory: string, definition: Definition, store: RowStore, services: IndexServices): Promise<Loaded> {
  // The two large reads run side by side: one keeps the event loop busy, the other FAISS's threads.
  const reading = readIndexFile(snapshotPath(directory));
  const [fromFile, fromStore] = await Promise.allSettled([reading, readIds(store)]);
  if (fromStore.status === 'rejected') {
    if (fromFile.status === 'fulfilled') await fromFile.value?.faiss.release();
    throw fromStore.reason;
  }
  const { ids, rowOfId } = fromStore.value;
  const trained = await store.trained();
  const snapshot = await usable(reading, directory, definition, store, ids, trained, services);
  const { faiss, serving, fit } = snapshot ?? (await emptyFaiss(definition, trained));
  const placement = await inTurns(Placement.of(withIds(snapshot?.rows ?? new Float64Array(0), ids)));
  const outside = new OutsideRows(faiss.metric, faiss.dimension);
  if (snapshot !== undefined) await keepOutside(outside, snapshot, definition, store);
  for await (const { rows, values } of store.valuesAfter(snapshot?.lastRow ?? 0)) {
    const prepared = prepare(definition.metric, values, definition.wanted.dimension);
    await outside.addMeasured(faiss, fit, placement.ids.length, prepared, services.threads);
    for (const row of rows) placement.add(row, ids.get(row) ?? '');
  }
  const columns = (own: Generation): Columns => new Columns(() => metadataOf(own, store), { rows: own.size });
  const generation = new Generation(faiss, serving, placement, columns, fit, outside);
  if (generation.alive !== ids.size) {
    await faiss.release();
    throw new DamageError(`the store has the ids of ${ids.size} rows and the values of ${generation.alive}: a file of it is damaged`);
  }
  return { generation, rowOfId, snapshotChanges: snapshot?.changes ?? 0, snapshotAt: snapshot?.writtenAt };
}

/** Reads the vectors that the snapshot says do not fit; those deleted since are left out. */
async function keepOutside(
  outside: OutsideRows,
  { rows, outside: outsideRows }: { readonly rows: Float64Array; readonly outside: Float64Array },
  { metric, wanted }: Definition,
  store: RowStore,
): Promise<void> {
  const { dimension } = wanted;
  let position = 0;
  for (let start = 0; start < outsideRows.length; start += outsideAtOnce) {
    const some = [...outsideRows.subarray(start, start + outsideAtOnce)];
    const { values, missing } = await store.values(some);
    const prepared = prepare(metric, values, dimension);
    const positions: number[] = [];
    const kept = new Float32Array(values.length);
    for (const [at, row] of some.entries()) {
      while (position < rows.length && (rows[position] ?? 0) < row) position++;
      if (missing.has(row) || rows[position] !== row) continue;
      kept.set(prepared.subarray(at * dimension, (at + 1) * dimension), positions.length * dimension);
      positions.push(position);
    }
    if (positions.length > 0) await outside.keep(positions, kept.subarray(0, positions.length * dimension));
  }
}

/** The stored metadata of a generation's rows. */
export async function* metadataOf(generation: Generation, store: RowStore): AsyncGenerator<MetadataBatch> {
  for await (const entries of store.metadata()) {
    const positions: number[] = [];
    const metadata: string[] = [];
    for (const entry of entries) {
      const position = generation.positionOf(entry.row);
      if (position === undefined) continue;
      positions.push(position);
      metadata.push(entry.metadata);
    }
    yield { positions, metadata };
  }
}

function* withIds(rows: Float64Array, ids: SplitMap<number, string>): Generator<[row: number, id: string]> {
  for (const row of rows) yield [row, ids.get(row) ?? ''];
}

async function readIds(store: RowStore): Promise<{ ids: SplitMap<number, string>; rowOfId: SplitMap<string, number> }> {
  const ids = SplitMap.byRow<string>();
  const rowOfId = SplitMap.byId<number>();
  for await (const entries of store.ids()) {
    for (const { row, id } of entries) {
      // Twice the same id: only after commits were lost. The last one counts.
      const older = rowOfId.get(id);
      if (older !== undefined) ids.delete(older);
      ids.set(row, id);
      rowOfId.set(id, row);
    }
  }
  return { ids, rowOfId };
}

interface IndexFile {
  readonly header: SnapshotHeader;
  readonly rows: Float64Array;
  readonly outside: Float64Array;
  readonly faiss: Index;
}

/** index.faiss, verified and loaded; undefined: there is none. */
async function readIndexFile(path: string): Promise<IndexFile | undefined> {
  await rm(`${path}.new`, { force: true, recursive: true });
  const snapshot = await readSnapshot(path);
  if (snapshot === undefined) return undefined;
  const faiss = await Index.read(path);
  if (faiss.ntotal === snapshot.rows.length && faiss.dimension === snapshot.header.dimension) return { ...snapshot, faiss };
  await faiss.release();
  throw new Error('the snapshot index.faiss does not hold what its trailer says');
}

interface UsableSnapshot {
  readonly faiss: Index;
  readonly serving: IndexType;
  readonly fit: Fit | undefined;
  readonly rows: Float64Array;
  readonly outside: Float64Array;
  readonly lastRow: number;
  readonly changes: number;
  readonly writtenAt: string;
}

/** The snapshot, if it belongs to this store; one that cannot be read or does not belong is set aside. */
async function usable(
  reading: Promise<IndexFile | undefined>,
  directory: string,
  definition: Definition,
  store: RowStore,
  ids: SplitMap<number, string>,
  trained: Uint8Array | undefined,
  { log }: IndexServices,
): Promise<UsableSnapshot | undefined> {
  let file: IndexFile | undefined;
  try {
    file = await reading;
    if (file === undefined) return undefined;
    const { header, rows, outside, faiss } = file;
    if (store.state.changes === 0 && header.changes > 0) {
      throw new StoreGone(
        `the store is empty, and the snapshot holds ${rows.length} rows: the files in rows/ are gone; restore them from a backup`,
      );
    }
    const fit = fitOf(definition.type, trained);
    // Trained since, or written before it was known what fits: every row goes into the trained index, which the store has.
    const isOld = header.standIn
      ? trained !== undefined
      : header.trainedAt !== fit?.trainedAt || (fit !== undefined && header.outside === undefined);
    if (isOld) {
      await faiss.release();
      return undefined;
    }
    const doubt = await inTurns(doubtOf(header, definition, store, ids, rows));
    if (doubt !== undefined) throw new Error(`the snapshot index.faiss does not belong to this store: ${doubt}`);
    return { ...header, faiss, serving: header.standIn ? standIn : definition.type, fit, rows, outside };
  } catch (error) {
    await file?.faiss.release();
    if (isDiskFull(error) || isTooManyFiles(error) || error instanceof StoreGone) throw error;
    const path = snapshotPath(directory);
    const aside = `${path}.damaged`;
    log.warn(
      { err: error, index: definition.id, tenant: definition.tenant, aside },
      'a snapshot does not serve: it is set aside and made again from the store',
    );
    await rm(aside, { force: true, recursive: true });
    await rename(path, aside);
    return undefined;
  }
}

function* doubtOf(
  header: { dimension: number; metric: string; lastRow: number; changes: number },
  { wanted, metric }: Definition,
  { state }: RowStore,
  ids: SplitMap<number, string>,
  rows: Float64Array,
): Pieces<string | undefined> {
  if (header.dimension !== wanted.dimension || header.metric !== metric) return 'its dimension or metric is another';
  if (header.changes > state.changes || header.lastRow > state.lastRow) return 'it is newer than the store';
  // Both ascend.
  let at = 0;
  for (const row of ids.keys()) {
    while ((rows[at] ?? Infinity) < row) at++;
    if (row <= header.lastRow && rows[at] !== row) return `row ${row} is missing in it`;
    yield 2;
  }
  return undefined;
}
