// What an index does for itself: it trains when it has enough vectors, and builds itself anew when too many of its rows are dead.
import { VoisinError } from '../errors.js';
import { trainingNeeds } from './index-type.js';
import { compact, train } from './next-generation.js';
import type { OpenIndex } from './open-index.js';
import type { IndexServices } from './services.js';

/** Dead rows below this are not worth a compaction. */
const fewDead = 64;
/** From this many dead rows on, a compaction that falls behind holds the writers back. */
const manyDead = 10_000;
/** The graph of HNSW goes on serving well among dead nodes, and each re-insertion costs 0.3 ms: it waits longer. */
const [deadShare, deadShareOfGraph, deadShareThatBlocks] = [0.2, 0.5, 0.7];
/** From this many vectors outside on, and this share of all, a training is worth its while. */
const [fewOutside, outsideShare] = [64, 0.05];

export class Upkeep {
  readonly #index: OpenIndex;
  readonly #services: IndexServices;
  #job: 'training' | 'compacting' | undefined;
  /** Work that is due was asked for and has not ended: it may still wait for another index's. */
  #started = false;
  #pausedUntil = 0;
  /** Vectors that the last training left outside: another one would not help them. */
  #leftOutside = 0;

  constructor(index: OpenIndex, services: IndexServices) {
    this.#index = index;
    this.#services = services;
  }

  get job(): 'training' | 'compacting' | undefined {
    return this.#job;
  }

  train(): Promise<void> {
    return this.#run('training', async () => {
      await train(this.#index);
      this.#leftOutside = this.#index.generation.outside.count;
    });
  }

  compact(): Promise<void> {
    return this.#run('compacting', () => compact(this.#index));
  }

  /** Starts, in the background, what the index needs now. */
  startWhatIsDue(): void {
    const due = this.#due();
    if (due === undefined || this.#started || this.#index.closing.aborted || Date.now() < this.#pausedUntil) return;
    this.#started = true;
    const ended = this[due]().catch((error: unknown) => {
      this.#pausedUntil = Date.now() + this.#services.limits.retryJobMilliseconds;
      if (this.#index.closing.aborted) return;
      this.#services.log.error({ err: error, job: due, ...this.#names() }, 'background work on an index failed; it is tried again later');
    });
    void ended.then(() => {
      this.#started = false;
      this.startWhatIsDue();
    });
  }

  /** Errors: unavailable when rows die faster than compaction frees them. */
  refuseWhenBehind(): void {
    const { dead, size } = this.#index.generation;
    if (dead < manyDead || dead < size * deadShareThatBlocks) return;
    this.startWhatIsDue();
    throw new VoisinError('unavailable', `compaction is behind: ${dead} of ${size} rows are dead`, { retryAfterSeconds: 2 });
  }

  #due(): 'train' | 'compact' | undefined {
    const { dead, size, alive, serving, faiss } = this.#index.generation;
    const needs = trainingNeeds(this.#index.definition.type);
    if (needs !== undefined && (this.#index.isTrained ? alive >= needs.least && this.#isOutgrown() : alive >= needs.good)) return 'train';
    // Written by an older version or by FAISS: until it is linked anew, it answers exactly.
    if (!faiss.isConnected) return 'compact';
    return dead >= fewDead && dead >= size * (serving.family === 'hnsw' ? deadShareOfGraph : deadShare) ? 'compact' : undefined;
  }

  /** What the training learned no longer fits the vectors, or an older version did not measure what fits it. */
  #isOutgrown(): boolean {
    const { fit, outside, alive, live } = this.#index.generation;
    if (fit === undefined) return true;
    const many = this.#leftOutside + Math.max(fewOutside, alive * outsideShare);
    return outside.count >= many && outside.alive(live) >= many;
  }

  async #run(job: 'training' | 'compacting', work: () => Promise<void>): Promise<void> {
    try {
      await this.#services.background.run(async () => {
        this.#index.closing.throwIfAborted();
        this.#job = job;
        const startedAt = Date.now();
        await work();
        const fields = { job, milliseconds: Date.now() - startedAt, rows: this.#index.generation.size, ...this.#names() };
        this.#services.log.info(fields, 'background work on an index is done');
      });
    } finally {
      this.#job = undefined;
    }
  }

  #names(): { index: string; tenant: string } {
    return { index: this.#index.definition.id, tenant: this.#index.definition.tenant };
  }
}
