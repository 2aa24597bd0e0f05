// Whether one client has the server to itself.

/** Two clients that take turns each find no other request under way. A client whose neighbour asked so lately is not the only one. */
const COMPANY_MS = 100;

/** Clients are connections; times are performance.now()'s. */
export class LoneClient {
  #last: object | undefined;
  #changedAt = -Infinity;

  asks(client: object, now: number): void {
    if (client === this.#last) return;
    this.#last = client;
    this.#changedAt = now;
  }

  /** Whether all requests of late were of one client. */
  isAlone(now: number): boolean {
    return now - this.#changedAt > COMPANY_MS;
  }
}
