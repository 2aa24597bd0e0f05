// The few calls of the REST API that the demonstration makes: the same that any program would make.
import { VoisinError } from '../errors.js';

export interface FoundPassage {
  readonly score: number;
  readonly text: string;
  readonly file: string;
  readonly from: number;
}

export class DemoClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #index = '';

  constructor(url: string, apiKey: string | undefined) {
    this.#url = url;
    this.#headers = { 'content-type': 'application/json', ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) };
  }

  async createIndex(): Promise<void> {
    const made = await this.#call('POST', '/v1/index', {
      name: 'demo',
      index_type: 'IndexFlatL2',
      metric: 'cosine',
      embedding: { model: 'all-MiniLM-L6-v2' },
    });
    this.#index = String(field(made, 'id'));
  }

  async add(vectors: readonly { id: string; text: string; metadata: object }[]): Promise<void> {
    const answer = await this.#call('POST', `/v1/index/${this.#index}/vectors`, { vectors });
    if (field(answer, 'success') !== true)
      throw new VoisinError('internal', `the server did not store every passage: ${firstReason(field(answer, 'errors'))}`);
  }

  async search(text: string, k: number): Promise<FoundPassage[]> {
    const results = field(await this.#call('POST', `/v1/index/${this.#index}/search`, { text, k }), 'results');
    if (!Array.isArray(results)) throw new VoisinError('internal', 'the server answered a search without results');
    return results.map((hit: unknown) => {
      const metadata = field(hit, 'metadata');
      return {
        score: Number(field(hit, 'score')),
        text: String(field(hit, 'text') ?? ''),
        file: String(field(metadata, 'file')),
        from: Number(field(metadata, 'line')),
      };
    });
  }

  async deleteIndex(): Promise<void> {
    await this.#call('DELETE', `/v1/index/${this.#index}`);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const init: RequestInit = { method, headers: body === undefined ? withoutType(this.#headers) : this.#headers };
    const response = await fetch(this.#url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) }).catch(
      (error: unknown) => {
        throw new VoisinError('unavailable', `no server answers at ${this.#url} (is VOISIN_URL right?)`, undefined, { cause: error });
      },
    );
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    throw new VoisinError('unavailable', `the server answered ${response.status}: ${messageIn(text)}`);
  }
}

/** The sentence of an error's body; the body itself where another program answered. */
function messageIn(text: string): string {
  try {
    return String(field(field(JSON.parse(text), 'error'), 'message') ?? text.slice(0, 500));
  } catch {
    return text.slice(0, 500);
  }
}

function firstReason(errors: unknown): string {
  const [first]: unknown[] = Array.isArray(errors) ? errors : [];
  return String(field(first, 'message') ?? field(first, 'reason') ?? JSON.stringify(first));
}

function withoutType(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type'));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
