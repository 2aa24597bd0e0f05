// One model in one precision: what it needs in memory, and the batcher that feeds its processes. It may be loaded and unloaded again.
import { join } from 'node:path';
import { VoisinError } from '../errors.js';
import { Batcher } from './batcher.js';
import { fileIdentity } from './file-identity.js';
import { InferencePool, type PoolOptions } from './inference-pool.js';
import { InferenceTeams } from './inference-teams.js';
import { modelToLoad, type ModelDescription } from './models/model-description.js';
import type { Settings } from './options.js';
import { teamShapes, type TeamShape } from './team-shapes.js';
import { Tokenizer } from './tokenizer.js';
import type { Precision } from './types.js';

/** What a loaded model works with. */
export interface Loaded {
  readonly tokenizer: Tokenizer;
  /** Of the files that its vectors depend on. */
  readonly hash: string;
}

/** Remembered of the last load when the model is unloaded: its hash opens the caches. */
export interface LastLoad {
  readonly hash: string;
  readonly loadSeconds: number;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
}

/** After a failed load those who come get its error for so long; then it is tried again. */
const RETRY_PAUSE_MS = 2000;

export class Resident {
  readonly description: ModelDescription;
  readonly precision: Precision;
  readonly batcher: Batcher;
  readonly #teams: InferenceTeams;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failed: { readonly error: unknown; readonly until: number } | undefined;
  #lastLoad: LastLoad | undefined;
  /** Of the files when they were last loaded. */
  #loadedFiles = '';

  constructor(description: ModelDescription, precision: Precision, settings: Settings) {
    const { name, dimension } = description;
    this.description = description;
    this.precision = precision;
    const [first, second] = teamShapes(settings);
    const pool = (shape: TeamShape): InferencePool => new InferencePool(poolOptions(description, precision, settings, shape));
    this.#teams = new InferenceTeams(pool(first), second && pool(second), settings.teamStayMs);
    this.batcher = new Batcher(this.#teams, {
      model: name,
      dimension,
      batchTokens: settings.batchTokens,
      oneByOne: description.oneByOne.includes(precision),
      onInference: settings.onInference,
    });
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** What there is to work with now: loaded, and with processes that run. */
  get loaded(): Loaded | undefined {
    return this.#teams.isUp ? this.#loaded : undefined;
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  get lastLoad(): LastLoad | undefined {
    return this.#lastLoad;
  }

  get pids(): number[] {
    return this.#teams.pids;
  }

  get restarts(): number {
    return this.#teams.restarts;
  }

  /** The hash of the model's files, if they were loaded before and are still those that they were; at once where they are loaded. */
  knownHash(): string | undefined | Promise<string | undefined> {
    const last = this.#lastLoad;
    if (!last || this.#loaded) return last?.hash;
    return this.#identity().then((files) => (files === this.#loadedFiles ? last.hash : undefined));
  }

  /** The loaded model; loads it where that is not done. Those who ask meanwhile wait for the same load, and have its error if it fails. */
  load(): Promise<Loaded> {
    const { loaded } = this;
    if (loaded) return Promise.resolve(loaded);
    if (this.#failed && performance.now() < this.#failed.until) return Promise.reject(this.#failed.error);
    this.#loading ??= this.#tryToLoad().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Gives the memory back; `load` begins anew. What waits or runs is refused. */
  async unload(): Promise<void> {
    const loading = this.#loading;
    this.#loaded = undefined;
    this.batcher.refuseAll(new VoisinError('unavailable', `model ${this.description.name} leaves the memory`, { retryAfterSeconds: 5 }));
    await this.#teams.stop();
    if (!loading) return;
    // Nobody waits for it any more; its end, however it ends, is no load and no failure.
    await Promise.allSettled([loading]);
    this.#loaded = this.#failed = undefined;
    await this.#teams.stop();
  }

  async #tryToLoad(): Promise<Loaded> {
    try {
      this.#failed = undefined;
      return (this.#loaded = await this.#load());
    } catch (error) {
      this.#failed = { error, until: performance.now() + RETRY_PAUSE_MS };
      this.#loaded = undefined;
      await this.#teams.stop();
      throw error;
    }
  }

  async #load(): Promise<Loaded> {
    const started = performance.now();
    const identity = await this.#identity();
    // Both are started before one is waited for; either failure is the answer.
    const teams = this.#teams.start();
    const [tokenizer, hash] = await Promise.all([Tokenizer.read(this.description), teams]);
    this.#loadedFiles = identity;
    this.#lastLoad = { hash, loadSeconds: (performance.now() - started) / 1000, loadedAt: Date.now() };
    return { tokenizer, hash };
  }

  #identity(): Promise<string> {
    const { directory, onnxFile, readFiles } = modelToLoad(this.description, this.precision);
    return fileIdentity([onnxFile, ...readFiles].map((file) => join(directory, file)));
  }
}

function poolOptions(description: ModelDescription, precision: Precision, settings: Settings, shape: TeamShape): PoolOptions {
  const { loadTimeoutMs, runTimeoutMs, threadsSpin: spin, log } = settings;
  const { workers, threads } = shape;
  const model = modelToLoad(description, precision);
  const load = { model, threads, spin, oneByOne: description.oneByOne.includes(precision) };
  return { model: description.name, load, workers, loadTimeoutMs, runTimeoutMs, log };
}
