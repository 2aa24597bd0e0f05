// What a vector is known by.
import type { Input } from '../types.js';

/**
 * @param hash of all files that the model's vectors depend on, its precision's file among them
 * @param prompt stands before a text; the model sees the two as one, and so does the cache
 */
export function cacheKey(hash: string, prompt: string, input: Input): string {
  return typeof input === 'string' ? `${hash} ${prompt}${input}` : `${hash}#${input.join()}`;
}
