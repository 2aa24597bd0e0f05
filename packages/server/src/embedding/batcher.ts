// Texts that wait for inference: an idle process takes its share of what is there, queries before bulk.
import { VoisinError } from '../errors.js';
import type { InferenceProcess } from './inference-process.js';
import { WorkerLost } from './inference-process.js';
import type { Waiting } from './pick-batch.js';
import type { TokenizedText } from './tokenizer.js';
import type { Priority } from './types.js';
import { WaitingTexts } from './waiting-texts.js';

type Worker = Pick<InferenceProcess, 'run'>;

/** The processes that may have work now. */
interface Team {
  readonly free: readonly Worker[];
  /** Those that work and take one batch more, which they begin as soon as they have answered. */
  readonly nearlyFree: readonly Worker[];
  /** How many there are in all. */
  readonly size: number;
  /** They neither pad the texts of a batch nor let one see another. */
  readonly keepsTextsApart: boolean;
}

/** The processes that the batcher feeds. */
export interface Workers {
  /** Called when a process has become free, or none can be had. */
  onChange: () => void;
  /** Why there is no process and none is to be expected soon. */
  readonly failure: VoisinError | undefined;
  /** Told whether more than one text is under way, waiting or running, whenever that may have changed. */
  note(isCrowd: boolean): void;
  team(): Team;
}

export interface BatcherOptions {
  readonly model: string;
  readonly dimension: number;
  /** Most padded tokens of one batch. */
  readonly batchTokens: number;
  /** Processes that do not keep texts apart run those of a batch one after another. */
  readonly oneByOne: boolean;
  readonly onInference: (batch: {
    readonly model: string;
    readonly texts: number;
    readonly tokens: number;
    readonly seconds: number;
  }) => void;
}

/** A pooled vector, not normalised, and what the tokenizer said of its text. Shared: never to be written to. */
export interface Embedded {
  readonly vector: Float32Array;
  readonly tokens: number;
  readonly truncated: boolean;
  readonly dropped: number;
}

/** One caller's claim on one text's vector. */
export interface Ticket {
  readonly result: Promise<Embedded>;
  /** Gives the claim up, where it is not settled; a text that nobody claims any more is not run. */
  cancel(): void;
}

interface Waiter {
  readonly resolve: (value: Embedded) => void;
  readonly reject: (error: unknown) => void;
}

interface Job extends Waiting {
  readonly key: string;
  readonly text: TokenizedText;
  readonly waiters: Set<Waiter>;
  priority: Priority;
  alone: boolean;
}

/**
 * What is under way falls into so many batches for each process: one runs while the other is answered, asked again and gathered. With one a process, the
 * processes fall into step, end together, and find nobody to work for while all callers are answered.
 */
const BATCHES_A_PROCESS = 2;

/** A batch that a process is given while it works holds up a query that comes meanwhile for so many tokens at most. */
const NEXT_BATCH_TOKENS = 256;

/** Texts that run one after another hold a query up for so many tokens at most. */
const ONE_BY_ONE_TOKENS = 128;

export class Batcher {
  readonly #workers: Workers;
  readonly #options: BatcherOptions;
  /** What waits and what runs, by key. */
  readonly #jobs = new Map<string, Job>();
  readonly #waiting = new WaitingTexts<Job>();
  #running = 0;
  #runningTokens = 0;
  #dispatching = false;
  #secondsPerToken = 0.0002;

  constructor(workers: Workers, options: BatcherOptions) {
    this.#workers = workers;
    this.#options = options;
    workers.onChange = () => this.#dispatch();
  }

  get queued(): number {
    return this.#waiting.size;
  }

  get inFlight(): number {
    return this.#running;
  }

  /** Guess of the seconds until what is under way now is done. */
  get backlogSeconds(): number {
    return (this.#waiting.tokens + this.#runningTokens) * this.#secondsPerToken;
  }

  /** A text with this key is under way. */
  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /** Queues a text, or joins one under way with the same key, which must be where no text is given. */
  submit(key: string, priority: Priority, text: TokenizedText | undefined): Ticket {
    const job = this.#jobs.get(key) ?? this.#enqueue(key, priority, text);
    if (priority === 'query') this.#hurry(job);
    let cancel = (): void => undefined;
    const result = new Promise<Embedded>((resolve, reject) => {
      const waiter = { resolve, reject };
      job.waiters.add(waiter);
      cancel = () => this.#leave(job, waiter);
    });
    this.#dispatchSoon();
    return { result, cancel };
  }

  /** Refuses everything that is under way. */
  refuseAll(error: VoisinError): void {
    for (const job of this.#jobs.values()) this.#reject(job, error);
  }

  /** After what the event loop has at hand: texts of one request, and of requests that came together, want to run together. */
  #dispatchSoon(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #enqueue(key: string, priority: Priority, text: TokenizedText | undefined): Job {
    if (text === undefined) throw new VoisinError('internal', 'a text without tokens was to be embedded');
    const job: Job = { key, text, length: text.ids.length, waiters: new Set(), priority, alone: false };
    this.#jobs.set(key, job);
    this.#waiting.add(job, priority);
    return job;
  }

  #hurry(job: Job): void {
    job.priority = 'query';
    this.#waiting.hurry(job);
  }

