// The way of one request's texts: memory, Redis, tokenizer, batcher, caches again; each vector lands at its text's place.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VoisinError } from '../errors.js';
import type { Embedded, Ticket } from './batcher.js';
import type { EmbeddingCache } from './cache/embedding-cache.js';
import type { Door } from './door.js';
import type { Loaded, Resident } from './resident.js';
import type { CacheLevel, Priority } from './types.js';

/** Its vector is pooled, not normalised, and shared: never to be written to. */
export interface TextResult extends Embedded {
  readonly cached: CacheLevel | false;
}

export interface Way {
  readonly resident: Resident;
  readonly cache: EmbeddingCache;
  readonly door: Door;
  readonly priority: Priority;
  readonly signal: AbortSignal | undefined;
}

/** A text that memory does not have. */
interface Wanted {
  readonly at: number;
  readonly key: string;
  readonly text: string;
}

/** A request of many texts has so many of them in the queue at a time, in two halves: the second waits while the first runs. */
const SLICE = 256;
/** Looking up and tokenizing holds the event loop so long at most, then the others have a turn. */
const TURN_MS = 4;

/** Where one of several fails first, the failures of the others are no news. */
function observed<T>(promise: Promise<T>): Promise<T> {
  void Promise.allSettled([promise]);
  return promise;
}

export async function embedTexts(texts: readonly string[], way: Way): Promise<TextResult[]> {
  const request = new TextsRequest(way);
  try {
    return await request.run(texts);
  } finally {
    request.end();
  }
}

class TextsRequest {
  readonly #way: Way;
  readonly #tickets = new Set<Ticket>();
  #leave: (() => void) | undefined;
  #turnStarted = performance.now();

  constructor(way: Way) {
    this.#way = way;
    way.signal?.addEventListener('abort', this.#cancel, { once: true });
  }

  async run(texts: readonly string[]): Promise<TextResult[]> {
    const results: Promise<TextResult[]>[] = [];
    for (let start = 0; start < texts.length; start += SLICE) {
      results.push(observed(this.#slice(texts, start)));
      await results.at(-2);
    }
    return (await Promise.all(results)).flat();
  }

  /** Whatever is still claimed is given up: the request has its answer or its error. */
  end(): void {
    this.#way.signal?.removeEventListener('abort', this.#cancel);
    this.#cancel();
    this.#leave?.();
  }

  readonly #cancel = (): void => {
    for (const ticket of this.#tickets) ticket.cancel();
  };

  async #slice(texts: readonly string[], start: number): Promise<TextResult[]> {
    const { resident, cache } = this.#way;
    const loaded = await resident.load();
    const slice = texts.slice(start, start + SLICE);
    const results = Array<TextResult | Promise<TextResult>>(slice.length);
    const wanted: Wanted[] = [];
    for (const [at, text] of slice.entries()) {
      if (this.#hasHadItsTurn()) await this.#giveTurn();
      const key = `${loaded.hash} ${text}`;
      const known = cache.get(key);
      if (known) results[at] = this.#known(known, 'l1');
      else wanted.push({ at, key, text });
    }
    const found = await this.#askRedis(wanted);
    for (const { at, key, text } of wanted) {
      if (this.#hasHadItsTurn()) await this.#giveTurn();
      this.#checkSignal();
      results[at] = this.#have(key, found) ?? this.#make(key, text, loaded, texts.length);
    }
    return Promise.all(results);
  }

  /** Texts that are being made for somebody else are waited for, not asked for. */
  #askRedis(wanted: readonly Wanted[]): Promise<Map<string, Embedded>> | undefined {
    const { batcher } = this.#way.resident;
    const keys = wanted.map(({ key }) => key).filter((key) => !batcher.has(key));
    return this.#way.cache.find([...new Set(keys)]);
  }

  /** What Redis gave, or what came into memory while it was asked. */
  #have(key: string, found: ReadonlyMap<string, Embedded> | undefined): TextResult | undefined {
    const fromRedis = found?.get(key);
    if (fromRedis) return this.#known(fromRedis, 'l2');
    const known = this.#way.cache.get(key);
    return known && this.#known(known, 'l1');
  }

  #known({ vector, tokens, truncated, dropped }: Embedded, cached: CacheLevel): TextResult {
    this.#way.cache.count(cached);
    return { vector, tokens, truncated, dropped, cached };
  }

  #make(key: string, text: string, { tokenizer }: Loaded, ofTexts: number): Promise<TextResult> {
    const { resident, cache, door, priority } = this.#way;
    cache.count(false);
    this.#leave ??= door.enter(ofTexts, priority, resident.batcher.backlogSeconds);
    const ticket = resident.batcher.submit(key, priority, () => tokenizer.encode(text));
    this.#tickets.add(ticket);
    return observed(this.#collect(key, ticket));
  }

  async #collect(key: string, ticket: Ticket): Promise<TextResult> {
    const embedded = await ticket.result.finally(() => this.#tickets.delete(ticket));
    this.#way.cache.set(key, embedded);
    return { ...embedded, cached: false };
  }

  #hasHadItsTurn(): boolean {
    return performance.now() - this.#turnStarted > TURN_MS;
  }

  async #giveTurn(): Promise<void> {
    await nextTurn();
    this.#turnStarted = performance.now();
  }

  #checkSignal(): void {
    if (this.#way.signal?.aborted) throw new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded');
  }
}
