// The operations on one index.

import { addVectors } from './add-vectors.js';
import type { Progress } from './embeddings.js';
import { numbersOf, type Values } from './floats.js';
import { importVectors, type ImportOptions } from './import-vectors.js';
import { checkCount } from './in-batches.js';
import type {
  Added,
  Filter,
  Hit,
  Imported,
  IndexInfo,
  IndexStats,
  NewVector,
  Query,
  SearchFields,
  StoredVector,
  StreamFormat,
  VectorFields,
} from './index-types.js';
import { listOf } from './list-of.js';
import type { CallOptions } from './options.js';
import { type Page, pages } from './pages.js';
import { type SaidVector, storedVector } from './stored-vector.js';
import type { ApiRequest, StreamRequest, Transport } from './transport.js';

export interface AddOptions extends CallOptions {
  /** Most vectors of one request; default 1,000. */
  readonly batchSize?: number;
  /** Requests under way at a time; default 1: where an id comes twice, the last one wins. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export class IndexClient {
  readonly id: string;
  readonly #transport: Transport;
  readonly #path: string;

  /** Made by `voisin.index(id)`. Nothing is asked of the server until a method is called. */
  constructor(transport: Transport, id: string) {
    this.id = id;
    this.#transport = transport;
    this.#path = `/v1/index/${encodeURIComponent(id)}`;
  }

  info(call?: CallOptions): Promise<IndexInfo> {
    return this.#json('GET', '', undefined, call);
  }

  stats(call?: CallOptions): Promise<IndexStats> {
    return this.#json('GET', '/stats', undefined, call);
  }

  /** Trains on what is there, without waiting until it is enough by itself. */
  train(call?: CallOptions): Promise<IndexInfo> {
    return this.#json('POST', '/train', undefined, call);
  }

  /** Makes the index again without its dead rows. */
  compact(call?: CallOptions): Promise<IndexInfo> {
    return this.#json('POST', '/compact', undefined, call);
  }

  /**
   * Adds or replaces vectors, on the disk when it resolves. One that cannot be kept is in `errors`, and the others are kept. When the call
   * fails in the middle, the vectors of the requests that were answered stay; adding them again does no harm.
   */
  add(vectors: readonly NewVector[], { batchSize = 1000, concurrency = 1, onProgress, ...call }: AddOptions = {}): Promise<Added> {
    const patience = this.#transport.patience(call);
    const batches = {
      batchSize: checkCount('batchSize', batchSize),
      concurrency: checkCount('concurrency', concurrency),
      signal: call.signal,
      onProgress,
    };
    return addVectors(vectors, batches, (some, signal) =>
      this.#transport.json(this.#request('POST', '/vectors', { vectors: some }), { ...call, signal }, patience),
    );
  }

  /** Puts one vector in place of what was there. */
  put(id: string, fields: VectorFields, call?: CallOptions): Promise<{ readonly id: string; readonly created: boolean }> {
    return this.#json('PUT', vectorPath(id), sayable(fields), call);
  }

  /** Changes values, text, or fields of the metadata (a merge patch: null removes a field). */
  async patch(id: string, fields: VectorFields, call?: CallOptions): Promise<StoredVector> {
    const body = { ...sayable(fields), encoding_format: 'base64' };
    return storedVector(await this.#json<SaidVector>('PATCH', vectorPath(id), body, call));
  }

  /** @throws VoisinError not_found */
  async get(id: string, call?: CallOptions): Promise<StoredVector> {
    return storedVector(await this.#json<SaidVector>('GET', `${vectorPath(id)}?encoding_format=base64`, undefined, call));
  }

  /** Deletes by id, or all that match a filter. @returns how many were there */
  async delete(which: readonly string[] | { readonly filter: Filter }, call?: CallOptions): Promise<number> {
    const body = 'length' in which ? { ids: which } : which;
    const answer = await this.#json<{ readonly deleted_count: number }>('POST', '/vectors/delete', body, call);
    return answer.deleted_count;
  }

  /** All of them, or those that match a filter. */
  async count(filter?: Filter, call?: CallOptions): Promise<number> {
    const answer = await this.#json<{ readonly count: number }>('POST', '/vectors/count', filter === undefined ? {} : { filter }, call);
    return answer.count;
  }

  /** Every id, in the order in which they were last written. `limit` is the size of a page. */
  async *ids({ limit, ...call }: CallOptions & { readonly limit?: number } = {}): AsyncGenerator<string, void, undefined> {
    const ask = (path: string): Promise<IdPage> => this.#transport.json({ method: 'GET', path }, call);
    for await (const page of pages(`${this.#path}/vectors`, { limit }, ask)) yield* listOf('ids', page.ids);
  }

  /** The nearest neighbours of a vector, or of a text in an index with `embedding`; nearest first. */
  async search(query: Query, fields: SearchFields = {}, call?: CallOptions): Promise<readonly Hit[]> {
    const asked = typeof query === 'string' ? { text: query } : { vector: numbersOf(query) };
    const { results } = await this.#json<{ readonly results: readonly Hit[] }>('POST', '/search', { ...asked, ...fields }, call);
    return listOf('results', results);
  }

  /** The same for many queries in one request: a list for each, in order. */
  async searchBatch(
    queries: readonly Values[] | readonly string[],
    fields: SearchFields = {},
    call?: CallOptions,
  ): Promise<readonly (readonly Hit[])[]> {
    const asked = areTexts(queries) ? { texts: queries } : { vectors: queries.map(numbersOf) };
    const body = { ...asked, ...fields };
    const { results } = await this.#json<{ readonly results: readonly (readonly Hit[])[] }>('POST', '/search/batch', body, call);
    return listOf('results', results);
  }

  /** Reads a file into the index: JSON lines, .npy or .fvecs, of any size. Streams as bodies work in Node; in browsers take a Blob. */
  import(file: StreamRequest['body'], options: ImportOptions = {}): Promise<Imported> {
    return importVectors(this.#transport, `${this.#path}/import`, file, options);
  }

  /** Every vector as a file, a piece at a time. */
  async export(format: StreamFormat = 'jsonl', call?: Pick<CallOptions, 'signal'>): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#transport.stream({ method: 'GET', path: `${this.#path}/export?format=${format}` }, call);
    return response.body ?? new Blob().stream();
  }

  #json<T extends object>(method: ApiRequest['method'], path: string, body: object | undefined, call: CallOptions | undefined): Promise<T> {
    return this.#transport.json(this.#request(method, path, body), call);
  }

  #request(method: ApiRequest['method'], path: string, body: object | undefined): ApiRequest {
    return { method, path: `${this.#path}${path}`, body };
  }
}

interface IdPage extends Page {
  readonly ids: readonly string[];
}

const vectorPath = (id: string): string => `/vectors/${encodeURIComponent(id)}`;

const sayable = ({ values, ...rest }: VectorFields): object => (values === undefined ? rest : { ...rest, values: numbersOf(values) });

/** Of an empty list either is true. */
function areTexts(queries: readonly Values[] | readonly string[]): queries is readonly string[] {
  return typeof queries[0] === 'string';
}
