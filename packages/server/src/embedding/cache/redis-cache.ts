// L2: vectors in Redis, shared by servers and kept over restarts. It answers in time or not at all, and nothing that it holds is believed
// without its checksum.
import type { Embedded } from '../batcher.js';
import type { EmbeddingLog } from '../options.js';
import type { CacheKey } from './cache-key.js';
import { type Asked, RedisLink } from './redis-link.js';
import { decodeValue, encodeValue, LAYOUT } from './stored-value.js';
import { type Entry, WriteBehind } from './write-behind.js';

export interface RedisCacheOptions {
  readonly url: string;
  /** Begins every key. */
  readonly prefix: string;
  readonly ttlSeconds: number;
  /** How long a request is held back for Redis. */
  readonly timeoutMs: number;
  readonly log: EmbeddingLog;
}

/** After a write that Redis refused (it is full, or a replica that only reads) nothing is written for so long; reading goes on. */
const REFUSED_PAUSE_MS = 2000;
/** How long closing waits for the entries on their way. */
const FLUSH_MS = 250;

export class RedisCache {
  readonly #options: RedisCacheOptions;
  readonly #link: RedisLink;
  readonly #writes = new WriteBehind((entries) => this.#write(entries));
  readonly #namespace: string;
  #writableAt = 0;
  #refused = 0;
  #lost = 0;
  #garbage = 0;

  constructor(options: RedisCacheOptions) {
    this.#options = options;
    this.#namespace = `${options.prefix}embedding:${LAYOUT}:`;
    const { url, timeoutMs, log } = options;
    this.#link = new RedisLink({ url, timeoutMs, log, probeKey: `${this.#namespace}probe` });
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** What Redis has of these keys, with one question. Undefined: it is not to be asked. `patient` as in `RedisLink.ask`. */
  find(keys: readonly CacheKey[], patient = false): Asked<ReadonlyMap<CacheKey, Embedded>> | undefined {
    return this.#link.ask(async (client) => {
      const names = keys.map((key) => this.#nameOf(key));
      const values = await client.mgetBuffer(names);
      const found = new Map<CacheKey, Embedded>();
      keys.forEach((key, at) => {
        const embedded = this.#decode(names[at] ?? '', values[at]);
        if (embedded) found.set(key, embedded);
      });
      return found;
    }, patient);
  }

  /** Keeps the value some time after this call, or not at all. */
  set(key: CacheKey, value: Embedded): void {
    if (this.isUp && performance.now() >= this.#writableAt) this.#writes.push({ key, value });
  }

  stats(): { failures: number; refused: number; dropped: number; garbage: number } {
    const { failures } = this.#link;
    return { failures, refused: this.#refused, dropped: this.#writes.dropped + this.#lost, garbage: this.#garbage };
  }

  async close(): Promise<void> {
    const given = new Promise<void>((resolve) => void setTimeout(resolve, FLUSH_MS).unref());
    await Promise.race([this.#writes.flushed(), given]);
    this.#link.close();
  }

  #nameOf(key: CacheKey): string {
    return this.#namespace + key;
  }

  #decode(name: string, value: Buffer | null | undefined): Embedded | undefined {
    if (!value) return undefined;
    const decoded = decodeValue(name, value);
    if (!decoded) {
      this.#garbage++;
      this.#options.log.debug({ key: name, bytes: value.byteLength }, 'Redis holds what is no embedding; it is made anew');
    }
    return decoded;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { ttlSeconds } = this.#options;
    try {
      const results = await this.#link.send((client) => {
        const pipeline = client.pipeline();
        for (const { key, value } of entries) {
          const name = this.#nameOf(key);
          pipeline.set(name, encodeValue(name, value), 'EX', ttlSeconds);
        }
        return pipeline.exec();
      });
      const refused = results?.filter(([error]) => error !== null) ?? [];
      const [first] = refused;
      if (first) this.#pause(refused.length, first[0]?.message);
    } catch {
      // The connection broke, which the link has told.
      this.#lost += entries.length;
    }
  }

  #pause(entries: number, reason: string | undefined): void {
    this.#refused += entries;
    this.#writableAt = performance.now() + REFUSED_PAUSE_MS;
    this.#options.log.warn({ reason }, 'Redis refuses to keep embeddings: nothing is written to it for a while');
  }
}
