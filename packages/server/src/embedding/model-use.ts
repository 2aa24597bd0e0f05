// A request's hold on a model. It takes a place in memory when it first needs the model itself: what caches have needs none.
import { VoisinError } from '../errors.js';
import type { Batcher } from './batcher.js';
import type { Loaded, Resident } from './resident.js';
import type { Residents } from './residents.js';
import type { Asker } from './types.js';

export class ModelUse {
  readonly #residents: Residents;
  readonly #resident: Resident;
  readonly #asker: Asker | undefined;
  #place: (() => void) | Promise<() => void> | undefined;

  constructor(residents: Residents, resident: Resident, asker: Asker | undefined) {
    this.#residents = residents;
    this.#resident = resident;
    this.#asker = asker;
  }

  /** Feeds the model once it is loaded. */
  get batcher(): Batcher {
    return this.#resident.batcher;
  }

  /** Of the files that the vectors depend on; where they were loaded before and have not changed, it is known without loading them again. */
  async hash(): Promise<string> {
    return (await this.#resident.knownHash()) ?? (await this.load()).hash;
  }

  /** The model in memory, where it stays until `end`; at once where it is there. Throws `deadline_exceeded` as soon as the signal aborts. */
  load(): Loaded | Promise<Loaded> {
    this.#place ??= this.#residents.use(this.#resident, this.#asker?.signal);
    const { loaded } = this.#resident;
    return loaded && typeof this.#place === 'function' ? loaded : this.#loadInto(this.#place);
  }

  /** The place is given back, also one that is still waited for. */
  end(): void {
    if (typeof this.#place === 'function') this.#place();
    else void this.#place?.then((leave) => leave(), ignored);
  }

  async #loadInto(place: (() => void) | Promise<() => void>): Promise<Loaded> {
    await place;
    return unlessAborted(this.#resident.load(), this.#asker?.signal);
  }
}

/** Whoever waits for the place hears of it. */
const ignored = (): void => undefined;

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new VoisinError('deadline_exceeded', 'the request ended before its model was loaded'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
