// The planner: which way of searching gives the right neighbours soonest, for one generation, with or without a filter.
//
// An approximate index under a filter is a trap: it returns k hits whether or not they are the nearest k. Filters that follow the clusters of the
// data had recall 0.60 at 15% kept with HNSW's ef 64, and still 0.93 at ef 400. So the rows that match are scanned exactly while that is cheap;
// past that, a look at the query's neighbourhood says how thin the matches lie there, and the cheaper of the graph and the exact scan is taken.
import type { NearestOptions as FaissOptions, SearchResult } from '@voisin/faiss';
import { inTurns, type Pieces } from '../turns.js';
import type { RowStore } from '../store/row-store.js';
import type { Definition } from './definition.js';
import { andBitmaps, countBits, hasBit } from './filter/index.js';
import type { Generation } from './generation.js';
import { lengthened } from './geometry.js';
import { pairsOf, ranked } from './question.js';
import type { Nearest, NearestOptions, Question, Questions } from './question.js';
import { compareStored, resolveTiny, scanStored } from './stored-values.js';
import type { Metric } from './types.js';

/**
 * Bytes of vectors that an exact scan may read whatever the alternative costs: under a millisecond at the 20 GB/s that two threads reach here.
 * With four times as much, filters that keep a third of 50,000 x 384 took 1.8 ms in place of 1.1, for a recall of 1.000 in place of 0.997.
 */
const exactBudgetBytes = 16 * 2 ** 20;
/** Rows that may be read back from the store for an exact answer where FAISS keeps codes only: about 10 us each. */
const exactStoredRows = 256;
/** A graph step touches about half of the 2 M neighbours of a node for the first time, at random: dearer than a scan by about two. */
const graphBytesPerStep = (M: number, dimension: number): number => 2 * M * dimension * 4;
/** Vectors of a lossy type that are compared by their values when a distance bounds the answer: at least so many. */
const comparedForDistance = 256;
/**
 * A walk that keeps k candidates misses some of the k nearest: it keeps so many times k. Largest products lie apart from one another, so that
 * a walk to them goes further astray (bench/faiss-hnsw.mjs).
 */
const efPerK: Readonly<Record<Metric, number>> = { l2: 1.5, cosine: 1.5, ip: 4 };
/** The addon's own bound. */
const maxEf = 1_000_000;
const allLists = 65_536;
/** Queries of one request that are searched by themselves at a time. */
const queriesAtOnce = 16;
/** Steps of taking over one hit. */
const stepsOfHit = 4;

/** The nearest live rows of each query: `queries` holds n x dimension floats, prepared. */
export async function findNearest(
  generation: Generation,
  definition: Definition,
  store: RowStore,
  queries: Float32Array,
  options: NearestOptions,
): Promise<Nearest[]> {
  const { dimension } = definition.wanted;
  const filtered = options.filter === undefined ? undefined : andBitmaps(await generation.columns.match(options.filter), generation.live);
  const everything = filtered === undefined && generation.dead === 0 && !generation.adding;
  // A copy while an addition is under way: a row and the one that replaces it must not change places in the midst of the search.
  const live = generation.adding ? generation.live.slice() : generation.live;
  const selector = everything ? undefined : (filtered ?? live);
  const matching = filtered === undefined ? generation.alive : countBits(filtered);
  const count = queries.length / dimension;
  const k = Math.min(options.k, matching);
  if (k === 0) return Array.from({ length: count }, () => ({ positions: [], distances: [] }));
  const question = { generation, definition, store, k, selector, filtered: filtered !== undefined, matching, options };
  if (options.maxDistance !== undefined && isLossy(question)) {
    // Codes are at no exact distance: the vectors that may be near enough are compared by their values.
    const wide = { ...question, k: Math.min(matching, Math.max(comparedForDistance, 2 * k)) };
    return compareStored(question, queries, await findAll(wide, queries, count));
  }
  if (definition.metric === 'l2') return resolveTiny(question, queries, await findAll(question, queries, count));
  const long = definition.metric === 'ip' ? lengthened(queries, dimension) : undefined;
  if (long === undefined) return findAll(question, queries, count);
  const found = await findAll(question, long.queries, count);
  return found.map(({ positions, distances }, query) => ({
    positions,
    distances: distances.map((distance) => distance / (long.factors[query] ?? 1)),
  }));
}

