// The inference processes of one model: starts them, replaces those that die, tells when one is free.
import { VoisinError } from '../errors.js';
import { brokenModel } from './models/model-files.js';
import { InferenceProcess, WorkerFailed, type ProcessOptions } from './inference-process.js';
import type { EmbeddingLog } from './options.js';

export interface PoolOptions extends Omit<ProcessOptions, 'onComplaint'> {
  readonly model: string;
  readonly onnxFile: string;
  readonly workers: number;
  readonly log: EmbeddingLog;
}

/** After a second early end in a row, or a model that cannot be loaded, the next try waits so long. */
const RETRY_PAUSE_MS = 2000;
/** Processes that end younger than this without having answered a batch have ended early. */
const EARLY_MS = 2000;

export class InferencePool {
  /** Called when a process has become free, or none can be had. */
  onChange: () => void = () => undefined;
  readonly #options: PoolOptions;
  #processes: InferenceProcess[] = [];
  #hash: string | undefined;
  #failure: VoisinError | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #restarts = 0;
  #earlyEnds = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** SHA-256 of the model's ONNX file, once a process has loaded it. */
  get hash(): string | undefined {
    return this.#hash;
  }

  /** Why there is no process, where there is none and one was tried a moment ago. */
  get failure(): VoisinError | undefined {
    return this.#processes.length === 0 ? this.#failure : undefined;
  }

  /** Starts the processes that are missing. Resolves with the file's hash once the model was loaded; throws when it could not be. */
  async start(): Promise<string> {
    if (!this.#failure) this.#fill();
    while (!this.#hash) {
      if (this.#closed) throw closedError();
      if (this.failure) throw this.failure;
      const usable = this.#processes.filter(({ lost }) => !lost);
      if (usable.length === 0) await Promise.all(this.#processes.map(({ exited }) => exited));
      else await Promise.allSettled([Promise.any(usable.map(({ ready }) => ready))]);
    }
    return this.#hash;
  }

  /** An idle process, or none. */
  idle(): InferenceProcess | undefined {
    return this.#processes.find(({ isIdle }) => isIdle);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    await Promise.all(this.#processes.map((worker) => worker.kill()));
  }

  #fill(): void {
    while (!this.#closed && this.#processes.length < this.#options.workers) this.#startOne();
  }

  #startOne(): void {
    const { load, loadTimeoutMs, runTimeoutMs, log, model } = this.#options;
    const worker = new InferenceProcess({
      load: { ...load, hash: this.#hash },
      loadTimeoutMs,
      runTimeoutMs,
      onComplaint: (text) => log.warn({ model, pid: worker.pid }, `Inference process: ${text.trim().slice(0, 1000)}`),
    });
    this.#processes.push(worker);
    worker.ready.then(
      (hash) => {
        this.#hash ??= hash;
        log.info({ model, pid: worker.pid, milliseconds: Date.now() - worker.startedAt }, 'an inference process has loaded its model');
        this.onChange();
      },
      (error: unknown) => this.#loadFailed(worker, error),
    );
    void worker.exited.then(() => this.#gone(worker));
  }

  #loadFailed(worker: InferenceProcess, error: unknown): void {
    if (!(error instanceof WorkerFailed) || this.#closed) return;
    const { model, onnxFile, load } = this.#options;
    this.#fail(brokenModel(model, onnxFile, `cannot be loaded: ${error.message.replaceAll(load.file, onnxFile)}`, error));
    void worker.kill();
  }

  #gone(worker: InferenceProcess): void {
    this.#processes = this.#processes.filter((other) => other !== worker);
    if (this.#closed) return;
    const { model, log } = this.#options;
    this.#restarts++;
    this.#earlyEnds = worker.batches > 0 || Date.now() - worker.startedAt > EARLY_MS ? 0 : this.#earlyEnds + 1;
    if (this.#earlyEnds > 1) {
      this.#fail(new VoisinError('unavailable', `the inference processes of model ${model} keep ending`, { retryAfterSeconds: 5 }));
    }
    if (!this.#failure) {
      log.warn({ model, pid: worker.pid, reason: worker.lost?.message }, 'an inference process ended and is replaced');
      this.#fill();
    }
    this.onChange();
  }

  /** No process is started for a while; then the missing ones are, at once where others serve, else at the next request. */
  #fail(failure: VoisinError): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#options.log.error({ model: this.#options.model, err: failure }, failure.message);
    this.#retryTimer = setTimeout(() => {
      this.#failure = undefined;
      if (this.#processes.length > 0) this.#fill();
    }, RETRY_PAUSE_MS).unref();
  }
}

const closedError = (): VoisinError => new VoisinError('unavailable', 'the embedding service is closing', { retryAfterSeconds: 5 });
