// Answers by the stored values of vectors, where FAISS's index does not hold them well enough.
import { knn } from '@voisin/faiss';
import { positionsOf } from './filter/index.js';
import { faissMetric, prepare } from './geometry.js';
import { type Nearest, pairsOf, type Question, type Questions, ranked } from './question.js';

const storedChunk = 1024;
/** Under these, squares of differences leave the range of a float32. */
const [tinyDistance, tinyValue] = [1e-30, 1e-15];

/** Compares the query with the stored values of every matching row. */
export async function scanStored({ generation, definition, store, query, k, selector }: Question): Promise<Nearest> {
  const { metric, wanted } = definition;
  const positions = positionsOf(selector ?? generation.live);
  let best: Nearest = { positions: [], distances: [] };
  for (let start = 0; start < positions.length; start += storedChunk) {
    const chunk = positions.subarray(start, start + storedChunk);
    const { values, missing } = await store.values(Array.from(chunk, (position) => generation.rowAt(position)));
    const result = await knn(
      query,
      prepare(metric, values, wanted.dimension),
      wanted.dimension,
      Math.min(k, chunk.length),
      faissMetric(metric),
    );
    const all = pairsOf(best);
    for (const [rank, label] of result.labels.entries()) {
      const position = chunk[Number(label)] ?? -1;
      if (label >= 0n && !missing.has(generation.rowAt(position))) all.push({ position, distance: result.distances[rank] ?? 0 });
    }
    best = ranked(metric, all, k);
  }
  return best;
}

/** The k nearest of what was found, by the stored values. */
export async function compareStored(question: Questions, queries: Float32Array, found: readonly Nearest[]): Promise<Nearest[]> {
  const { definition, generation, store, k } = question;
  const { metric, wanted } = definition;
  const { dimension } = wanted;
  const lists: Nearest[] = [];
  for (const [at, { positions }] of found.entries()) {
    const { values, missing } = await store.values(positions.map((position) => generation.rowAt(position)));
    const query = queries.subarray(at * dimension, (at + 1) * dimension);
    const { labels, distances } = await knn(
      query,
      prepare(metric, values, dimension),
      dimension,
      Math.max(1, positions.length),
      faissMetric(metric),
    );
    const all = Array.from(labels, (label, rank) => ({ position: positions[Number(label)] ?? -1, distance: distances[rank] ?? 0 }));
    const there = all.filter(({ position }) => position >= 0 && !missing.has(generation.rowAt(position)));
    lists.push(ranked(metric, there, k));
  }
  return lists;
}

/**
 * The squares of tiny differences are 0 as float32, and then every vector near the origin is as near as any other: their stored values are compared in doubles. Not where
 * all that was found equals the query, as with many zero vectors: nothing is nearer.
 */
export async function resolveTiny(question: Questions, queries: Float32Array, found: readonly Nearest[]): Promise<Nearest[]> {
  const { dimension } = question.definition.wanted;
  const lists: Nearest[] = [];
  for (const [at, near] of found.entries()) {
    const query = queries.subarray(at * dimension, (at + 1) * dimension);
    const isTiny = (near.distances.at(-1) ?? 0) < tinyDistance && query.every((value) => Math.abs(value) < tinyValue);
    if (!isTiny || near.positions.length === 0) {
      lists.push(near);
      continue;
    }
    const looked = await inDoubles(question, query, near.positions);
    const allEqual = looked.distances.every((distance) => distance === 0);
    lists.push(allEqual ? looked : await inDoubles(question, query, positionsOf(question.selector ?? question.generation.live)));
  }
  return lists;
}

async function inDoubles(
  { definition, generation, store, k }: Questions,
  query: Float32Array,
  positions: ArrayLike<number>,
): Promise<Nearest> {
  let best: Nearest = { positions: [], distances: [] };
  for (let start = 0; start < positions.length; start += storedChunk) {
    const chunk = Array.from({ length: Math.min(storedChunk, positions.length - start) }, (_, at) => positions[start + at] ?? 0);
    const { values, missing } = await store.values(chunk.map((position) => generation.rowAt(position)));
    const all = pairsOf(best);
    for (const [at, position] of chunk.entries()) {
      if (missing.has(generation.rowAt(position))) continue;
      let distance = 0;
      for (const [i, value] of query.entries()) distance += (value - (values[at * query.length + i] ?? 0)) ** 2;
      all.push({ position, distance });
    }
    best = ranked(definition.metric, all, k);
  }
  return best;
}
