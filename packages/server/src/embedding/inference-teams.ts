// Two teams of inference processes for one model: one process with several threads, which answers a lone text first, and, while texts keep coming at the same
// time, one process a core, which carry more. Never both at once: they would take one another's cores.
import type { VoisinError } from '../errors.js';
import type { Workers } from './batcher.js';
import type { InferencePool } from './inference-pool.js';
import { LoadGauge } from './load-gauge.js';

export class InferenceTeams implements Workers {
  readonly #first: InferencePool;
  /** Started when it is wanted; none: the first team carries every load. */
  readonly #second: InferencePool | undefined;
  readonly #stayMs: number;
  readonly #gauge = new LoadGauge();
  #hash: string | undefined;
  #leaving: NodeJS.Timeout | undefined;

  /** @param stayMs the second team leaves the memory after so long without a crowd */
  constructor(first: InferencePool, second: InferencePool | undefined, stayMs: number) {
    this.#first = first;
    this.#second = second;
    this.#stayMs = stayMs;
  }

  set onChange(onChange: () => void) {
    this.#first.onChange = onChange;
    if (this.#second) this.#second.onChange = onChange;
  }

  get failure(): VoisinError | undefined {
    return this.#first.failure;
  }

  /** There are processes, loaded or about to be. */
  get isUp(): boolean {
    return this.#first.pids.length > 0;
  }

  get pids(): number[] {
    return [...this.#first.pids, ...(this.#second?.pids ?? [])];
  }

  get restarts(): number {
    return this.#first.restarts + (this.#second?.restarts ?? 0);
  }

  /** Resolves with the hash of the model's files once the first team has loaded it; throws when it cannot. */
  async start(): Promise<string> {
    return (this.#hash = await this.#first.start());
  }

  async stop(): Promise<void> {
    clearTimeout(this.#leaving);
    this.#hash = undefined;
    await Promise.all([this.#first.stop(), this.#second?.stop()]);
  }

  note(isCrowd: boolean): void {
    this.#gauge.note(isCrowd, performance.now());
  }

  team(): InferencePool {
    const second = this.#second;
    if (!second) return this.#first;
    const now = performance.now();
    if (this.#gauge.isLasting(now)) this.#call(second);
    if (second.isRunning) return second;
    return second.isComplete && this.#gauge.isCrowded(now) && !this.#first.isRunning ? second : this.#first;
  }

  #call(second: InferencePool): void {
    if (this.#leaving || this.#hash === undefined) return;
    // Where it cannot be had, the first team goes on; the pool has logged why.
    void second.start().then(
      (hash) => {
        if (hash !== this.#hash) void second.stop();
      },
      () => undefined,
    );
    this.#leaving = setInterval(() => this.#letGo(second), this.#stayMs / 6).unref();
  }

  #letGo(second: InferencePool): void {
    if (this.#gauge.calmFor(performance.now()) < this.#stayMs || second.isRunning) return;
    clearInterval(this.#leaving);
    this.#leaving = undefined;
    void second.stop();
  }
}