/** Those outside are compared by their values, the others as their type does it. */
async function findAll(question: Questions, queries: Float32Array, count: number): Promise<Nearest[]> {
  const { generation, k } = question;
  const { outside, live } = generation;
  if (outside.count === 0) return findInside(question, queries, count);
  const selected = question.selector ?? live.slice();
  const inside = outside.leave(selected);
  const matching = countBits(inside);
  const [near, far] = await Promise.all([
    findInside({ ...question, selector: inside, matching, k: Math.min(k, matching) }, queries, count),
    outside.search(queries, k, selected),
  ]);
  return near.map((found, query) => merged(question, [found, far[query] ?? { positions: [], distances: [] }]));
}

function merged({ definition: { metric }, k }: Questions, lists: readonly Nearest[]): Nearest {
  const all = lists.flatMap(pairsOf);
  return ranked(metric, all, k);
}

async function findInside(question: Questions, queries: Float32Array, count: number): Promise<Nearest[]> {
  const { k, filtered } = question;
  if (k === 0) return Array.from({ length: count }, () => ({ positions: [], distances: [] }));
  if (count > 1 && !filtered) {
    const all = { ...question, query: queries };
    const together = await inTurns(split(await ask(all, unfiltered(all)), count, k));
    if (together.every(({ positions }) => positions.length >= k)) return together;
  }
  return oneByOne(question, queries, count);
}

/** Each query for itself: some at a time, so that what they find does not come all at once. */
async function oneByOne(question: Questions, queries: Float32Array, count: number): Promise<Nearest[]> {
  const { dimension } = question.definition.wanted;
  const found: Nearest[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) {
      found[at] = await answer({ ...question, query: queries.subarray(at * dimension, (at + 1) * dimension) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, queriesAtOnce) }, lane));
  return found;
}

/** How FAISS is asked without a filter: the same for one query and for many. */
function unfiltered(question: Question): FaissOptions {
  const { definition, generation, matching, options, selector } = question;
  const { serving } = generation;
  if (serving.family === 'hnsw') return graphOptions(question, serving.M);
  if (serving.family === 'ivf') {
    return { nprobe: Math.min(allLists, Math.ceil(((options.nprobe ?? definition.nprobe) * generation.size) / matching)) };
  }
  return serving.family === 'flat' && serving.transform === undefined && selector !== undefined ? { exact: true } : {};
}

async function answer(question: Question): Promise<Nearest> {
  if (question.filtered && isLossy(question) && question.matching <= exactStoredRows) return scanStored(question);
  const found = await approximate(question);
  return found.positions.length >= question.k ? found : exact(question);
}

function approximate(question: Question): Promise<Nearest> {
  const { serving } = question.generation;
  if (!question.filtered) return ask(question, unfiltered(question)).then((result) => first(question, result));
  if (serving.transform === undefined && serving.family === 'flat')
    return ask(question, { exact: true }).then((result) => first(question, result));
  if (serving.family === 'hnsw') return searchGraph(question, serving.M);
  if (serving.family === 'ivf') return searchLists(question);
  return ask(question, {}).then((result) => first(question, result));
}

/** Whether comparing with all matching rows is no dearer than a walk in which each `thinning`-th row counts. A graph that FAISS linked hides rows. */
function isScan({ generation, definition, matching, filtered }: Questions, ef: number, M: number, thinning: number): boolean {
  const { dimension } = definition.wanted;
  const bytes = matching * dimension * 4;
  return (
    !generation.faiss.isConnected || bytes <= Math.max(ef * thinning * graphBytesPerStep(M, dimension), filtered ? exactBudgetBytes : 0)
  );
}

