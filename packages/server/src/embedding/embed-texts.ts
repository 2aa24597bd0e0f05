// The way of one request's inputs: memory, Redis, tokenizer, batcher, caches again; each vector lands at its input's place.
import { VoisinError } from '../errors.js';
import { Turns } from '../turns.js';
import type { Embedded, Ticket } from './batcher.js';
import { type CacheKey, cacheKey } from './cache/cache-key.js';
import type { EmbeddingCache } from './cache/embedding-cache.js';
import { tooManyTokens } from './check-texts.js';
import type { Door } from './door.js';
import type { ModelUse } from './model-use.js';
import type { Tokenizer, TokenizedText } from './tokenizer.js';
import type { Asker, CacheLevel, Input, Priority } from './types.js';

/** Its vector is pooled, not normalised, and shared: never to be written to. */
export interface TextResult extends Embedded {
  readonly cached: CacheLevel | false;
}

export interface Way {
  /** The caller ends it. */
  readonly model: ModelUse;
  readonly cache: EmbeddingCache;
  readonly door: Door;
  /** Stands before each text. */
  readonly prompt: string;
  /** False: a text that is longer than the model reads is refused. */
  readonly truncate: boolean;
  readonly priority: Priority;
  /** Only requests of the same scope find one another's vectors. */
  readonly scope: string;
  readonly asker: Asker | undefined;
}

/** An input that memory does not have. */
interface Wanted {
  /** Among the inputs of the request. */
  readonly place: number;
  readonly key: CacheKey;
  readonly input: Input;
  /** What Redis may still say of it. */
  readonly late?: Promise<ReadonlyMap<CacheKey, Embedded> | undefined>;
}

/** A request of many texts has so many of them in the queue at a time, in two halves: the second waits while the first runs. */
const SLICE = 256;

