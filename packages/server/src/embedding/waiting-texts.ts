// The texts that wait for a run: queries before bulk, but bulk has its turn.
import { pickBatch, type BatchLimits, type Waiting } from './pick-batch.js';
import type { Priority } from './types.js';

/** Of the waiting texts, how many of the oldest are looked at for one batch. */
const WINDOW = 256;
/** After so many batches of queries in a row bulk has one, so that it goes on however many queries come. */
const QUERY_RUNS = 16;

export class WaitingTexts<T extends Waiting> {
  readonly #queues: Readonly<Record<Priority, Set<T>>> = { query: new Set(), bulk: new Set() };
  #tokens = 0;
  /** Batches of queries since bulk that waits had one. */
  #passed = 0;

  get size(): number {
    return this.#queues.query.size + this.#queues.bulk.size;
  }

  /** Of all waiting texts, without padding. */
  get tokens(): number {
    return this.#tokens;
  }

  has(text: T): boolean {
    return this.#queues.query.has(text) || this.#queues.bulk.has(text);
  }

  add(text: T, priority: Priority): void {
    this.#queues[priority].add(text);
    this.#tokens += text.length;
  }

  /** Before those of the same priority that wait already. */
  addFirst(texts: readonly T[], priority: Priority): void {
    const queue = this.#queues[priority];
    const others = [...queue];
    queue.clear();
    for (const text of texts) this.add(text, priority);
    for (const text of others) queue.add(text);
  }

  /** Somebody waits for a text that was bulk so far. */
  hurry(text: T): void {
    if (this.#queues.bulk.delete(text)) this.#queues.query.add(text);
  }

  delete(text: T): boolean {
    const waited = this.#queues.query.delete(text) || this.#queues.bulk.delete(text);
    if (waited) this.#tokens -= text.length;
    return waited;
  }

  /** Texts for one run, which no longer wait then; none where none wait. */
  take(limits: BatchLimits): T[] {
    const batch = pickBatch(firstOf(this.#queues[this.#turn()], WINDOW), limits);
    for (const text of batch) this.delete(text);
    return batch;
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#queues.query;
    yield* this.#queues.bulk;
  }

  #turn(): Priority {
    const { query, bulk } = this.#queues;
    const bothWait = query.size > 0 && bulk.size > 0;
    if (bothWait && this.#passed < QUERY_RUNS) {
      this.#passed++;
      return 'query';
    }
    this.#passed = 0;
    return bulk.size > 0 ? 'bulk' : 'query';
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
