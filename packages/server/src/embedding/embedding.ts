// The embedding room: texts in, vectors out; caches, tokenizers, batchers and inference processes behind one face.
import { VoisinError } from '../errors.js';
import { AvailableModels } from './available-models.js';
import { EmbeddingCache } from './cache/embedding-cache.js';
import { checkTexts } from './check-texts.js';
import { Door } from './door.js';
import { embedTexts, type TextResult } from './embed-texts.js';
import { ModelUse } from './model-use.js';
import { shortName, type ModelDescription } from './models/model-description.js';
import { folderProblem } from './models/model-places.js';
import { ModelRegistry } from './models/model-registry.js';
import { promptFor } from './models/prompt-for.js';
import { withDefaults, type EmbeddingOptions, type Settings } from './options.js';
import { Residents } from './residents.js';
import { shaped, type Shape } from './shaped.js';
import type { Tokenizer } from './tokenizer.js';
import type { Asker, EmbeddingStats, EmbedOptions, EmbedResult, Input, ModelInfo, Token, TokenizeOptions } from './types.js';

export class Embedding {
  readonly #settings: Settings;
  readonly #cache: EmbeddingCache;
  readonly #door: Door;
  readonly #residents: Residents;
  readonly #registry: ModelRegistry;
  readonly #models: AvailableModels;
  #closed = false;

  private constructor(settings: Settings, registry: ModelRegistry) {
    this.#settings = settings;
    const { cacheEntries: entries, cacheBytes: bytes, redis, log } = settings;
    this.#cache = new EmbeddingCache({ entries, bytes, redis: redis && { ...redis, log } });
    this.#door = new Door({ query: settings.maxQueuedQueries, bulk: settings.maxQueuedBulk });
    const { maxCachedModels: places, modelIdleMs: idleMs, cleanupIntervalMs: cleanupMs } = settings;
    this.#residents = new Residents({ places, idleMs, cleanupMs });
    this.#registry = registry;
    this.#models = new AvailableModels(registry, this.#residents, settings);
  }

