// Training and compaction: both build the next generation beside the one that serves, catch up, and swap.
import { Index } from '@voisin/faiss';
import { DamageError, VoisinError } from '../errors.js';
import { inRanges, inTurns, type Pieces } from '../turns.js';
import { type Fit, fitOfTraining } from './fit.js';
import { emptyFaiss, metadataOf } from './load.js';
import { Generation, Placement, stepsOfFinding } from './generation.js';
import { faissMetric, prepare } from './geometry.js';
import { factoryString, type IndexType, listsFor, trainingFactory, trainingNeeds } from './index-type.js';
import type { OpenIndex } from './open-index.js';
import { OutsideRows } from './outside-rows.js';
import { trainingRecord } from './training-record.js';

/** k-means takes no more than 256 points for each centroid (FAISS's max_points_per_centroid), and this many rows of memory suffice. */
const maxTrainingRows = 100_000;
/** What is left to catch up when writers are made to wait for the swap. */
const swapRows = 500;
const maxRounds = 8;
const slice = 256;

/** Trains the index's type on its rows, then moves them into it. Errors: failed_precondition when there are too few. */
export async function train(index: OpenIndex): Promise<void> {
  const { definition } = index;
  const { type, metric, wanted } = definition;
  const needs = trainingNeeds(type);
  if (needs === undefined) return;
  const { alive } = index.generation;
  if (alive < needs.least) {
    throw new VoisinError(
      'failed_precondition',
      `training ${factoryString(type)} takes at least ${needs.least} vectors and this index has ${alive}; ` +
        `it answers exactly until then, and trains by itself from ${needs.good}`,
    );
  }
  const faiss = await Index.fromFactory(wanted.dimension, trainingFactory(type, listsFor(alive)), faissMetric(metric));
  const vectors = await sample(index);
  await faiss.train(vectors, { threads: 1 });
  const trained = await faiss.serialize();
  const fit = await fitOfTraining(trained, vectors, wanted.dimension);
  // Before the swap, so that a start finds the trained index whichever generation the snapshot holds.
  await index.putTrained(trainingRecord(trained, fit));
  await build(index, faiss, type, fit);
}

/** Builds the index again without its dead rows. */
export async function compact(index: OpenIndex): Promise<void> {
  const { faiss, serving, fit } = await emptyFaiss(index.definition, await index.store.trained());
  await build(index, faiss, serving, fit);
}

/** The prepared values of rows spread evenly over all that are alive: the same rows give the same training. */
async function sample({ generation, store, definition }: OpenIndex): Promise<Float32Array> {
  const rows = await inTurns(sampleRows(generation));
  const { metric, wanted } = definition;
  const { dimension } = wanted;
  const values = new Float32Array(rows.length * dimension);
  let filled = 0;
  for (let start = 0; start < rows.length; start += slice) {
    const some = rows.slice(start, start + slice);
    const chunk = await store.values(some);
    const prepared = prepare(metric, chunk.values, dimension);
    for (const [at, row] of some.entries()) {
      // Deleted since.
      if (chunk.missing.has(row)) continue;
      values.set(prepared.subarray(at * dimension, (at + 1) * dimension), filled++ * dimension);
    }
  }
  return values.subarray(0, filled * dimension);
}

function* sampleRows(generation: Generation): Pieces<number[]> {
  const step = Math.max(1, generation.alive / maxTrainingRows);
  const rows: number[] = [];
  let alive = 0;
  yield* inRanges(generation.size, (from, to) => {
    for (let position = from; position < to; position++) {
      if (generation.isLive(position) && alive++ >= rows.length * step) rows.push(generation.rowAt(position));
    }
  });
  return rows;
}

/** The next generation as it grows. */
interface Growing {
  readonly faiss: Index;
  readonly serving: IndexType;
  readonly fit: Fit | undefined;
  readonly outside: OutsideRows;
  /** By position. */
  readonly rows: number[];
}

async function build(index: OpenIndex, faiss: Index, serving: IndexType, fit: Fit | undefined): Promise<void> {
  const rows: number[] = [];
  const growing: Growing = { faiss, serving, fit, outside: new OutsideRows(faiss.metric, faiss.dimension), rows };
  try {
    for (let round = 0; round < maxRounds && index.store.state.lastRow - (rows.at(-1) ?? 0) > swapRows; round++) {
      const before = rows.length;
      await catchUp(index, growing);
      if (rows.length === before) break;
    }
    await index.alone(async () => {
      await catchUp(index, growing);
      const next = await nextGeneration(index, growing);
      const { alive } = index.generation;
      if (next.alive !== alive) {
        throw new DamageError(`the store has the values of ${next.alive} rows and should have ${alive}: a file of it is damaged`);
      }
      index.replaceGeneration(next);
    });
  } catch (error) {
    await faiss.release();
    await growing.outside.release();
    throw error;
  }
}

/** Adds the live rows after the last one that `rows` has. A row that is committed but not booked yet is left, with all behind it, for the next round. */
async function catchUp({ store, generation, definition, closing }: OpenIndex, { faiss, fit, outside, rows }: Growing): Promise<void> {
  const { dimension } = definition.wanted;
  const lastBooked = generation.size === 0 ? 0 : generation.rowAt(generation.size - 1);
  for await (const batch of store.valuesAfter(rows.at(-1) ?? 0)) {
    if ((batch.rows[0] ?? 0) > lastBooked) return;
    const alive = [...batch.rows.entries()].filter(([, row]) => row <= lastBooked && isAlive(generation, row));
    const values = new Float32Array(alive.length * dimension);
    for (const [to, [from]] of alive.entries()) values.set(batch.values.subarray(from * dimension, (from + 1) * dimension), to * dimension);
    const prepared = prepare(definition.metric, values, dimension);
    for (let start = 0; start < alive.length; start += slice) {
      if (closing.aborted) throw new VoisinError('unavailable', 'the index is being closed');
      const end = Math.min(start + slice, alive.length);
      await outside.addMeasured(faiss, fit, rows.length, prepared.subarray(start * dimension, end * dimension), 1);
      for (const [, row] of alive.slice(start, end)) rows.push(row);
    }
  }
}

function isAlive(generation: Generation, row: number): boolean {
  const position = generation.positionOf(row);
  return position !== undefined && generation.isLive(position);
}

/** Inside `alone`: no row changes meanwhile. */
async function nextGeneration({ generation: old, store }: OpenIndex, { faiss, serving, fit, outside, rows }: Growing): Promise<Generation> {
  const placement = await inTurns(Placement.of(withIds(old, rows)));
  const selected = await old.columns.select(await inTurns(positionsIn(old, rows)));
  return new Generation(faiss, serving, placement, (own) => selected(() => metadataOf(own, store)), fit, outside);
}

/** A row that died since it was added need not be in the old generation any more: it is dead in the next one. */
function* withIds(old: Generation, rows: readonly number[]): Generator<[row: number, id: string]> {
  for (const row of rows) {
    const position = old.positionOf(row);
    yield [row, position === undefined || !old.isLive(position) ? '' : old.idAt(position)];
  }
}

function* positionsIn(old: Generation, rows: readonly number[]): Pieces<Uint32Array> {
  const positions = new Uint32Array(rows.length);
  yield* inRanges(
    rows.length,
    (from, to) => {
      for (let at = from; at < to; at++) positions[at] = old.positionOf(rows[at] ?? 0) ?? 0;
    },
    stepsOfFinding,
  );
  return positions;
}
