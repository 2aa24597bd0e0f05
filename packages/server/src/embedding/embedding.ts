// The embedding room: texts in, vectors out; cache, tokenizer, batcher and inference processes behind one face.
import { VoisinError } from '../errors.js';
import { EmbeddingCache } from './cache/embedding-cache.js';
import { checkTexts } from './check-texts.js';
import { Door } from './door.js';
import { embedTexts, type TextResult } from './embed-texts.js';
import { readModelDirectory } from './models/model-directory.js';
import { findModels, type ModelPlace } from './models/model-places.js';
import { withDefaults, type EmbeddingOptions, type Settings } from './options.js';
import { Resident } from './resident.js';
import { shaped, type Shape } from './shaped.js';
import type { EmbeddingStats, EmbedOptions, EmbedResult, Input, ModelInfo, TokenizeOptions, TokenList } from './types.js';

const shortName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

export class Embedding {
  readonly #settings: Settings;
  readonly #cache: EmbeddingCache;
  readonly #door: Door;
  /** By full name; a directory that cannot be read stands with its error, so that the others serve. */
  readonly #models = new Map<string, Resident | VoisinError>();
  readonly #broken = new WeakMap<VoisinError, ModelPlace>();
  #closed = false;

  private constructor(settings: Settings) {
    this.#settings = settings;
    const { cacheEntries: entries, cacheBytes: bytes, redis, log } = settings;
    this.#cache = new EmbeddingCache({ entries, bytes, redis: redis && { ...redis, log } });
    this.#door = new Door({ query: settings.maxQueuedQueries, bulk: settings.maxQueuedBulk });
  }

  /**
   * Finds the models and starts to load the default one; does not wait for it. A model that cannot be used is logged, and is an error to those
   * who ask for it; it is tried again for later requests.
   */
  static async open(options: EmbeddingOptions = {}): Promise<Embedding> {
    const embedding = new Embedding(withDefaults(options));
    const { models, modelDirectories } = embedding.#settings;
    const found = await Promise.all(modelDirectories.map(findModels));
    for (const place of [...models, ...found.flat()]) await embedding.#register(place);
    embedding.#warmUp();
    return embedding;
  }