  /**
   * Finds the models, and loads those that are required; one of these that fails is the error. Another model that cannot be used is logged, and is
   * an error to those who ask for it; it is tried again for later requests.
   */
  static async open(options: EmbeddingOptions = {}): Promise<Embedding> {
    const settings = withDefaults(options);
    const registry = await ModelRegistry.open({ ...settings, folders: settings.modelDirectories, bundled: settings.bundledModels });
    for (const { name, directory, problem } of registry.list()) {
      if (problem) settings.log.error({ model: name, directory, err: problem }, problem.message);
    }
    await warnOfNothing(settings, registry);
    const embedding = new Embedding(settings, registry);
    try {
      await Promise.all(settings.requiredModels.map((name) => embedding.#require(name)));
    } catch (error) {
      await embedding.close();
      throw error;
    }
    return embedding;
  }

  /** Every model that may be used, in memory or not, and also those whose files are broken. */
  models(): ModelInfo[] {
    return this.#models.infos();
  }

  /** Looks at the models' files anew, but for those in memory: what has come or was mended is known then, what was taken away is not. */
  refresh(): Promise<void> {
    return this.#models.refresh();
  }

  /**
   * The model of this full name or last part of one, else the default. Throws `not_found` listing what there is, and `permission_denied` for one that
   * is not allowed.
   */
  model(name: string = this.#settings.defaultModel): ModelInfo {
    return this.#models.info(name);
  }

  /**
   * Vectors of the inputs. Throws `invalid_argument` (a blank or too long text, by position; dimensions, precision or prompt that the model has not),
   * `not_found` (no such model), `permission_denied` (one that is not allowed), `failed_precondition` (a broken model directory, by file),
   * `unavailable` with `retryAfterSeconds` (queue full, model not running) and `deadline_exceeded` (aborted).
   */
  async embed(inputs: readonly Input[], options: EmbedOptions = {}, asker?: Asker): Promise<EmbedResult> {
    this.#requireOpen();
    const { model: asked, normalize = true, dimensions, truncate = true, priority = 'query', precision = 'fp32' } = options;
    const resident = await this.#models.resident(asked ?? this.#settings.defaultModel, precision);
    const { description } = resident;
    const prompt = promptFor(description, options);
    checkDimensions(description, dimensions);
    checkTexts(inputs, options.maxTextLength ?? this.#settings.maxTextLength);
    const model = new ModelUse(this.#residents, resident, asker);
    // No tenant's name has an @, and no hash.
    const scope = this.#settings.cachePerTenant && asker?.tenant !== undefined ? `@${asker.tenant}` : '';
    try {
      const results = await embedTexts(inputs, { model, cache: this.#cache, door: this.#door, prompt, truncate, priority, scope, asker });
      return resultOf(results, description, { asked, normalize, dimensions });
    } finally {
      model.end();
    }
  }

  /** Every token of the texts, as the model's own tokenizer makes them, also those past the model's length. Throws as `embed` does. */
  async tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<Token[][]> {
    const { addSpecialTokens = true, maxTextLength = this.#settings.maxTextLength } = options;
    checkTexts(texts, maxTextLength);
    return this.#withTokenizer(options.model, async (tokenizer) => {
      const lists: Token[][] = [];
      for (const text of texts) lists.push(await tokenizer.tokenize(text, addSpecialTokens));
      return lists;
    });
  }

  /** The tokens of each text, without special tokens. Throws as `embed` does. */
  countTokens(texts: readonly string[], model: string): Promise<number[]> {
    return this.#withTokenizer(model, (tokenizer) => Promise.all(texts.map((text) => tokenizer.count(text))));
  }

  stats(): EmbeddingStats {
    const residents = this.#models.all();
    const sum = (of: (resident: (typeof residents)[number]) => number): number => residents.reduce((total, one) => total + of(one), 0);
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
      residents: [...new Set(residents.filter(({ isLoaded }) => isLoaded).map(({ description }) => description.name))],
      workers: residents.flatMap(({ pids }) => pids),
      restarts: sum(({ restarts }) => restarts),
    };
  }

  /** Refuses what waits and ends the inference processes; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#registry.close();
    await this.#residents.close();
    await this.#cache.close();
  }

  async #withTokenizer<T>(name: string = this.#settings.defaultModel, use: (tokenizer: Tokenizer) => Promise<T>): Promise<T> {
    this.#requireOpen();
    const model = new ModelUse(this.#residents, await this.#models.resident(name), undefined);
    try {
      return await use((await model.load()).tokenizer);
    } finally {
      model.end();
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new VoisinError('unavailable', 'the embedding service is closing', { retryAfterSeconds: 5 });
  }

  /** Loads it. The operator, who reads the error, is told where its files are: callers are not. */
  async #require(name: string): Promise<void> {
    try {
      const resident = this.#models.justRead(name) ?? (await this.#models.resident(name));
      const model = new ModelUse(this.#residents, resident, undefined);
      await Promise.resolve(model.load()).finally(() => model.end());
    } catch (error) {
      const directory = this.#registry.find(name)?.directory;
      if (!(error instanceof VoisinError) || error.code !== 'failed_precondition' || directory === undefined) throw error;
      throw new VoisinError(error.code, `${error.message} (${directory})`, error.details, { cause: error });
    }
  }
}

/** Settings that lead to no model: a server starts with them, and would say nothing before somebody asks. */
async function warnOfNothing({ modelDirectories, allowedModels, hub, log }: Settings, registry: ModelRegistry): Promise<void> {
  for (const folder of modelDirectories) {
    const problem = await folderProblem(folder);
    if (problem !== undefined) log.warn({ folder }, problem);
  }
  const unknown = allowedModels.filter((name) => registry.find(name) === undefined && !(hub?.download === true && name.includes('/')));
  if (unknown.length > 0)
    log.warn({ models: unknown }, `ALLOWED_MODELS names ${unknown.join(', ')}, which no model that is here is called`);
}

function checkDimensions({ name, dimension }: ModelDescription, dimensions: number | undefined): void {
  if (dimensions === undefined || (Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= dimension)) return;
  const message = `dimensions: ${dimensions} came; model ${name} gives 1 to ${dimension}`;
  throw new VoisinError('invalid_argument', message, { field: 'dimensions', limit: dimension });
}

function resultOf(
  results: readonly TextResult[],
  { name, dimension }: ModelDescription,
  shape: Shape & { asked: string | undefined },
): EmbedResult {
  return {
    embeddings: results.map(({ vector }) => shaped(vector, shape)),
    tokens: results.map(({ tokens }) => tokens),
    cached: results.map(({ cached }) => cached),
    truncated: results.map(({ truncated }) => truncated),
    droppedTokens: results.map(({ dropped }) => dropped),
    model: shape.asked ?? shortName(name),
    fullName: name,
    dimension: shape.dimensions ?? dimension,
  };
}
