// Gives memory back to the system: what was freed, while the server grows; garbage too, when nobody asks it for anything.
import { trimHeap } from '@voisin/faiss';
import { collectGarbage, heapBytes } from './garbage.js';

const LOOK_MS = 1000;
const mib = 2 ** 20;
/** Growth from which on it is worth to give freed memory back, which takes some milliseconds of a thread that searches do not wait for. */
const GROWTH_BYTES = 32 * mib;
/** Growth from which on it is worth to collect garbage at rest. */
const REST_GROWTH_BYTES = 8 * mib;
/** At rest for so many looks, each with less than so much work: as much as an idle server does, and no more. */
const REST_LOOKS = 10;
const REST_WORK_MS = 50;
/** Collecting garbage stops the event loop, for some 20 ms with a small heap; one of this size is left to V8, which takes it in steps. */
const LARGE_HEAP_BYTES = 256 * mib;

export interface OwnProcess {
  /** Bytes that are in memory. */
  size(): number;
  /** Milliseconds of all its threads so far. */
  work(): number;
  /** Gives back what is free. */
  trim(): Promise<void>;
  /** Makes garbage free. */
  collect(): void;
}

const ownProcess: OwnProcess = {
  size: () => process.memoryUsage.rss(),
  work: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  trim: trimHeap,
  collect: () => {
    if (heapBytes() < LARGE_HEAP_BYTES) collectGarbage();
  },
};

export class HeapTrimmer {
  readonly #process: OwnProcess;
  readonly #timer: NodeJS.Timeout;
  /** The least size since the last trim. */
  #least: number;
  /** The size after the last rest. */
  #rested: number;
  #work: number;
  #calmLooks = 0;
  /** It had grown when this rest began. */
  #isLittered = false;
  #trimming: Promise<void> | undefined;

  constructor(own: OwnProcess = ownProcess) {
    this.#process = own;
    this.#least = this.#rested = own.size();
    this.#work = own.work();
    this.#timer = setInterval(() => this.#tryLook(), LOOK_MS).unref();
  }

  /** Resolves when no trim is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#trimming;
  }

  /** A size cannot be read while no file can be opened: then the next look tells. */
  #tryLook(): void {
    try {
      this.#look();
    } catch {
      this.#calmLooks = 0;
    }
  }

  #look(): void {
    const size = this.#process.size();
    const work = this.#process.work();
    this.#calmLooks = work - this.#work < REST_WORK_MS ? this.#calmLooks + 1 : 0;
    this.#work = work;
    this.#least = Math.min(this.#least, size);
    if (this.#trimming) return;
    if (this.#calmLooks === REST_LOOKS) this.#isLittered = size - this.#rested >= REST_GROWTH_BYTES;
    // Twice: V8 makes its young generation small, 30 MB less, where little was allocated since the collection before.
    const rests = this.#calmLooks === REST_LOOKS || this.#calmLooks === 2 * REST_LOOKS;
    if (rests && this.#isLittered) this.#begin(this.#rest());
    else if (size - this.#least >= GROWTH_BYTES) this.#begin(this.#trim());
  }

  #begin(trimming: Promise<void>): void {
    this.#trimming = trimming.catch(() => undefined).finally(() => (this.#trimming = undefined));
  }

  async #rest(): Promise<void> {
    this.#process.collect();
    await this.#trim();
    this.#rested = this.#least;
    // Its own work does not end the rest: with a large heap it is more than an idle server's, and the second collection would never be.
    this.#work = this.#process.work();
  }

  async #trim(): Promise<void> {
    await this.#process.trim();
    this.#least = this.#process.size();
  }
}
