// Inference processes of one model, all alike: starts them, replaces those that die, tells which are free.
import { join } from 'node:path';
import { VoisinError } from '../errors.js';
import { brokenModel } from './models/model-files.js';
import { InferenceProcess, WorkerFailed, type ProcessOptions } from './inference-process.js';
import type { EmbeddingLog } from './options.js';

export interface PoolOptions extends Omit<ProcessOptions, 'onComplaint'> {
  readonly model: string;
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
  #keepsTextsApart = false;
  #failure: VoisinError | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped = true;
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

  /** All processes have loaded the model. */
  get isComplete(): boolean {
    return this.#processes.length === this.#options.workers && this.#processes.every(({ isReady }) => isReady);
  }

  get isRunning(): boolean {
    return this.#processes.some(({ isBusy }) => isBusy);
  }

  /** Why there is no process, where there is none and one was tried a moment ago. */
  get failure(): VoisinError | undefined {
    return this.#processes.length === 0 ? this.#failure : undefined;
  }

  /** Starts the processes that are missing. Resolves with the hash of the model's files once a process has loaded them; throws when none could. */
  async start(): Promise<string> {
    this.#stopped = false;
    if (!this.#failure) this.#fill();
    while (this.failure || this.#hash === undefined) {
      if (this.#stopped) throw stopped(this.#options.model);
      if (this.failure) throw this.failure;
      const usable = this.#processes.filter(({ lost }) => !lost);
      if (usable.length === 0) await Promise.all(this.#processes.map(({ exited }) => exited));
      else await Promise.allSettled([Promise.any(usable.map(({ ready }) => ready))]);
    }
    return this.#hash;
  }

  /** Whether texts of a batch are neither padded nor seen by one another; false until a process has loaded the model. */
  get keepsTextsApart(): boolean {
    return this.#keepsTextsApart;
  }

  get size(): number {
    return this.#options.workers;
  }

  /** The processes without work. */
  get free(): InferenceProcess[] {
    return this.#processes.filter(({ isIdle }) => isIdle);
  }

  /**
   * Those that work and may be given their next batch now. One process alone gets none: what has been given cannot be dropped, or let a query pass, any
   * more, and where only few texts are under way nothing is won.
   */
  get nearlyFree(): InferenceProcess[] {
    return this.#options.workers > 1 ? this.#processes.filter(({ isBusy, hasRoom }) => isBusy && hasRoom) : [];
  }

  /** Ends the processes and resolves when they are gone; `start` begins anew. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    const processes = this.#processes;
    this.#processes = [];
    this.#hash = this.#failure = undefined;
    this.#earlyEnds = 0;
    await Promise.all(processes.map((worker) => worker.kill()));
  }

  #fill(): void {
    while (!this.#stopped && this.#processes.length < this.#options.workers) this.#startOne();
  }

  #startOne(): void {
    const { load, loadTimeoutMs, runTimeoutMs, log, model } = this.#options;
    const worker = new InferenceProcess({
      load,
      loadTimeoutMs,
      runTimeoutMs,
      onComplaint: (text) => log.warn({ model, pid: worker.pid }, `Inference process: ${text.trim().slice(0, 1000)}`),
    });
    this.#processes.push(worker);
    worker.ready.then(
      ({ hash, keepsTextsApart }) => {
        log.info({ model, pid: worker.pid, milliseconds: Date.now() - worker.startedAt }, 'an inference process has loaded its model');
        this.#keepsTextsApart = keepsTextsApart;
        this.#loaded(worker, hash);
      },
      (error: unknown) => this.#loadFailed(worker, error),
    );
    void worker.exited.then(() => this.#gone(worker));
  }

  /** Vectors are kept by the hash of the files that made them: a process with other files must not work under the hash of the first. */
  #loaded(worker: InferenceProcess, hash: string): void {
    if (!this.#processes.includes(worker)) return;
    if (this.#hash === undefined || hash === this.#hash) {
      this.#hash = hash;
      this.onChange();
      return;
    }
    const { model } = this.#options;
    this.#fail(new VoisinError('unavailable', `the files of model ${model} changed while it was in memory`, { retryAfterSeconds: 5 }));
    this.#hash = undefined;
    for (const one of this.#processes) void one.kill();
  }

  #loadFailed(worker: InferenceProcess, error: unknown): void {
    if (!(error instanceof WorkerFailed) || !this.#processes.includes(worker)) return;
    const { model, load } = this.#options;
    const { directory, onnxFile } = load.model;
    this.#fail(brokenModel(model, onnxFile, `cannot be loaded: ${error.message.replaceAll(join(directory, '/'), '')}`, error));
    void worker.kill();
  }

  #gone(worker: InferenceProcess): void {
    // Stopped, and perhaps started anew since.
    if (!this.#processes.includes(worker)) return;
    this.#processes = this.#processes.filter((other) => other !== worker);
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

const stopped = (model: string): VoisinError =>
  new VoisinError('unavailable', `model ${model} leaves the memory`, { retryAfterSeconds: 5 });
