// One HTTP request and its answer: address, key, deadline, retries, errors. Everything else of the client speaks through it.

import { answerError } from './answer-error.js';
import { VoisinError } from './errors.js';
import { type CallOptions, type ClientOptions, settle } from './options.js';
import { Patience } from './patience.js';
import { longestTimerMs } from './pause.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, each segment URL-encoded. */
  readonly path: string;
  /** Said as JSON. */
  readonly body?: unknown;
  /** Whether it may be done twice when its answer was lost; default true. */
  readonly repeatable?: boolean;
}

/** A request whose body is sent, or whose answer is read, as a stream: no retry, and no deadline but the caller's signal. */
export interface StreamRequest extends Pick<ApiRequest, 'method' | 'path'> {
  readonly body?: RequestInit['body'];
  readonly accept?: string;
}

export class Transport {
  readonly #base: string;
  readonly #key: { readonly authorization?: string };
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch;

  /** @throws VoisinError invalid_argument when the address or the key can be none */
  constructor(options: ClientOptions) {
    this.#base = baseOf(options.url ?? 'http://127.0.0.1:8000');
    this.#key = options.key === undefined ? {} : { authorization: bearer(options.key) };
    this.#options = options;
    // Browsers want their fetch called on the window it came from.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** One patience for the requests of one call. */
  patience(call: CallOptions): Patience {
    return new Patience(settle(this.#options, call));
  }

  /**
   * Sends, and gives the object that was answered. What fields it has is the server's promise: its answers are made by the schemas in its
   * OpenAPI document.
   * @throws VoisinError internal when the answer is no JSON object
   */
  async json<T extends object>(request: ApiRequest, call?: CallOptions, patience?: Patience): Promise<T> {
    const answer = await this.send<T | null | undefined>(request, call, patience);
    if (typeof answer === 'object' && answer !== null) return answer;
    const got = answer === undefined ? 'nothing' : JSON.stringify(answer).slice(0, 100);
    throw new VoisinError('internal', `${request.method} ${request.path}: expected a JSON object in the answer, got ${got}`, { answer });
  }

  /** Sends, again where that helps, and gives the answer's JSON; undefined when it is empty. */
  async send<T>(request: ApiRequest, call: CallOptions = {}, patience: Patience = this.patience(call)): Promise<T> {
    const { body, repeatable = true } = request;
    // Said once: what cannot be said in JSON is the caller's mistake, and no reason to try again.
    const text = body === undefined ? undefined : JSON.stringify(body);
    return patience.run(() => this.#attempt(request, text, call), repeatable, call.signal);
  }

  /** @returns the answer, its body unread. */
  async stream({ method, path, body, accept }: StreamRequest, { signal }: CallOptions = {}): Promise<Response> {
    const headers = { ...this.#key, ...(accept === undefined ? {} : { accept }) };
    // Node takes a body that is a stream with this option alone; browsers do not know it yet.
    const duplex = { duplex: 'half' };
    const init: RequestInit = { method, headers, body: body ?? null, signal: signal ?? null, ...duplex };
    return this.#answered(`${method} ${path}`, signal, async () => {
      const response = await this.#fetch(this.#base + path, init);
      if (response.ok) return response;
      throw answerError(response, await response.text());
    });
  }

  async #attempt<T>({ method, path }: ApiRequest, body: string | undefined, call: CallOptions): Promise<T> {
    const { timeoutMs, signal } = settle(this.#options, call);
    signal?.throwIfAborted();
    const ending = new AbortController();
    const late = new VoisinError('deadline_exceeded', `${method} ${path}: no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => ending.abort(late), Math.min(timeoutMs, longestTimerMs));
    const abort = (): void => ending.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    const headers = { ...this.#key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const init: RequestInit = { method, headers, body: body ?? null, signal: ending.signal, cache: 'no-store' };
    try {
      return await this.#answered(`${method} ${path}`, ending.signal, async () => {
        const response = await this.#fetch(this.#base + path, init);
        const text = await response.text();
        if (!response.ok) throw answerError(response, text);
        return text === '' ? undefined : JSON.parse(text);
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** What fetch throws says little, and not the same in two engines: an error of ours, or the reason of the signal. */
  async #answered<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof VoisinError) throw cause;
      if (cause instanceof SyntaxError) throw new VoisinError('internal', `${what}: the answer is no JSON (${cause.message})`, { cause });
      throw new VoisinError('unavailable', `${what}: no answer from ${this.#base} (${reasonOf(cause)})`, { cause });
    }
  }
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new VoisinError('invalid_argument', `url: expected an address such as https://voisin.example.com, got ${JSON.stringify(url)}`);
  }
  return parsed.href.replace(/\/+$/, '');
}

/** A header is bytes: a key with other characters than these would fail at each request, and not show why. */
function bearer(key: string): string {
  if (!/^[\x21-\x7e\xa0-\xff]+$/.test(key)) {
    throw new VoisinError('invalid_argument', 'key: expected one or more characters of Latin-1 without spaces');
  }
  return `Bearer ${key}`;
}

/** Node hides the reason one level down: "fetch failed", caused by ECONNREFUSED. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  if (!(inner instanceof Error)) return cause.message;
  return inner.message === '' && 'code' in inner ? String(inner.code) : inner.message;
}
