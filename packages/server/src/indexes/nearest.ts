// The planner: which way of searching gives the right neighbours soonest, for one generation, with or without a filter.
//
// An approximate index under a filter is a trap: it returns k hits whether or not they are the nearest k. Filters that follow the clusters of the
// data had recall 0.60 at 15% kept with HNSW's ef 64, and still 0.93 at ef 400. So the rows that match are scanned exactly while that is cheap;
// past that, a look at the query's neighbourhood says how thin the matches lie there, and the cheaper of a wider ef and the exact scan is taken.
import { knn, type NearestOptions as FaissOptions, type SearchResult } from '@voisin/faiss';
import { inTurns, type Pieces } from '../turns.js';
import type { RowStore } from '../store/row-store.js';
import type { Definition } from './definition.js';
import { andBitmaps, countBits, type Filter, hasBit, positionsOf } from './filter/index.js';
import type { Generation } from './generation.js';
import { faissMetric, isNearer, prepare } from './geometry.js';

export interface NearestOptions {
  readonly k: number;
  readonly filter?: Filter | undefined;
  readonly efSearch?: number | undefined;
  readonly nprobe?: number | undefined;
  /** One client asks and nobody else: FAISS may do a short search on the event loop's own thread. */
  readonly alone?: boolean;
}

/** The hits of one query, nearest first: positions and FAISS's numbers. */
export interface Nearest {
  readonly positions: number[];
  readonly distances: number[];
}

/**
 * Bytes of vectors that an exact scan may read whatever the alternative costs: under a millisecond at the 20 GB/s that two threads reach here.
 * With four times as much, filters that keep a third of 50,000 x 384 took 1.8 ms in place of 1.1, for a recall of 1.000 in place of 0.997.
 */
const exactBudgetBytes = 16 * 2 ** 20;
/** Rows that may be read back from the store for an exact answer where FAISS keeps codes only: about 10 us each. */
const exactStoredRows = 256;
/** A graph step touches about half of the 2 M neighbours of a node for the first time, at random: dearer than a scan by about two. */
const graphBytesPerStep = (M: number, dimension: number): number => 2 * M * dimension * 4;
/** A neighbourhood of some 64 rows may show half as many matches again as there are: the search is made that much wider. */
const sampleDoubt = 1.5;
const maxEf = 16_384;
const allLists = 65_536;
const storedChunk = 1024;
/** Queries of one request that are searched by themselves at a time. */
const queriesAtOnce = 16;
/** Steps of taking over one hit. */
const stepsOfHit = 4;

interface Question {
  readonly generation: Generation;
  readonly definition: Definition;
  readonly store: RowStore;
  /** Prepared: one row of `dimension`. */
  readonly query: Float32Array;
  readonly k: number;
  /** What may be found; absent: all of FAISS's positions. */
  readonly selector: Uint8Array | undefined;
  readonly filtered: boolean;
  /** Rows that the selector leaves. */
  readonly matching: number;
  readonly options: NearestOptions;
}

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
  if (count > 1 && filtered === undefined) {
    const together = await searchTogether({ ...question, query: queries }, count);
    if (together.every(({ positions }) => positions.length >= k)) return together;
  }
  return oneByOne(question, queries, count);
}

