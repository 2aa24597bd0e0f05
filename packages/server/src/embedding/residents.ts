// Which models are in memory: at most so many, the longest unused one leaves for the next, and whoever is unused for long leaves by itself.
import { VoisinError } from '../errors.js';
import type { Resident } from './resident.js';

export interface ResidentsOptions {
  /** Most models in memory. */
  readonly places: number;
  /** An unused model leaves after so long; 0: it stays. */
  readonly idleMs: number;
  /** Time between two looks for unused models. */
  readonly cleanupMs: number;
}

interface Place {
  users: number;
  /** Called when the last user leaves, while somebody waits for the place. */
  onUnused: (() => void) | undefined;
}

interface Waiter {
  readonly come: () => void;
  readonly refuse: (error: VoisinError) => void;
}

export class Residents {
  readonly #options: ResidentsOptions;
  readonly #places = new Map<Resident, Place>();
  /** Who waits for a model to have a place, in order of arrival. */
  readonly #waiting = new Map<Resident, Set<Waiter>>();
  readonly #unloading = new Map<Resident, Promise<void>>();
  readonly #cleanup: NodeJS.Timeout;
  readonly #lastUsed = new WeakMap<Resident, number>();
  #isAdmitting = false;
  #admitting: Promise<void> | undefined;
  /** Has no place any more, but still has users. */
  #leaving: Resident | undefined;
  #closed = false;

  constructor(options: ResidentsOptions) {
    this.#options = options;
    this.#cleanup = setInterval(() => this.#dropUnused(), options.cleanupMs).unref();
  }

  /** The models that have a place: loaded, or about to be. */
  get list(): Resident[] {
    return [...this.#places.keys()];
  }

  /** When a model was last used, in milliseconds since 1970. */
  lastUsedAt(resident: Resident): number | undefined {
    return this.#lastUsed.get(resident);
  }

  /**
   * A place in memory for a model, which keeps it until the returned function is called. Where all places are taken the longest unused model leaves;
   * where all are in use, the one used longest ago leaves when its requests have ended.
   */
  use(resident: Resident, signal?: AbortSignal): (() => void) | Promise<() => void> {
    const place = this.#places.get(resident);
    // Most requests: they wait for nothing, not even for a promise.
    return place && !this.#closed ? this.#sit(resident, place) : this.#waitForPlace(resident, signal);
  }

  async #waitForPlace(resident: Resident, signal: AbortSignal | undefined): Promise<() => void> {
    await this.#unloading.get(resident);
    if (this.#closed) throw closing();
    const place = this.#places.get(resident);
    if (place) return this.#sit(resident, place);
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(resident) ?? new Set();
      this.#waiting.set(resident, waiters);
      const leave = (): void => {
        waiters.delete(waiter);
        reject(new VoisinError('deadline_exceeded', `the request ended before model ${resident.description.name} had a place in memory`));
      };
      const waiter: Waiter = {
        come: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.#sit(resident, this.#placeOf(resident)));
        },
        refuse: reject,
      };
      waiters.add(waiter);
      if (signal?.aborted) leave();
      signal?.addEventListener('abort', leave, { once: true });
      if (!this.#isAdmitting) this.#admitting = this.#admit();
    });
  }

  /** Refuses who waits, and resolves when no model is left in memory. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#cleanup);
    for (const waiter of [...this.#waiting.values()].flatMap((waiters) => [...waiters])) waiter.refuse(closing());
    this.#waiting.clear();
    const leaving = [...this.#places.keys(), ...(this.#leaving ? [this.#leaving] : [])];
    this.#places.clear();
    for (const resident of leaving) void this.#unload(resident);
    await Promise.all(this.#unloading.values());
    await this.#admitting;
  }

  #placeOf(resident: Resident): Place {
    const place = this.#places.get(resident) ?? { users: 0, onUnused: undefined };
    this.#places.set(resident, place);
    return place;
  }

  /** The map has the places in order of use. */
  #sit(resident: Resident, place: Place): () => void {
    place.users++;
    this.#touch(resident, place);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      place.users--;
      this.#touch(resident, place);
      if (place.users > 0) return;
      place.onUnused?.();
      // A model that could not be loaded keeps no place; one that nobody waits for any more is loaded for the next.
      if (!resident.isLoaded && !resident.isLoading && this.#places.get(resident) === place) this.#places.delete(resident);
    };
  }

  #touch(resident: Resident, place: Place): void {
    this.#lastUsed.set(resident, Date.now());
    if (this.#places.get(resident) !== place) return;
    this.#places.delete(resident);
    this.#places.set(resident, place);
  }

  /** One model after another; all who wait for it come in together. */
  async #admit(): Promise<void> {
    this.#isAdmitting = true;
    for (;;) {
      const [next] = this.#waiting;
      if (!next) break;
      const [resident, waiters] = next;
      if (waiters.size > 0) await this.#makeRoom();
      if (this.#closed) break;
      this.#waiting.delete(resident);
      for (const waiter of waiters) waiter.come();
    }
    // In one step with the last look at who waits: whoever comes after it starts the next round.
    this.#isAdmitting = false;
  }

  async #makeRoom(): Promise<void> {
    while (this.#places.size >= this.#options.places) {
      const all = [...this.#places];
      const leaving = all.find(([, { users }]) => users === 0) ?? all[0];
      if (!leaving) return;
      const [resident, place] = leaving;
      // From here on, requests for it wait for a place of their own.
      this.#places.delete(resident);
      this.#leaving = resident;
      if (place.users > 0) await new Promise<void>((resolve) => (place.onUnused = resolve));
      await this.#unload(resident);
      this.#leaving = undefined;
    }
  }

  #dropUnused(): void {
    const { idleMs } = this.#options;
    if (idleMs === 0) return;
    for (const [resident, { users }] of this.#places) {
      if (users > 0 || Date.now() - (this.#lastUsed.get(resident) ?? 0) < idleMs) continue;
      this.#places.delete(resident);
      void this.#unload(resident);
    }
  }

  #unload(resident: Resident): Promise<void> {
    const unloading = resident.unload().finally(() => this.#unloading.delete(resident));
    this.#unloading.set(resident, unloading);
    return unloading;
  }
}

const closing = (): VoisinError => new VoisinError('unavailable', 'the embedding service is closing', { retryAfterSeconds: 5 });
