// One model in memory: its description, its tokenizer, the processes that run it and the batcher that feeds them.
import { join } from 'node:path';
import { Batcher } from './batcher.js';
import { InferencePool } from './inference-pool.js';
import type { ModelDescription } from './models/model-directory.js';
import type { Settings } from './options.js';
import { Tokenizer } from './tokenizer.js';

/** What a loaded model works with. */
export interface Loaded {
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the ONNX file that the processes run. */
  readonly hash: string;
}

export class Resident {
  readonly description: ModelDescription;
  readonly batcher: Batcher;
  readonly #pool: InferencePool;
  #tokenizer: Tokenizer | undefined;
  #loading: Promise<Loaded> | undefined;

  constructor(description: ModelDescription, settings: Settings) {
    const { name, directory, onnxFile, dimension, pooling, padId } = description;
    this.description = description;
    this.#pool = new InferencePool({
      model: name,
      onnxFile,
      load: {
        file: join(directory, onnxFile),
        threads: settings.threadsPerWorker,
        spin: settings.threadsSpin,
        dimension,
        pooling,
        padId,
        hash: undefined,
      },
      workers: settings.workers,
      loadTimeoutMs: settings.loadTimeoutMs,
      runTimeoutMs: settings.runTimeoutMs,
      log: settings.log,
    });
    this.batcher = new Batcher(this.#pool, {
      model: name,
      dimension,
      batchTokens: settings.batchTokens,
      onInference: settings.onInference,
    });
  }

  get pids(): number[] {
    return this.#pool.pids;
  }

  get restarts(): number {
    return this.#pool.restarts;
  }

  /** The loaded model; loads it where that is not done or failed before. Those who ask meanwhile wait for the same load. */
  load(): Promise<Loaded> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    const hashed = this.#pool.start();
    const { name, directory, maxTokens } = this.description;
    // Both are started before one is waited for; either failure is the answer.
    const [tokenizer, hash] = await Promise.all([this.#tokenizer ?? Tokenizer.read(name, directory, maxTokens), hashed]);
    this.#tokenizer = tokenizer;
    return { tokenizer, hash };
  }

  async close(): Promise<void> {
    this.batcher.close();
    await this.#pool.close();
  }
}
