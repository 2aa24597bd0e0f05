// One rule for pages: a hundred unless asked, and never more than the configured most.

import { VoisinError } from '../errors.js';

export interface PageRequest {
  readonly limit?: number;
  readonly cursor?: string;
}

/** @throws VoisinError invalid_argument when the limit is over `most`. */
export function takePage({ limit, cursor }: PageRequest, most: number): { limit: number; cursor?: string } {
  if (limit !== undefined && limit > most) {
    throw new VoisinError('invalid_argument', `limit: expected an integer of 1 to ${most}, got ${limit}`, { field: 'limit' });
  }
  return { limit: limit ?? Math.min(100, most), ...(cursor === undefined ? {} : { cursor }) };
}
