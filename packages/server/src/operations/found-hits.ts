// What a search found, on its way to an answer. Metadata are JSON text and go out as they are: a wire writes them, and parses nothing.

import Type from 'typebox';
import type { Hit as FoundHit } from '../indexes/types.js';
import { Hit } from './schemas.js';

/** The hits of each query, nearest first; of a search by one vector, those of the one. */
export class FoundHits {
  readonly lists: readonly (readonly FoundHit[])[];
  /** Whether the answer is a list of lists. */
  readonly isBatch: boolean;

  constructor(lists: readonly (readonly FoundHit[])[], isBatch: boolean) {
    this.lists = lists;
    this.isBatch = isBatch;
  }
}

export const Hits = Type.Unsafe<FoundHits>({ 'x-json': Type.Array(Hit, { description: 'nearest first' }) });

export const HitsOfEach = Type.Unsafe<FoundHits>({
  'x-json': Type.Array(Type.Array(Hit), { description: 'for each query in order, nearest first' }),
});
