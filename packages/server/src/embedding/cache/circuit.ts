// Whether a service that keeps failing is left alone. The libraries for it (cockatiel, opossum) want Node 22, and let a caller's request be the
// one that finds out whether the service is back; here that is a probe's business.

/** So many failures in a row are enough. */
const ENOUGH = 3;
/** A success makes up for this part of a failure: where more than one in nine fails for long, it is enough as well. */
const FORGIVEN = 1 / 8;

export class Circuit {
  #failures = 0;
  #open = false;

  /** Open: the service is not to be asked. */
  get isOpen(): boolean {
    return this.#open;
  }

  succeeded(): void {
    this.#failures = Math.max(0, this.#failures - FORGIVEN);
  }

  failed(): void {
    this.#failures++;
    if (this.#failures >= ENOUGH) this.#open = true;
  }

  /** The service was found well. */
  close(): void {
    this.#open = false;
    this.#failures = 0;
  }
}