/** Where one of several fails first, the failures of the others are no news. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

export async function embedTexts(inputs: readonly Input[], way: Way): Promise<TextResult[]> {
  const request = new TextsRequest(inputs, way);
  try {
    return await request.run();
  } finally {
    request.end();
  }
}

class TextsRequest {
  readonly #inputs: readonly Input[];
  readonly #way: Way;
  readonly #results: (TextResult | Promise<TextResult>)[];
  readonly #tickets: Ticket[] = [];
  /** Being tokenized, so that a text that a request has several times is tokenized once. */
  readonly #tokenizing = new Map<CacheKey, Promise<TokenizedText>>();
  #leave: (() => void) | undefined;
  #hasEnded = false;
  #signal: AbortSignal | undefined;
  /** Looking up. */
  readonly #turns = new Turns();

  constructor(inputs: readonly Input[], way: Way) {
    this.#inputs = inputs;
    this.#way = way;
    this.#results = Array(inputs.length);
  }

  async run(): Promise<TextResult[]> {
    for (let start = 0; start < this.#inputs.length; start += SLICE) {
      await this.#begin(start, Math.min(start + SLICE, this.#inputs.length));
      if (start > 0) await Promise.all(this.#results.slice(start - SLICE, start));
    }
    return Promise.all(this.#results);
  }

  /** Whatever is still claimed is given up: the request has its answer or its error. */
  end(): void {
    this.#hasEnded = true;
    this.#signal?.removeEventListener('abort', this.#cancel);
    this.#cancel();
    this.#leave?.();
  }

  readonly #cancel = (): void => {
    for (const ticket of this.#tickets) ticket.cancel();
  };

  /** Resolves when each of these texts has its vector or waits for it. */
  async #begin(start: number, end: number): Promise<void> {
    const hash = await this.#way.model.hash();
    const wanted = await this.#fromMemory(hash, start, end);
    if (wanted.length === 0) return;
    this.#watch();
    await this.#fromModel(await this.#fromRedis(wanted), hash);
  }

  #watch(): void {
    if (this.#signal) return;
    this.#signal = this.#way.asker?.signal;
    this.#signal?.addEventListener('abort', this.#cancel);
  }

  /** Returns what memory does not have. */
  async #fromMemory(hash: string, start: number, end: number): Promise<Wanted[]> {
    const { cache, prompt, scope } = this.#way;
    const wanted: Wanted[] = [];
    for (let place = start; place < end; place++) {
      if (this.#turns.over) await this.#turns.next();
      const input = this.#inputs[place] ?? '';
      const key = cacheKey(hash + scope, prompt, input);
      const known = cache.get(key);
      if (known) this.#results[place] = this.#known(place, known, 'l1');
      else wanted.push({ place, key, input });
    }
    return wanted;
  }

  /** Asks once for all of them, but for those that are being made for somebody already. Returns what Redis does not have, or not yet. */
  async #fromRedis(wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
    const { cache, model } = this.#way;
    const { batcher } = model;
    const keys = wanted.map(({ key }) => key).filter((key) => !batcher.has(key));
    const asked = cache.find([...new Set(keys)], batcher.queued + batcher.inFlight > 0);
    if (!asked) return wanted;
    const found = await asked.soon;
    if (!found) return wanted.map((one) => ({ ...one, late: asked.late }));
    return wanted.filter(({ place, key }) => {
      const embedded = found.get(key);
      if (embedded) this.#results[place] = this.#fromL2(place, key, embedded);
      return !embedded;
    });
  }

  async #fromModel(missing: readonly Wanted[], hash: string): Promise<void> {
    if (missing.length === 0) return;
    this.#checkSignal();
    const { model, door, priority, cache, prompt, scope } = this.#way;
    // Those who wait for the model to be loaded count too.
    this.#leave ??= door.enter(this.#inputs.length, priority, model.batcher.backlogSeconds);
    const loaded = await model.load();
    for (const one of missing) {
      if (this.#turns.over) await this.#turns.next();
      this.#checkSignal();
      // The model's files may have been replaced since they were asked about.
      const key = loaded.hash === hash ? one.key : cacheKey(loaded.hash + scope, prompt, one.input);
      // Somebody else's may have come while Redis was asked.
      const known = cache.get(key);
      this.#results[one.place] = known ? this.#known(one.place, known, 'l1') : this.#make({ ...one, key }, loaded.tokenizer);
    }
  }

  #known(place: number, embedded: Embedded, cached: CacheLevel): TextResult {
    this.#checkLength(place, embedded);
    this.#way.cache.count(cached);
    const { vector, tokens, truncated, dropped } = embedded;
    return { vector, tokens, truncated, dropped, cached };
  }

  #fromL2(place: number, key: CacheKey, embedded: Embedded): TextResult {
    this.#way.cache.remember(key, embedded);
    return this.#known(place, embedded, 'l2');
  }

  #make(one: Wanted, tokenizer: Tokenizer): Promise<TextResult> {
    if (this.#way.model.batcher.has(one.key)) return this.#submit(one, undefined);
    return observed(this.#tokenize(one, tokenizer).then((text) => this.#submit(one, text)));
  }

  /** @param text undefined where the same text is under way for somebody already */
  #submit(one: Wanted, text: TokenizedText | undefined): Promise<TextResult> {
    if (this.#hasEnded) return Promise.reject(new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded'));
    this.#checkSignal();
    const { model, priority } = this.#way;
    const ticket = model.batcher.submit(one.key, priority, text);
    this.#tickets.push(ticket);
    const made = ticket.result.then((embedded) => this.#made(one, embedded));
    return observed(one.late ? this.#orLate(made, one.late, one, ticket) : made);
  }

  /** The model's vector or that of a late Redis, whichever comes first; a text that still waits for the model then needs it no more. */
  #orLate(made: Promise<TextResult>, late: NonNullable<Wanted['late']>, { place, key }: Wanted, ticket: Ticket): Promise<TextResult> {
    return new Promise((resolve, reject) => {
      let open = true;
      const close = (): void => {
        open = false;
      };
      made.finally(close).then(resolve, reject);
      const fromRedis = (found: ReadonlyMap<CacheKey, Embedded> | undefined): void => {
        const embedded = found?.get(key);
        if (!embedded || !open) return;
        resolve(this.#fromL2(place, key, embedded));
        ticket.cancel();
      };
      late.then(fromRedis).catch(reject);
    });
  }

  async #tokenize({ place, key, input }: Wanted, tokenizer: Tokenizer): Promise<TokenizedText> {
    const text = typeof input === 'string' ? await this.#encode(key, input, tokenizer) : tokenizer.encodeIds(input, `texts[${place}]`);
    this.#checkLength(place, text);
    return text;
  }

  #encode(key: CacheKey, input: string, tokenizer: Tokenizer): Promise<TokenizedText> {
    const known = this.#tokenizing.get(key);
    if (known) return known;
    const encoding = tokenizer.encode(this.#way.prompt + input).finally(() => this.#tokenizing.delete(key));
    this.#tokenizing.set(key, encoding);
    return encoding;
  }

  #made({ place, key }: Wanted, embedded: Embedded): TextResult {
    this.#way.cache.set(key, embedded);
    this.#way.cache.count(false);
    this.#checkLength(place, embedded);
    const { vector, tokens, truncated, dropped } = embedded;
    return { vector, tokens, truncated, dropped, cached: false };
  }

  #checkLength(place: number, { tokens, dropped }: Pick<TokenizedText, 'tokens' | 'dropped'>): void {
    if (dropped > 0 && !this.#way.truncate) throw tooManyTokens(place, tokens, dropped);
  }

  #checkSignal(): void {
    if (this.#signal?.aborted) throw new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded');
  }
}
