// What both searches take beside what they look for, checked against the configured limits.

import type { Limits } from '../config/config.js';
import { VoisinError } from '../errors.js';
import { parseFilter } from '../indexes/filter/index.js';
import type { SearchOptions } from '../indexes/managed-index.js';

/** A request's fields of these names. */
export interface AskedOptions {
  readonly k?: number;
  readonly filter?: unknown;
  readonly max_distance?: number;
  readonly ef_search?: number;
  readonly nprobe?: number;
}

/** @throws VoisinError invalid_argument for a k over the limit or a filter with a mistake, naming the path to it. */
export function takeSearchOptions(asked: AskedOptions, limits: Limits, alone = false): SearchOptions {
  const { k = 10, filter, max_distance: maxDistance, ef_search: efSearch, nprobe } = asked;
  if (k > limits.maxK) throw new VoisinError('invalid_argument', `k: expected an integer of 1 to ${limits.maxK}, got ${k}`, { field: 'k' });
  return { k, filter: filter === undefined ? undefined : parseFilter(filter), maxDistance, efSearch, nprobe, alone };
}
