// A writer over one connection, and what it knows: what was answered, and the one request that was under way when the server died.
import type { HttpClient, Response } from '../support/http-client.js';
import { untilDeath } from './until-death.js';
import type { Random } from '../../src/indexes/testing.js';

export const dimension = 24;

/** What an id holds: a version from which its values follow, and metadata; undefined for nothing. */
export type Held = { readonly version: number; readonly mark: number } | undefined;

export const valuesOf = (version: number): number[] =>
  Array.from({ length: dimension }, (_, at) => Math.fround((((version * 31 + at * 97) % 2003) - 1001) / 512));

export class Writer {
  /** What was answered, by id: of ids that this writer alone writes. */
  readonly known = new Map<string, Held>();
  /** The request under way: what each of its ids holds if it was done. */
  pending: ReadonlyMap<string, Held> = new Map();
  answered = 0;
  #version = 0;

  constructor(
    readonly index: string,
    readonly name: string,
    readonly ids: number,
    readonly random: Random,
  ) {}

  /** Writes until the server is gone. */
  writeUntilDeath(url: string): Promise<void> {
    return untilDeath(url, (client) => this.#writeOnce(client));
  }

  /** Takes what a start found as the truth, after it was judged. */
  adopt(found: ReadonlyMap<string, Held>): void {
    for (const id of this.pending.keys()) this.known.set(id, found.get(id));
    this.pending = new Map();
  }

  async #writeOnce(client: HttpClient): Promise<void> {
    const { random } = this;
    const path = `/v1/index/${this.index}/vectors`;
    const choice = random.next();
    if (choice < 0.55) return this.#add(client, path, 1 + random.below(40));
    if (choice < 0.65) return this.#add(client, path, 1);
    const id = this.#id();
    const held = this.known.get(id);
    if (choice < 0.75) {
      const status = held === undefined ? 404 : 204;
      return this.#send(new Map([[id, undefined]]), status, () => client.delete(`${path}/${id}`));
    }
    if (choice < 0.85) {
      const ids = [...new Set(Array.from({ length: 12 }, () => this.#id()))];
      return this.#send(new Map(ids.map((id) => [id, undefined])), 200, () => client.post(`${path}/delete`, { ids }));
    }
    const mark = ++this.#version;
    const after: Held = held && { ...held, mark };
    return this.#send(new Map([[id, after]]), held === undefined ? 404 : 200, () => client.patch(`${path}/${id}`, { metadata: { mark } }));
  }

  #add(client: HttpClient, path: string, count: number): Promise<void> {
    const after = new Map<string, Held>();
    for (let i = 0; i < count; i++) {
      const version = ++this.#version;
      after.set(this.#id(), { version, mark: version });
    }
    const vectors = [...after].map(([id, held]) => ({
      id,
      values: valuesOf(held?.version ?? 0),
      metadata: { version: held?.version, mark: held?.mark, writer: this.name },
    }));
    return this.#send(after, 201, () => client.post(path, { vectors }));
  }

  async #send(after: ReadonlyMap<string, Held>, wanted: number, send: () => Promise<Response>): Promise<void> {
    this.pending = after;
    const response = await send();
    if (response.status === wanted) {
      if (wanted < 300) for (const [id, held] of after) this.known.set(id, held);
      this.answered++;
    } else if (response.status !== 503) {
      throw new Error(`${this.name}: wanted ${wanted}, got ${response.status} ${response.text}`);
    }
    this.pending = new Map();
  }

  #id(): string {
    return `${this.name}-${this.random.below(this.ids)}`;
  }
}
