// What a search of one generation asks for and finds.
import type { RowStore } from '../store/row-store.js';
import type { Definition } from './definition.js';
import type { Filter } from './filter/index.js';
import type { Generation } from './generation.js';
import { isNearer } from './geometry.js';
import type { Metric } from './types.js';

export interface NearestOptions {
  readonly k: number;
  readonly filter?: Filter | undefined;
  readonly efSearch?: number | undefined;
  readonly nprobe?: number | undefined;
  /** Keeps hits at most this far: squared distance for l2, 1 - cosine for cosine; for ip, at least this product. */
  readonly maxDistance?: number | undefined;
  /** One client asks and nobody else: FAISS may do a short search on the event loop's own thread. */
  readonly alone?: boolean;
}

/** The hits of one query, nearest first: positions and FAISS's numbers. */
export interface Nearest {
  readonly positions: number[];
  readonly distances: number[];
}

export interface Question {
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

/** The same without the query: of several. */
export type Questions = Omit<Question, 'query'>;

/** The k nearest of all that was found; of equal distances the lower position is nearer. */
export function ranked(metric: Metric, all: { readonly position: number; readonly distance: number }[], k: number): Nearest {
  const best = all
    .sort((a, b) => (a.distance === b.distance ? a.position - b.position : isNearer(metric, a.distance, b.distance) ? -1 : 1))
    .slice(0, k);
  return { positions: best.map(({ position }) => position), distances: best.map(({ distance }) => distance) };
}

export const pairsOf = ({ positions, distances }: Nearest): { position: number; distance: number }[] =>
  positions.map((position, at) => ({ position, distance: distances[at] ?? 0 }));
