// One thread for parsing, started when the first large body comes.

import { Worker } from 'node:worker_threads';
import { VoisinError } from '../../../errors.js';
import type { ParsedBody } from './parse-body.js';
import type { ParseJob, ParseReply } from './parse-job.js';
import { SpareBuffer } from './spare-buffer.js';

/** Almost all that parsing makes lies outside of the heap: a small young generation is enough, and 20 MB less. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

interface Waiting {
  resolve(parsed: ParsedBody): void;
  reject(error: Error): void;
}

export class ParseThread {
  /** Memory for the next large body. */
  readonly spare = new SpareBuffer();
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #number = 0;

  get queued(): number {
    return this.#waiting.size;
  }

  /**
   * @param job its bytes move to the thread and are gone here; they must own their whole buffer
   * @throws VoisinError what the parser found wrong; unavailable when the thread died, which costs only what it had at hand
   */
  parse(job: ParseJob): Promise<ParsedBody> {
    return new Promise((resolve, reject) => {
      const number = ++this.#number;
      const worker = (this.#worker ??= this.#start());
      this.#waiting.set(number, { resolve, reject });
      worker.ref();
      worker.postMessage({ number, job }, job.bytes.buffer instanceof ArrayBuffer ? [job.bytes.buffer] : []);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./parse-worker.js', import.meta.url), { name: 'voisin-parse', resourceLimits });
    worker.on('message', (reply: ParseReply) => this.#settle(reply));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', () => this.#lost(worker, new Error('the parsing thread ended')));
    return worker;
  }

  #settle(reply: ParseReply): void {
    const waiting = this.#waiting.get(reply.number);
    this.#waiting.delete(reply.number);
    if (reply.memory !== undefined) this.spare.give(reply.memory);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ('parsed' in reply) waiting?.resolve(reply.parsed);
    else waiting?.reject(new VoisinError(reply.refused.code, reply.refused.message, reply.refused.details));
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new VoisinError('unavailable', 'the body could not be parsed; send it again', { retryAfterSeconds: 1 }, { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
