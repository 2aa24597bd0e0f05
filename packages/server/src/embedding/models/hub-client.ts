// Speaks the routes of the Hugging Face hub, or of a server that mirrors them (HF_ENDPOINT).
import { VoisinError } from '../../errors.js';
import { commitHash } from './hub-cache.js';
import { privateAddressOf } from './private-addresses.js';
import { isObject, type JsonObject } from './model-files.js';

export interface HubOptions {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** A server that has said nothing for so long is given up. Default 30 s. */
  readonly silenceMs?: number;
}

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** The name of its bytes in the cache, and their checksum: SHA-256 of a large file, Git's blob hash (SHA-1) of a small one. */
  readonly etag: string;
}

export interface HubListing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const etagPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const MOST_REDIRECTS = 10;
const DEFAULT_SILENCE_MS = 30_000;

export class HubClient {
  readonly #options: HubOptions;

  constructor(options: HubOptions) {
    // fetch would show it in its error.
    if (/[^\x20-\x7e]/.test(options.token ?? '')) throw new RangeError('the token has characters that no header may have');
    this.#options = options;
  }

  get silenceMs(): number {
    return this.#options.silenceMs ?? DEFAULT_SILENCE_MS;
  }

  /** The files of a repository at a revision. Throws `not_found`, `permission_denied`, `unavailable`. */
  async list(name: string, revision: string, signal?: AbortSignal): Promise<HubListing> {
    const bounds = [AbortSignal.timeout(4 * this.silenceMs), ...(signal ? [signal] : [])];
    const path = `/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const response = await this.#get(path, { signal: AbortSignal.any(bounds) });
    if (!response.ok) throw await this.#refusal(response, name, revision);
    const body: unknown = await response.json().catch(() => undefined);
    const commit = isObject(body) ? body['sha'] : undefined;
    const siblings = isObject(body) ? body['siblings'] : undefined;
    if (typeof commit !== 'string' || !commitHash.test(commit) || !Array.isArray(siblings)) throw this.#strange(name, 'no list of files');
    return { commit, files: siblings.map((entry: unknown) => this.#file(name, entry)) };
  }

  /** The bytes of a file from `offset` on. The answer may begin at 0 all the same, or be a refusal of the part: see its status, 206, 200 or 416. */
  async bytes(name: string, commit: string, path: string, offset: number, signal: AbortSignal): Promise<Response> {
    const url = `/${name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    const response = await this.#get(url, { signal, headers: offset === 0 ? {} : { range: `bytes=${offset}-` } });
    if (response.ok || (response.status === 416 && offset > 0)) return response;
    throw await this.#refusal(response, name, commit, path);
  }

  async #get(
    path: string,
    { signal, headers = {} }: { signal: AbortSignal | undefined; headers?: Record<string, string> },
  ): Promise<Response> {
    const { endpoint } = this.#options;
    const silence = new AbortController();
    // Only the wait for the answer's beginning: a body may take its time, and is watched by who reads it.
    const watch = setTimeout(() => silence.abort(new Error(`nothing came for ${this.silenceMs / 1000} s`)), this.silenceMs);
    try {
      return await this.#follow(new URL(endpoint + path), {
        // Compressed on the way, a file's length would not be the one announced, and it could not be asked for from the middle.
        headers: { 'user-agent': 'voisin', 'accept-encoding': 'identity', ...headers },
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      });
    } catch (error) {
      if (signal?.aborted || error instanceof VoisinError) throw error;
      throw new VoisinError(
        'unavailable',
        `${endpoint} cannot be reached: ${reasonOf(error)}`,
        { retryAfterSeconds: 30 },
        { cause: error },
      );
    } finally {
      clearTimeout(watch);
    }
  }

  /**
   * A hub sends clients on to where its files lie. It must not send this server to an address that only the own network reaches, unless the hub is
   * there itself. The token goes to the hub alone.
   */
  async #follow(first: URL, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response> {
    const { endpoint, token } = this.#options;
    const { origin } = new URL(endpoint);
    let url = first;
    for (let step = 0; step <= MOST_REDIRECTS; step++) {
      const own: Record<string, string> = token !== undefined && url.origin === origin ? { authorization: `Bearer ${token}` } : {};
      const response = await fetch(url, { headers: { ...headers, ...own }, signal, redirect: 'manual' });
      const location = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      url = new URL(location, url);
      if (url.protocol !== 'https:' && url.protocol !== 'http:')
        throw this.#strangeRedirect(`to an address that is not http (${url.protocol})`);
      const address = await privateAddressOf(url);
      if (address !== undefined && (await privateAddressOf(first)) === undefined)
        throw this.#strangeRedirect(
          `to ${url.host}, an address of a private network (${address}); if that is right, set HF_ENDPOINT to a mirror there`,
        );
    }
    throw this.#strangeRedirect(`more than ${MOST_REDIRECTS} times`);
  }

  #strangeRedirect(where: string): VoisinError {
    return new VoisinError('unavailable', `${this.#options.endpoint} redirects ${where}`, { retryAfterSeconds: 30 });
  }

  #file(name: string, entry: unknown): HubFile {
    const fields: JsonObject = isObject(entry) ? entry : {};
    const lfs = isObject(fields['lfs']) ? fields['lfs'] : undefined;
    const { rfilename: path } = fields;
    const size = lfs ? lfs['size'] : fields['size'];
    const etag = lfs ? lfs['sha256'] : fields['blobId'];
    if (typeof path !== 'string' || !isSafePath(path)) throw this.#strange(name, `a file called ${JSON.stringify(path)}`);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw this.#strange(name, `no size for ${path}`);
    if (typeof etag !== 'string' || !etagPattern.test(etag)) throw this.#strange(name, `no checksum for ${path}`);
    return { path, size, etag };
  }

  #strange(name: string, what: string): VoisinError {
    return new VoisinError('unavailable', `${this.#options.endpoint} gives ${what} of ${name}`, { retryAfterSeconds: 30 });
  }

  async #refusal(response: Response, name: string, revision: string, path?: string): Promise<VoisinError> {
    await response.body?.cancel();
    const { endpoint, token } = this.#options;
    const code = response.headers.get('x-error-code');
    const asked = Number(response.headers.get('retry-after') ?? Number.NaN);
    const retryAfterSeconds = Number.isFinite(asked) ? asked : 30;
    const what = path === undefined ? name : `${path} of ${name}`;
    if (code === 'RevisionNotFound')
      return new VoisinError('not_found', `${name} has no revision ${revision} at ${endpoint}`, { field: 'model' });
    if (response.status === 404 || code === 'RepoNotFound') {
      const hidden = token === undefined ? '; a private one needs HF_TOKEN' : ', or HF_TOKEN does not open it';
      return new VoisinError('not_found', `there is no ${what} at ${endpoint}${path === undefined ? hidden : ''}`, { field: 'model' });
    }
    if (response.status === 401 || response.status === 403) {
      const advice =
        token === undefined ? 'set HF_TOKEN' : 'HF_TOKEN does not open it; it may ask for its terms to be accepted on its page';
      return new VoisinError('permission_denied', `${endpoint} does not give ${what} out: ${advice}`, { field: 'model' });
    }
    const message = `${endpoint} answered ${response.status} for ${what}`;
    return new VoisinError('unavailable', message, { retryAfterSeconds, status: response.status });
  }
}

/** Stays within the folder that it is put into. */
const isSafePath = (path: string): boolean =>
  path !== '' && !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** fetch says "fetch failed", and why in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
