// The client: embeddings, accounts, and the way to the indexes.

import type { Account, CreatedKey, KeyFields, KeyInfo, KeyQuery, Usage, UsageQuery } from './account-types.js';
import { type EmbedBatchOptions, embedBatch } from './embed-batch.js';
import type { Embedded, EmbeddedBatch, EmbedFields, Similarities, SimilarityFields } from './embeddings.js';
import { floatsOf } from './floats.js';
import { IndexClient } from './index-client.js';
import type { IndexDefinition, IndexInfo } from './index-types.js';
import { listOf } from './list-of.js';
import type { CallOptions, ClientOptions } from './options.js';
import { type Page, pages } from './pages.js';
import { type ApiRequest, Transport } from './transport.js';

export interface Health {
  readonly status: 'ok';
  readonly version: string;
  readonly uptime: number;
  readonly uptime_seconds: number;
}

export class VoisinClient {
  readonly #transport: Transport;

  /**
   * Connects when the first method is called. Safe to share: it holds no state but its options.
   * @throws VoisinError invalid_argument when `url` is no address or `key` can be no key
   */
  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(options);
  }

  /** The vector of one text. */
  async embed(text: string, fields: EmbedFields = {}, call?: CallOptions): Promise<Embedded> {
    const body = { text, ...fields, encoding_format: 'base64' };
    const answer = await this.#transport.json<SaidEmbedding>({ method: 'POST', path: '/v1/embed', body }, call);
    return { ...answer, embedding: floatsOf(answer.embedding) };
  }

  /**
   * The vectors of any number of texts, in their order. Sends `batchSize` (32) texts a request, `concurrency` (2) requests at a time; a
   * request that the server refuses because it is full, or because of a limit a minute, is sent again when the server says.
   */
  embedBatch(texts: readonly string[], fields: EmbedFields = {}, options: EmbedBatchOptions = {}): Promise<EmbeddedBatch> {
    return embedBatch(this.#transport, texts, fields, options);
  }

  /** The cosines of texts with others, or with one another. */
  similarity(texts: readonly string[], fields: SimilarityFields = {}, call?: CallOptions): Promise<Similarities> {
    return this.#transport.json({ method: 'POST', path: '/v1/similarity', body: { texts, ...fields } }, call);
  }

  /** The full names of the models that can be used. */
  async models(call?: CallOptions): Promise<readonly string[]> {
    const answer = await this.#transport.json<{ readonly data: readonly { readonly id: string }[] }>(
      { method: 'GET', path: '/v1/models' },
      call,
    );
    return listOf('data', answer.data).map(({ id }) => id);
  }

  /** An index by its id. */
  index(id: string): IndexClient {
    return new IndexClient(this.#transport, id);
  }

  /** Makes an index. An answer that got lost is an error here: a second try might make a second index. */
  async createIndex(definition: IndexDefinition, call?: CallOptions): Promise<IndexClient> {
    const request = { method: 'POST', path: '/v1/index', body: definition, repeatable: false } as const;
    return this.index((await this.#transport.json<IndexInfo>(request, call)).id);
  }

  /** The indexes of the key's tenant, in the order of creation. `limit` is the size of a page. */
  async *listIndexes({ limit, ...call }: CallOptions & { readonly limit?: number } = {}): AsyncGenerator<IndexInfo, void, undefined> {
    const ask = (path: string): Promise<IndexPage> => this.#transport.json({ method: 'GET', path }, call);
    for await (const page of pages('/v1/index', { limit }, ask)) yield* listOf('indexes', page.indexes);
  }

  /** Deletes an index and all that is in it. */
  async deleteIndex(id: string, call?: CallOptions): Promise<void> {
    await this.#transport.send({ method: 'DELETE', path: `/v1/index/${encodeURIComponent(id)}`, repeatable: false }, call);
  }

  /** Whose key this is, and what is left of its month. */
  account(call?: CallOptions): Promise<Account> {
    return this.#transport.json({ method: 'GET', path: '/v1/account' }, call);
  }

  /** Makes a key. An answer that got lost is an error here: a second try would make a second key. */
  createKey(fields: KeyFields = {}, call?: CallOptions): Promise<CreatedKey> {
    return this.#transport.json({ method: 'POST', path: '/v1/keys', body: fields, repeatable: false }, call);
  }

  /** The keys of an account without their secrets, revoked ones too, in the order in which they were made. */
  async *listKeys({ user, limit, ...call }: CallOptions & KeyQuery = {}): AsyncGenerator<KeyInfo, void, undefined> {
    const ask = (path: string): Promise<KeyPage> => this.#transport.json({ method: 'GET', path }, call);
    for await (const page of pages('/v1/keys', { user, limit }, ask)) yield* listOf('keys', page.keys);
  }

  /** Ends a key by its id. Done twice, it is done once. */
  revokeKey(id: string, call?: CallOptions): Promise<KeyInfo> {
    return this.#transport.json({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }, call);
  }

  /** What was embedded, by key, model and day; of this month unless `from` and `to` say otherwise. */
  async *usage({ user, from, to, limit, ...call }: CallOptions & UsageQuery = {}): AsyncGenerator<Usage, void, undefined> {
    const ask = (path: string): Promise<UsagePage> => this.#transport.json({ method: 'GET', path }, call);
    for await (const page of pages('/v1/usage', { user, from, to, limit }, ask)) yield* listOf('usage', page.usage);
  }

  health(call?: CallOptions): Promise<Health> {
    return this.#transport.json({ method: 'GET', path: '/v1/health' }, call);
  }

  /** Any other route, with this client's key, retries and errors. @returns the JSON of the answer; undefined when it is empty */
  request(request: ApiRequest, call?: CallOptions): Promise<unknown> {
    return this.#transport.send(request, call);
  }
}

interface SaidEmbedding extends Omit<Embedded, 'embedding'> {
  /** Base64 of float32 values. */
  readonly embedding: string;
}

interface IndexPage extends Page {
  readonly indexes: readonly IndexInfo[];
}

interface KeyPage extends Page {
  readonly keys: readonly KeyInfo[];
}

interface UsagePage extends Page {
  readonly usage: readonly Usage[];
}
