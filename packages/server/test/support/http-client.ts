// A plain HTTP client over real sockets: fetch sends no body with GET and normalises paths, and both are what we test.

import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: Answer;
  /** The `results` of a batch search: a list for each query. */
  readonly batch: AnsweredHit[][];
}

export interface AnsweredHit {
  readonly id: string;
  readonly score: number;
  readonly distance: number;
  readonly metadata: Record<string, unknown>;
  readonly text?: string;
}

/**
 * The fields of all answers together. Each route has its own few of them: one that did not come is undefined all the same, and fails what the
 * test expects of it.
 */
export interface Answer extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly tenant_id: string;
  readonly dimension: number;
  readonly vector_count: number;
  readonly state: string;
  readonly reason: string;
  readonly indexes: { id: string; name: string; tenant_id: string; state: string; vector_count: number }[];
  readonly ids: readonly string[];
  readonly next_cursor?: string;
  readonly values: readonly number[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly results: AnsweredHit[];
  readonly cache_info: Readonly<Record<string, number>>;
  readonly system: Readonly<Record<string, number>>;
  readonly embedding: readonly number[];
  readonly embeddings: readonly (readonly number[])[];
  readonly imported: number;
  readonly failed_count: number;
  readonly count: number;
  readonly disk_bytes: number;
  readonly dead_rows: number;
  readonly errors: readonly { readonly position: number; readonly id?: string; readonly error: string }[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly request_id: string;
  };
}

export class HttpClient {
  readonly url: string;
  readonly #headers: OutgoingHttpHeaders;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string, headers: OutgoingHttpHeaders = {}) {
    this.url = url;
    this.#headers = headers;
  }

  get(path: string, body?: unknown, headers?: OutgoingHttpHeaders): Promise<Response> {
    return this.send('GET', path, body, headers);
  }
  post(path: string, body?: unknown, headers?: OutgoingHttpHeaders): Promise<Response> {
    return this.send('POST', path, body, headers);
  }
  put(path: string, body?: unknown): Promise<Response> {
    return this.send('PUT', path, body);
  }
  patch(path: string, body?: unknown): Promise<Response> {
    return this.send('PATCH', path, body);
  }
  delete(path: string): Promise<Response> {
    return this.send('DELETE', path);
  }

  /** @param body a string or bytes go as they are, anything else as JSON */
  send(method: string, path: string, body?: unknown, headers: OutgoingHttpHeaders = {}): Promise<Response> {
    const bytes = toBytes(body);
    const length = headers['transfer-encoding'] === undefined ? { 'content-length': bytes?.length } : {};
    const own = bytes === undefined ? {} : { 'content-type': 'application/json', ...length };
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.url);
      const options = { hostname, port, path, method, agent: this.#agent, headers: { ...own, ...this.#headers, ...headers } };
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const whole = Buffer.concat(chunks);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            bytes: whole,
            get text() {
              return whole.toString();
            },
            get json() {
              return JSON.parse(whole.toString());
            },
            get batch() {
              return JSON.parse(whole.toString()).results;
            },
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