  #leave(job: Job, waiter: Waiter): void {
    if (!job.waiters.delete(waiter)) return;
    if (job.waiters.size === 0 && this.#waiting.has(job)) this.#remove(job);
    this.#noteLoad();
    waiter.reject(new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded'));
  }

  #remove(job: Job): void {
    // A text that nobody waited for may have come again under the same key.
    if (this.#jobs.get(job.key) === job) this.#jobs.delete(job.key);
    this.#waiting.delete(job);
  }

  #dispatch(): void {
    const failure = this.#workers.failure;
    if (failure) {
      for (const job of this.#waiting) this.#reject(job, failure);
    }
    this.#noteLoad();
    if (this.#waiting.size === 0) return;
    const { free, nearlyFree, size, keepsTextsApart } = this.#workers.team();
    const { oneByOne } = this.#options;
    const batchTokens = oneByOne && !keepsTextsApart ? Math.min(this.#options.batchTokens, ONE_BY_ONE_TOKENS) : this.#options.batchTokens;
    const unpadded = oneByOne || keepsTextsApart;
    const texts = size === 1 ? Infinity : Math.ceil((this.#waiting.size + this.#running) / (size * BATCHES_A_PROCESS));
    const give = (worker: Worker, tokens: number): void => {
      if (this.#waiting.size > 0) void this.#run(worker, this.#waiting.take({ tokens, texts, unpadded }));
    };
    for (const worker of free) give(worker, batchTokens);
    for (const worker of nearlyFree) give(worker, Math.min(batchTokens, NEXT_BATCH_TOKENS));
  }

  #noteLoad(): void {
    this.#workers.note(this.#waiting.size + this.#running > 1);
  }

  async #run(worker: Worker, batch: readonly Job[]): Promise<void> {
    const started = performance.now();
    const tokens = batch.reduce((sum, { length }) => sum + length, 0);
    this.#running += batch.length;
    this.#runningTokens += tokens;
    try {
      const values = await worker.run(batch.map(({ text }) => text.ids));
      const seconds = (performance.now() - started) / 1000;
      this.#secondsPerToken += 0.1 * (seconds / tokens - this.#secondsPerToken);
      this.#options.onInference({ model: this.#options.model, texts: batch.length, tokens, seconds });
      batch.forEach((job, row) => this.#settle(job, values, row));
    } catch (error) {
      this.#again(batch, error);
    } finally {
      this.#running -= batch.length;
      this.#runningTokens -= tokens;
    }
    this.#dispatch();
  }

  #settle(job: Job, values: Float32Array, row: number): void {
    const { dimension, model } = this.#options;
    const vector = values.slice(row * dimension, (row + 1) * dimension);
    if (!allFinite(vector)) {
      this.#reject(job, new VoisinError('internal', `model ${model} gave a vector that is not finite`));
      return;
    }
    this.#remove(job);
    const { tokens, truncated, dropped } = job.text;
    for (const waiter of job.waiters) waiter.resolve({ vector, tokens, truncated, dropped });
    job.waiters.clear();
  }

  /** A failed batch is done again once, each text alone and before the others. */
  #again(batch: readonly Job[], error: unknown): void {
    for (const job of batch) {
      if (job.waiters.size === 0) this.#remove(job);
      else if (job.alone) this.#reject(job, this.#failed(error));
      else job.alone = true;
    }
    const again = batch.filter((job) => this.#jobs.get(job.key) === job);
    for (const priority of ['query', 'bulk'] as const) {
      this.#waiting.addFirst(
        again.filter((job) => job.priority === priority),
        priority,
      );
    }
  }

  #failed(error: unknown): VoisinError {
    const { model } = this.#options;
    if (error instanceof WorkerLost) {
      return new VoisinError('unavailable', `model ${model} could not embed the text: ${error.message}, twice`, { retryAfterSeconds: 5 });
    }
    const reason = error instanceof Error ? error.message : String(error);
    if (outOfTable.test(reason)) {
      const message = `model ${model} has no row for a token or a position of the text: its tokenizer or its configuration is not that of its ONNX file (${reason})`;
      return new VoisinError('failed_precondition', message, undefined, { cause: error });
    }
    return new VoisinError('internal', `model ${model} could not embed the text: ${reason}`, undefined, { cause: error });
  }

  #reject(job: Job, error: VoisinError): void {
    this.#remove(job);
    for (const waiter of job.waiters) waiter.reject(error);
    job.waiters.clear();
  }
}

/** An id behind the end of a table of words or positions, as ONNX Runtime and our own encoder say it. */
const outOfTable = /indices element out of data bounds|the id \d+ is none of/;

/** A loop: `every(Number.isFinite)` makes an object of each value. */
function allFinite(vector: Float32Array): boolean {
  for (const value of vector) if (!Number.isFinite(value)) return false;
  return true;
}