/** Each query for itself: some at a time, so that what they find does not come all at once. */
async function oneByOne(question: Omit<Question, 'query'>, queries: Float32Array, count: number): Promise<Nearest[]> {
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

/** Many queries, no filter: one call of FAISS. */
async function searchTogether(question: Question, count: number): Promise<Nearest[]> {
  const { definition, generation, k, matching } = question;
  const { serving } = generation;
  const graph = serving.family === 'hnsw' ? { efSearch: Math.min(efFor(question, generation.size / matching), maxEf) } : {};
  const lists = serving.family === 'ivf' ? { nprobe: question.options.nprobe ?? definition.nprobe } : {};
  return inTurns(split(await ask(question, { ...graph, ...lists }), count, k));
}

async function answer(question: Question): Promise<Nearest> {
  const { serving } = question.generation;
  if (serving.transform === undefined && serving.family === 'flat') return scanAll(question);
  if (question.filtered && isLossy(question) && question.matching <= exactStoredRows) return scanStored(question);
  const found = await approximate(question);
  return found.positions.length >= question.k ? found : exact(question);
}

function approximate(question: Question): Promise<Nearest> {
  const { serving } = question.generation;
  if (serving.family === 'hnsw') return searchGraph(question, serving.M);
  if (serving.family === 'ivf') return searchLists(question);
  return ask(question, {}).then((result) => first(question, result));
}

async function searchGraph(question: Question, M: number): Promise<Nearest> {
  const { generation, definition, filtered, matching, selector } = question;
  const { dimension } = definition.wanted;
  const bytes = scanBytes(question);
  const canScan = generation.faiss.hasFlatStorage;
  const graphBytes = (ef: number): number => ef * graphBytesPerStep(M, dimension);
  const everywhere = efFor(question, generation.size / matching);
  if (canScan && bytes <= Math.max(graphBytes(everywhere), filtered ? exactBudgetBytes : 0)) return exact(question);
  if (!filtered || selector === undefined) return walk(question, everywhere);
  const near = await lookAround(question);
  const matchesNear = near.filter((position) => hasBit(selector, position)).length;
  const ef = matchesNear === 0 ? Infinity : efFor(question, (sampleDoubt * near.length) / matchesNear);
  if (ef > maxEf || (canScan && bytes <= graphBytes(ef))) return exact(question);
  return walk(question, Math.max(ef, everywhere));
}

async function walk(question: Question, ef: number): Promise<Nearest> {
  return first(question, await ask(question, { efSearch: Math.min(ef, maxEf) }));
}

/** The positions nearest to the query, whether they match or not: a sample of what a graph search would walk through. */
async function lookAround(question: Question): Promise<number[]> {
  const { generation } = question;
  const ef = efFor(question, 1);
  const selector = generation.dead === 0 && !generation.adding ? undefined : generation.live;
  const { labels } = await ask({ ...question, k: Math.min(ef, generation.alive), selector }, { efSearch: ef });
  return [...labels].filter((label) => label >= 0n).map(Number);
}

/** The ef that finds among everything what the wanted ef finds where every `thinning`-th row counts. */
function efFor({ options, definition, k }: Question, thinning: number): number {
  return Math.ceil(Math.max(options.efSearch ?? definition.efSearch, k) * thinning);
}

async function searchLists(question: Question): Promise<Nearest> {
  const { generation, definition, filtered, matching, options } = question;
  const wanted = options.nprobe ?? definition.nprobe;
  const cheap = filtered && matching * definition.wanted.dimension * 4 <= exactBudgetBytes;
  const nprobe = cheap ? allLists : Math.min(allLists, Math.ceil((wanted * generation.size) / matching));
  return first(question, await ask(question, { nprobe }));
}

/** The exact answer, or the nearest to it that the class has without the stored rows. */
async function exact(question: Question): Promise<Nearest> {
  const { generation } = question;
  if (generation.faiss.hasFlatStorage) return first(question, await ask(question, { exact: true }));
  if (generation.serving.family === 'ivf') return first(question, await ask(question, { nprobe: allLists }));
  return scanStored(question);
}

/** Compares the query with the stored values of every matching row. */
async function scanStored({ generation, definition, store, query, k, selector }: Question): Promise<Nearest> {
  const { metric, wanted } = definition;
  const positions = positionsOf(selector ?? generation.live);
  let best: { position: number; distance: number }[] = [];
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
    for (const [rank, label] of result.labels.entries()) {
      const position = chunk[Number(label)] ?? -1;
      if (label >= 0n && !missing.has(generation.rowAt(position))) best.push({ position, distance: result.distances[rank] ?? 0 });
    }
    best = best
      .sort((a, b) => (a.distance === b.distance ? a.position - b.position : isNearer(metric, a.distance, b.distance) ? -1 : 1))
      .slice(0, k);
  }
  return { positions: best.map(({ position }) => position), distances: best.map(({ distance }) => distance) };
}

/** FAISS keeps codes or projections of the values, not the values. */
function isLossy({ generation: { serving } }: Question): boolean {
  return serving.transform !== undefined || (serving.family !== 'flat' && serving.code !== undefined && serving.code !== 'Flat');
}

async function scanAll(question: Question): Promise<Nearest> {
  return first(question, await ask(question, question.selector === undefined ? {} : { exact: true }));
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
