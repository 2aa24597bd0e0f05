// Makes and deletes indexes over one connection: each is there after a crash, or is not, and its files with it.
import { expect } from 'vitest';
import type { Random } from '../../src/indexes/testing.js';
import type { HttpClient } from '../support/http-client.js';
import { untilDeath } from './until-death.js';
import { dimension, valuesOf } from './writer.js';

export class Makers {
  /** Names of the indexes that are there, and their ids. */
  readonly #known = new Map<string, string>();
  readonly #deleted = new Set<string>();
  /** A deletion under way when the server died. */
  #deleting: string | undefined;
  #made = 0;

  constructor(readonly random: Random) {}

  writeUntilDeath(url: string): Promise<void> {
    return untilDeath(url, (client) => this.#once(client));
  }

  async #once(client: HttpClient): Promise<void> {
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size > 4) {
      const [name, id] = oldest;
      this.#deleting = name;
      expect((await client.delete(`/v1/index/${id}`)).status).toBe(204);
      this.#deleting = undefined;
      this.#known.delete(name);
      this.#deleted.add(id);
      return;
    }
    const name = `made ${++this.#made}`;
    const made = await client.post('/v1/index', { name, dimension });
    expect(made.status, made.text).toBe(201);
    this.#known.set(name, made.json.id);
    const added = await client.post(`/v1/index/${made.json.id}/vectors`, { vectors: [{ id: 'one', values: valuesOf(1) }] });
    expect(added.status, added.text).toBe(201);
  }

  /** `others`: indexes that are not ours. What was made and not answered is removed. */
  async judge(client: HttpClient, others: readonly string[]): Promise<void> {
    const found: { id: string; name: string; state: string; vector_count: number }[] = (await client.get('/v1/index?limit=1000')).json
      .indexes;
    for (const { state } of found) expect(state).not.toBe('damaged');
    const there = new Map(found.map(({ id, name }) => [id, name]));
    for (const id of this.#deleted) expect(there.has(id), `deleted index ${id}`).toBe(false);
    for (const [name, id] of this.#known) {
      if (name !== this.#deleting) expect(there.get(id), name).toBe(name);
      else if (!there.has(id)) this.#known.delete(name);
    }
    this.#deleting = undefined;
    for (const { id } of found) {
      if (others.includes(id) || [...this.#known.values()].includes(id)) continue;
      expect((await client.delete(`/v1/index/${id}`)).status).toBe(204);
    }
  }
}
