// Texts that wait for inference. It never waits for company: an idle process takes what is there, queries before bulk.
import { VoisinError } from '../errors.js';
import type { InferenceProcess } from './inference-process.js';
import { WorkerLost } from './inference-process.js';
import { pickBatch, type Waiting } from './pick-batch.js';
import type { TokenizedText } from './tokenizer.js';
import type { Priority } from './types.js';

/** The processes that the batcher feeds. */
export interface Workers {
  onChange: () => void;
  readonly failure: VoisinError | undefined;
  idle(): Pick<InferenceProcess, 'run'> | undefined;
}

export interface BatcherOptions {
  readonly model: string;
  readonly dimension: number;
  readonly batchTokens: number;
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
  /** Gives the claim up; a text that nobody claims any more is not run. */
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
  alone: boolean;
}

/** Of the waiting texts, how many of the oldest are looked at for one batch. */
const WINDOW = 256;

export class Batcher {
  readonly #workers: Workers;
  readonly #options: BatcherOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #queues: Record<Priority, Set<Job>> = { query: new Set(), bulk: new Set() };
  #running = 0;
  #dispatching = false;
  #secondsPerToken = 0.0002;

  constructor(workers: Workers, options: BatcherOptions) {
    this.#workers = workers;
    this.#options = options;
    workers.onChange = () => this.#dispatch();
  }

  get queued(): number {
    return this.#queues.query.size + this.#queues.bulk.size;
  }

  get inFlight(): number {
    return this.#running;
  }

  /** Guess of the seconds until what waits now is done. */
  get backlogSeconds(): number {
    let tokens = 0;
    for (const { length } of this.#jobs.values()) tokens += length;
    return tokens * this.#secondsPerToken;
  }

  /** A text with this key is under way. */
  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /** Queues a text, or joins one under way with the same key; `tokenize` is called for a new one alone. */
  submit(key: string, priority: Priority, tokenize: () => TokenizedText): Ticket {
    const job = this.#jobs.get(key) ?? this.#enqueue(key, priority, tokenize());
    if (priority === 'query' && this.#queues.bulk.delete(job)) this.#queues.query.add(job);
    let cancel = (): void => undefined;
    const result = new Promise<Embedded>((resolve, reject) => {
      const waiter = { resolve, reject };
      job.waiters.add(waiter);
      cancel = () => this.#leave(job, waiter);
    });
    this.#dispatchSoon();
    return { result, cancel };
  }

  /** After the synchronous work under way: the texts of one request come one after another, and want to run together. */
  #dispatchSoon(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    queueMicrotask(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #enqueue(key: string, priority: Priority, text: TokenizedText): Job {
    const job: Job = { key, text, length: text.ids.length, waiters: new Set(), alone: false };
    this.#jobs.set(key, job);
    this.#queues[priority].add(job);
    return job;
  }

  #leave(job: Job, waiter: Waiter): void {
    job.waiters.delete(waiter);
    const waiting = this.#queues.query.has(job) || this.#queues.bulk.has(job);
    if (job.waiters.size === 0 && waiting) this.#remove(job);
    waiter.reject(new VoisinError('deadline_exceeded', 'the request ended before its texts were embedded'));
  }

  #remove(job: Job): void {
    this.#jobs.delete(job.key);
    this.#queues.query.delete(job);
    this.#queues.bulk.delete(job);
  }

  #dispatch(): void {
    const failure = this.#workers.failure;
    for (;;) {
      const queue = this.#queues.query.size > 0 ? this.#queues.query : this.#queues.bulk;
      if (queue.size === 0) return;
      if (failure) {
        for (const job of queue) this.#reject(job, failure);
        continue;
      }
      const worker = this.#workers.idle();
      if (!worker) return;
      const batch = pickBatch(firstOf(queue, WINDOW), this.#options.batchTokens);
      for (const job of batch) queue.delete(job);
      void this.#run(worker, batch, queue);
    }
  }

  async #run(worker: Pick<InferenceProcess, 'run'>, batch: readonly Job[], queue: Set<Job>): Promise<void> {
    const started = performance.now();
    this.#running += batch.length;
    try {
      const values = await worker.run(batch.map(({ text }) => text.ids));
      const seconds = (performance.now() - started) / 1000;
      const tokens = batch.reduce((sum, { length }) => sum + length, 0);
      this.#secondsPerToken += 0.1 * (seconds / tokens - this.#secondsPerToken);
      this.#options.onInference({ model: this.#options.model, texts: batch.length, tokens, seconds });
      batch.forEach((job, row) => this.#settle(job, values, row));
    } catch (error) {
      this.#again(batch, queue, error);
    } finally {
      this.#running -= batch.length;
    }
    this.#dispatch();
  }

  #settle(job: Job, values: Float32Array, row: number): void {
    const { dimension, model } = this.#options;
    const vector = values.slice(row * dimension, (row + 1) * dimension);
    if (!vector.every(Number.isFinite)) {
      this.#reject(job, new VoisinError('internal', `model ${model} gave a vector that is not finite`));
      return;
    }
    this.#remove(job);
    const { tokens, truncated, dropped } = job.text;
    for (const waiter of job.waiters) waiter.resolve({ vector, tokens, truncated, dropped });
  }

  /** A failed batch is done again once, each text alone and before the others. */
  #again(batch: readonly Job[], queue: Set<Job>, error: unknown): void {
    const others = [...queue];
    queue.clear();
    for (const job of batch) {
      if (job.waiters.size === 0) this.#remove(job);
      else if (job.alone) this.#reject(job, this.#failed(error));
      else {
        job.alone = true;
        queue.add(job);
      }
    }
    for (const job of others) queue.add(job);
  }

  #failed(error: unknown): VoisinError {
    const { model } = this.#options;
    if (error instanceof WorkerLost) {
      return new VoisinError('unavailable', `model ${model} could not embed the text: ${error.message}, twice`, { retryAfterSeconds: 5 });
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new VoisinError('internal', `model ${model} could not embed the text: ${reason}`, undefined, { cause: error });
  }

  #reject(job: Job, error: VoisinError): void {
    this.#remove(job);
    for (const waiter of job.waiters) waiter.reject(error);
    job.waiters.clear();
  }

  /** Refuses everything that waits; what runs is refused when its process ends. */
  close(): void {
    const closing = new VoisinError('unavailable', 'the embedding service is closing', { retryAfterSeconds: 5 });
    for (const job of this.#jobs.values()) this.#reject(job, closing);
  }
}

function firstOf<T>(values: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const value of values) {
    if (first.length === count) break;
    first.push(value);
  }
  return first;
}
