// What a vector is known by.
import { hash as digest } from 'node:crypto';
import type { Input } from '../types.js';

declare const made: unique symbol;

/** Made by `cacheKey` alone, so that no text is taken for one: 43 characters, SHA-256 in base64url. */
export type CacheKey = string & { readonly [made]: true };

/**
 * A digest, made once and used by the caches and the batcher as it is: a long text takes no more room than a short one, and texts are not told by it.
 * It names what stands in Redis: other bytes here, and nothing that was written before is found. UTF-16, since UTF-8 makes one of all lone surrogates.
 * @param hash of all files that the model's vectors depend on, its precision's file among them; with the tenant's name where caches are separate
 * @param prompt stands before a text; the model sees the two as one, and so do the caches
 */
export function cacheKey(hash: string, prompt: string, input: Input): CacheKey {
  const whole = typeof input === 'string' ? `${hash} ${prompt}${input}` : `${hash}#${input.join()}`;
  return digest('sha256', Buffer.from(whole, 'utf16le'), 'base64url') as CacheKey;
}
