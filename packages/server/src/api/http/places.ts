// Places for requests under way: so many on the server, and no more than a share of them for one tenant, or one address without a key, so that
// none can take them all.

import { VoisinError } from '../../errors.js';

export class Places {
  readonly #max: number;
  readonly #share: number;
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor(max: number, share: number) {
    this.#max = max;
    this.#share = Math.min(max, share);
  }

  /** Requests that have a place. */
  get count(): number {
    return this.#count;
  }

  /**
   * Each place is to be given back by `leave` with the owner that this returns.
   * @param tenant of the key; undefined on a server without keys
   * @throws VoisinError rate_limited when the tenant has its share, unavailable when the address has or all are taken
   */
  take(tenant: string | undefined, address: string): string {
    // No tenant's name begins with a colon.
    const owner = tenant ?? `:${address}`;
    const own = this.#taken.get(owner) ?? 0;
    if (own >= this.#share) throw this.#isOver(tenant);
    if (this.#count >= this.#max) {
      throw new VoisinError('unavailable', `${this.#max} requests are under way, and no more may be (MAX_IN_FLIGHT_REQUESTS); try again`, {
        retryAfterSeconds: 1,
      });
    }
    this.#taken.set(owner, own + 1);
    this.#count++;
    return owner;
  }

  leave(owner: string): void {
    const rest = (this.#taken.get(owner) ?? 0) - 1;
    if (rest > 0) this.#taken.set(owner, rest);
    else this.#taken.delete(owner);
    this.#count--;
  }

  #isOver(tenant: string | undefined): VoisinError {
    const whose = tenant === undefined ? 'from one address' : 'of one tenant';
    const message = `${this.#share} requests ${whose} are under way, and no more may be (MAX_IN_FLIGHT_PER_TENANT); try again when one has ended`;
    // Many callers may have one address: only a tenant is told that the bound is its own.
    return new VoisinError(tenant === undefined ? 'unavailable' : 'rate_limited', message, { retryAfterSeconds: 1 });
  }
}
