// Both levels: memory first, then Redis for what is not there. What came from Redis or from a model is in memory next time.
import type { Embedded } from '../batcher.js';
import type { CacheLevel } from '../types.js';
import type { CacheKey } from './cache-key.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache, type RedisCacheOptions } from './redis-cache.js';
import type { Asked } from './redis-link.js';

export interface CacheOptions {
  readonly entries: number;
  readonly bytes: number;
  /** Undefined: no Redis. */
  readonly redis: RedisCacheOptions | undefined;
}

export interface CacheStats {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: Readonly<Record<CacheLevel, number>>;
  readonly misses: number;
  readonly l2: 'up' | 'down' | 'off';
  /** Of Redis: questions without an answer in time, entries that it refused, that found no room on the way, that were garbage. */
  readonly l2Faults: { readonly failures: number; readonly refused: number; readonly dropped: number; readonly garbage: number };
}

const noFaults = { failures: 0, refused: 0, dropped: 0, garbage: 0 };

export class EmbeddingCache {
  readonly #l1: MemoryCache;
  readonly #l2: RedisCache | undefined;
  readonly #hits: Record<CacheLevel, number> = { l1: 0, l2: 0 };
  #misses = 0;

  constructor({ redis, ...limits }: CacheOptions) {
    this.#l1 = new MemoryCache(limits);
    this.#l2 = redis && new RedisCache(redis);
  }

  /** From memory. */
  get(key: CacheKey): Embedded | undefined {
    return this.#l1.get(key);
  }

  /** From Redis, with one question for all keys. Undefined: there is nobody to ask. `patient`: who asks would have to wait anyway. */
  find(keys: readonly CacheKey[], patient: boolean): Asked<ReadonlyMap<CacheKey, Embedded>> | undefined {
    return keys.length === 0 ? undefined : this.#l2?.find(keys, patient);
  }

  /** What Redis had is in memory next time. */
  remember(key: CacheKey, value: Embedded): void {
    this.#l1.set(key, value);
  }

  /** Counts a text: which level had it, or neither. */
  count(level: CacheLevel | false): void {
    if (level === false) this.#misses++;
    else this.#hits[level]++;
  }

  /** Several who waited for the same vector may bring it; a key never has another value. */
  set(key: CacheKey, value: Embedded): void {
    if (this.#l1.has(key)) return;
    this.#l1.set(key, value);
    this.#l2?.set(key, value);
  }

  stats(): CacheStats {
    return {
      entries: this.#l1.size,
      bytes: this.#l1.bytes,
      hits: { ...this.#hits },
      misses: this.#misses,
      l2: this.#l2 === undefined ? 'off' : this.#l2.isUp ? 'up' : 'down',
      l2Faults: this.#l2?.stats() ?? noFaults,
    };
  }

  /** Entries on their way to Redis are given a moment. */
  async close(): Promise<void> {
    await this.#l2?.close();
  }
}
