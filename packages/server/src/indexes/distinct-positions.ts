// Which positions several queries found, each once, however many of them found it.
import { inRanges, inTurns, Turns } from '../turns.js';
import type { Nearest } from './question.js';

export interface DistinctPositions {
  readonly positions: readonly number[];
  /** How many hits stand at the place `at` of `positions`. */
  readonly uses: (at: number) => number;
  /** Where in `positions` a position stands that a query found at `rank`. */
  readonly placeOf: (position: number, rank: number) => number;
}

/** Up to so many hits a map is quicker than a table of all positions. */
const fewHits = 4096;

/** @param size positions of the generation */
export async function distinctPositions(nearest: readonly Nearest[], size: number): Promise<DistinctPositions> {
  const [only] = nearest;
  if (only !== undefined && nearest.length === 1) return { positions: only.positions, uses: () => 1, placeOf: (_position, rank) => rank };
  const hits = nearest.reduce((sum, { positions }) => sum + positions.length, 0);
  return hits <= fewHits ? distinctOfFew(nearest) : distinctOfMany(nearest, size);
}

function distinctOfFew(nearest: readonly Nearest[]): DistinctPositions {
  const places = new Map<number, number>();
  const uses: number[] = [];
  for (const { positions } of nearest) {
    for (const position of positions) {
      const at = places.get(position) ?? places.size;
      if (at === places.size) places.set(position, at);
      uses[at] = (uses[at] ?? 0) + 1;
    }
  }
  return { positions: [...places.keys()], uses: (at) => uses[at] ?? 0, placeOf: (position) => places.get(position) ?? -1 };
}

/** Ascending: rows that lie together are read together. */
async function distinctOfMany(nearest: readonly Nearest[], size: number): Promise<DistinctPositions> {
  const counts = new Uint32Array(size);
  const turns = new Turns();
  for (const { positions } of nearest) {
    for (const position of positions) counts[position] = (counts[position] ?? 0) + 1;
    turns.count(positions.length);
    if (turns.over) await turns.next();
  }
  const positions: number[] = [];
  const places = new Uint32Array(size);
  const collect = (from: number, to: number): void => {
    for (let position = from; position < to; position++) {
      if (counts[position] === 0) continue;
      places[position] = positions.length;
      positions.push(position);
    }
  };
  await inTurns(inRanges(size, collect));
  return { positions, uses: (at) => counts[positions[at] ?? -1] ?? 0, placeOf: (position) => places[position] ?? -1 };
}