function graphOptions(question: Question, M: number): FaissOptions {
  const efSearch = efFor(question);
  return isScan(question, efSearch, M, question.generation.size / question.matching) ? { exact: true } : { efSearch };
}

async function searchGraph(question: Question, M: number): Promise<Nearest> {
  const selector = question.selector ?? question.generation.live;
  const options = graphOptions(question, M);
  if (options.exact === true) return first(question, await ask(question, options));
  const near = await lookAround(question);
  const matchesNear = near.filter((position) => hasBit(selector, position)).length;
  const isThin = matchesNear === 0 || isScan(question, efFor(question), M, near.length / matchesNear);
  return first(question, await ask(question, isThin ? { exact: true } : options));
}

/** The positions nearest to the query, whether they match or not: a sample of what a graph search would walk through. */
async function lookAround(question: Question): Promise<number[]> {
  const { generation } = question;
  const ef = efFor(question);
  const selector = generation.dead === 0 && !generation.adding ? undefined : generation.live;
  const { labels } = await ask({ ...question, k: Math.min(ef, generation.alive), selector }, { efSearch: ef });
  return [...labels].filter((label) => label >= 0n).map(Number);
}

/** Dead rows, and those that a filter leaves out, are not counted among the candidates. */
function efFor({ options, definition, k }: Pick<Question, 'options' | 'definition' | 'k'>): number {
  return Math.min(maxEf, Math.max(options.efSearch ?? definition.efSearch, Math.ceil(k * efPerK[definition.metric])));
}

async function searchLists(question: Question): Promise<Nearest> {
  const options = scanBytes(question) <= exactBudgetBytes ? { nprobe: allLists } : unfiltered(question);
  return first(question, await ask(question, options));
}

/** The exact answer, or the nearest to it that the class has without the stored rows. */
async function exact(question: Question): Promise<Nearest> {
  const { generation } = question;
  if (generation.faiss.hasFlatStorage || generation.serving.family === 'hnsw') return first(question, await ask(question, { exact: true }));
  if (generation.serving.family === 'ivf') return first(question, await ask(question, { nprobe: allLists }));
  return scanStored(question);
}

/** FAISS keeps codes or projections of the values, not the values. */
function isLossy({ generation: { serving } }: Pick<Question, 'generation'>): boolean {
  return serving.transform !== undefined || (serving.family !== 'flat' && serving.code !== undefined && serving.code !== 'Flat');
}

const scanBytes = ({ matching, definition }: Question): number => matching * definition.wanted.dimension * 4;

/**
 * Handing a short search to FAISS's threads and back takes as long as the search: one client waits 0.37 ms over HTTP in place of 0.44 (30,000 x 384, HNSW16,
 * ef 64), and a new server's slowest 1% 2.4 in place of 3.4. Where several ask, the event loop has their requests to read and their answers to write meanwhile.
 */
function ask({ generation, query, k, selector, options: { alone } }: Question, options: FaissOptions): Promise<SearchResult> {
  return generation.faiss.search(query, k, { ...options, selector, here: alone === true ? undefined : false });
}

const first = ({ k }: Question, result: SearchResult): Nearest => hitsOf(result, 0, k);

function* split(result: SearchResult, count: number, k: number): Pieces<Nearest[]> {
  const found: Nearest[] = [];
  for (let query = 0; query < count; query++) {
    found.push(hitsOf(result, query, k));
    yield k * stepsOfHit;
  }
  return found;
}

/** FAISS pads with label -1 what it did not find. */
function hitsOf({ labels, distances }: SearchResult, query: number, k: number): Nearest {
  const found: Nearest = { positions: [], distances: [] };
  for (let at = query * k; at < (query + 1) * k; at++) {
    const label = labels[at] ?? -1n;
    if (label < 0n) break;
    found.positions.push(Number(label));
    found.distances.push(distances[at] ?? 0);
  }
  return found;
}