  models(): ModelInfo[] {
    return [...this.#models].map(([name, model]) => (model instanceof Resident ? infoOf(model) : brokenInfo(name, model)));
  }

  /** The model of this full name or last part of one, else the default. Throws `not_found` listing what there is. */
  model(name?: string): ModelInfo {
    return infoOf(this.#resident(name));
  }

  /**
   * Vectors of the texts. Throws `invalid_argument` (a blank or too long text, by position), `not_found` (no such model), `failed_precondition`
   * (a broken model directory, by file), `unavailable` with `retryAfterSeconds` (queue full, model not running) and `deadline_exceeded` (aborted).
   */
  async embed(inputs: readonly Input[], options: EmbedOptions = {}): Promise<EmbedResult> {
    await this.#tryAgain(options.model);
    const resident = this.#resident(options.model);
    const { name, dimension } = resident.description;
    const { normalize = true, dimensions, priority = 'query', signal } = options;
    const texts = refuseUnfinished(inputs, options);
    if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= dimension)) {
      const message = `dimensions: ${dimensions} came; model ${name} gives 1 to ${dimension}`;
      throw new VoisinError('invalid_argument', message, { field: 'dimensions', limit: dimension });
    }
    checkTexts(texts, options.maxTextLength ?? this.#settings.maxTextLength);
    const results = await embedTexts(texts, { resident, cache: this.#cache, door: this.#door, priority, signal });
    return {
      ...columnsOf(results, { normalize, dimensions }),
      model: options.model ?? shortName(name),
      fullName: name,
      dimension: dimensions ?? dimension,
    };
  }

  /** The tokens of texts, as the model's own tokenizer makes them; the model need not be in memory. */
  tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<TokenList[]> {
    this.#resident(options.model);
    return Promise.reject(new VoisinError('unavailable', `tokenizing ${texts.length} texts is not there yet`));
  }

  stats(): EmbeddingStats {
    const residents = [...this.#models.values()].filter((model) => model instanceof Resident);
    const sum = (of: (resident: Resident) => number): number => residents.reduce((total, resident) => total + of(resident), 0);
    const { entries, bytes, hits, misses, l2, l2Faults } = this.#cache.stats();
    return {
      queued: sum(({ batcher }) => batcher.queued),
      inFlight: sum(({ batcher }) => batcher.inFlight),
      cacheEntries: entries,
      cacheBytes: bytes,
      cacheHits: hits,
      cacheMisses: misses,
      l2,
      l2Faults,
      residents: residents.filter(({ pids }) => pids.length > 0).map(({ description }) => description.name),
      workers: residents.flatMap(({ pids }) => pids),
      restarts: sum(({ restarts }) => restarts),
    };
  }

  /** Refuses what waits and ends the inference processes; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#models.values()].map((model) => (model instanceof Resident ? model.close() : undefined)));
    await this.#cache.close();
  }

  /** The first place of a name counts. */
  async #register(place: ModelPlace): Promise<void> {
    const { name, directory } = place;
    if (this.#models.has(name)) return;
    try {
      this.#models.set(name, new Resident(await readModelDirectory(name, directory), this.#settings));
    } catch (error) {
      if (!(error instanceof VoisinError)) throw error;
      this.#models.set(name, error);
      this.#broken.set(error, place);
      this.#settings.log.error({ model: name, directory, err: error }, error.message);
    }
  }

  /** A directory that could not be read may have been mended since. */
  async #tryAgain(name: string = this.#settings.defaultModel): Promise<void> {
    const found = this.#find(name);
    const place = found instanceof VoisinError ? this.#broken.get(found) : undefined;
    if (!place) return;
    const description = await readModelDirectory(place.name, place.directory);
    // Another request may have done the same meanwhile.
    if (this.#models.get(place.name) === found) this.#models.set(place.name, new Resident(description, this.#settings));
  }

  #warmUp(): void {
    const model = this.#find(this.#settings.defaultModel);
    if (model instanceof Resident) model.load().catch((error: unknown) => this.#loadFailed(model, error));
  }

  #loadFailed({ description }: Resident, error: unknown): void {
    if (!this.#closed) this.#settings.log.error({ model: description.name, err: error }, 'the model could not be loaded');
  }

  #find(name: string): Resident | VoisinError | undefined {
    const exact = this.#models.get(name);
    if (exact) return exact;
    return [...this.#models].find(([full]) => shortName(full) === name)?.[1];
  }

  #resident(name: string = this.#settings.defaultModel): Resident {
    if (this.#closed) throw new VoisinError('unavailable', 'the embedding service is closing', { retryAfterSeconds: 5 });
    const found = this.#find(name);
    if (found instanceof Resident) return found;
    if (found) throw found;
    const known = [...this.#models.keys()].toSorted().join(', ') || 'none';
    throw new VoisinError('not_found', `no model ${JSON.stringify(name)}; there are: ${known}`, { field: 'model' });
  }
}

function infoOf({ description: { name, dimension, maxTokens }, pids }: Resident): ModelInfo {
  return { name, shortName: shortName(name), dimension, maxTokens, precisions: ['fp32'], resident: pids.length > 0 };
}

function brokenInfo(name: string, { message }: VoisinError): ModelInfo {
  return { name, shortName: shortName(name), dimension: 0, maxTokens: 0, precisions: [], resident: false, problem: message };
}

/** What the room does not do yet is refused rather than overlooked. */
function refuseUnfinished(
  inputs: readonly Input[],
  { precision = 'fp32', inputType, promptName, truncate = true }: EmbedOptions,
): string[] {
  const missing =
    precision !== 'fp32' ? 'precision' : inputType ? 'input_type' : promptName ? 'prompt_name' : truncate ? undefined : 'truncate';
  if (missing) throw new VoisinError('invalid_argument', `${missing}: this model has none yet`, { field: missing });
  return inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new VoisinError('invalid_argument', 'input: token ids are not accepted yet', { field: 'input' });
  });
}

function columnsOf(results: readonly TextResult[], shape: Shape): Omit<EmbedResult, 'model' | 'fullName' | 'dimension'> {
  return {
    embeddings: results.map(({ vector }) => shaped(vector, shape)),
    tokens: results.map(({ tokens }) => tokens),
    cached: results.map(({ cached }) => cached),
    truncated: results.map(({ truncated }) => truncated),
    droppedTokens: results.map(({ dropped }) => dropped),
  };
}
