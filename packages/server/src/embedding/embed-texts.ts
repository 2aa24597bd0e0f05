// The way of one request's texts: cache, tokenizer, batcher, cache again; each vector lands at its text's place.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VoisinError } from '../errors.js';
import type { Embedded, Ticket } from './batcher.js';
import type { EmbeddingCache } from './cache.js';
import type { Door } from './door.js';
import type { Resident } from './resident.js';
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
    const { tokenizer, hash } = await resident.load();
    const results: Promise<TextResult>[] = [];
    for (const text of texts.slice(start, start + SLICE)) {
      if (performance.now() - this.#turnStarted > TURN_MS) await this.#giveTurn();
      this.#checkSignal();
      const key = `${hash} ${text}`;
      const known = cache.get(key);
      if (known) {
        results.push(Promise.resolve({ ...known, cached: 'l1' }));
        continue;
      }
      this.#leave ??= this.#way.door.enter(texts.length, this.#way.priority, resident.batcher.backlogSeconds);
      const ticket = resident.batcher.submit(key, this.#way.priority, () => tokenizer.encode(text));
      this.#tickets.add(ticket);
      results.push(observed(this.#collect(key, ticket)));
    }
    return Promise.all(results);
  }

  async #collect(key: string, ticket: Ticket): Promise<TextResult> {
    const embedded = await ticket.result.finally(() => this.#tickets.delete(ticket));
    this.#way.cache.set(key, embedded);
    return { ...embedded, cached: false };
  }

  async #giveTurn(): Promise<void> {
    await nextTurn();
    this.#turnStarted = performance.now();
  }

  #checkSignal(): void {
    if (this.#way.signal?.aborted) throw new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded');
  }
}
