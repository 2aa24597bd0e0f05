// What both searches take beside what they look for, checked against the configured limits.

import type { Limits } from '../config/config.js';
import { VoisinError } from '../errors.js';
import { type Filter, parseFilter } from '../indexes/filter/index.js';

export interface AskedOptions {
  readonly k?: number;
  readonly filter?: unknown;
  readonly max_distance?: number;
  readonly ef_search?: number;
  readonly nprobe?: number;
}

export interface SearchOptions {
  k: number;
  filter?: Filter;
  maxDistance?: number;
  efSearch?: number;
  nprobe?: number;
}

/** @throws VoisinError invalid_argument for a k over the limit or a filter with a mistake, naming the path to it. */
export function takeSearchOptions(asked: AskedOptions, limits: Limits): SearchOptions {
  const k = asked.k ?? 10;
  if (k > limits.maxK) throw new VoisinError('invalid_argument', `k: expected an integer of 1 to ${limits.maxK}, got ${k}`, { field: 'k' });
  return {
    k,
    ...(asked.filter === undefined ? {} : { filter: parseFilter(asked.filter) }),
    ...(asked.max_distance === undefined ? {} : { maxDistance: asked.max_distance }),
    ...(asked.ef_search === undefined ? {} : { efSearch: asked.ef_search }),
    ...(asked.nprobe === undefined ? {} : { nprobe: asked.nprobe }),
  };
}
