// What a vector is known by.
import { hash as digest } from 'node:crypto';
import type { Input } from '../types.js';

/**
 * @param hash of all files that the model's vectors depend on, its precision's file among them
 * @param prompt stands before a text; the model sees the two as one, and so does the cache
 */
export function cacheKey(hash: string, prompt: string, input: Input): string {
  return typeof input === 'string' ? `${hash} ${prompt}${input}` : `${hash}#${input.join()}`;
}

/**
 * A key as both caches keep it, 43 characters: a long text takes no more room than a short one, and texts are not told by it. It costs no more than a
 * map's own look at a long key. UTF-16, since UTF-8 makes one of all lone surrogates.
 */
export const digestOf = (key: string): string => digest('sha256', Buffer.from(key, 'utf16le'), 'base64url');
