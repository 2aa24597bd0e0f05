// Users, keys and usage of a running server, over its REST API.
import { VoisinError, errorCodes } from '../../errors.js';
import type { AccountsDoor, AskedUser, KeyJson, UsageJson, UserJson } from '../../open-local-accounts.js';
import { type Fields, isFields, optional, readKey, readText, readUsage, readUser } from './answers.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export class HttpDoor implements AccountsDoor {
  readonly #url: string;
  readonly #apiKey: string | undefined;

  constructor(url: string, apiKey: string | undefined) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  async createUser(asked: AskedUser): Promise<{ user: UserJson; key: string }> {
    const answer = await this.#call('POST', '/v1/users', asked);
    return { user: readUser(answer['user']), key: readText(answer, 'key') };
  }

  users(): Promise<UserJson[]> {
    return this.#all('/v1/users', 'users', {}, readUser);
  }

  async user(which: string): Promise<UserJson> {
    return readUser(await this.#call('GET', `/v1/users/${encodeURIComponent(which)}`));
  }

  async updateUser(which: string, change: object): Promise<UserJson> {
    return readUser(await this.#call('PATCH', `/v1/users/${encodeURIComponent(which)}`, change));
  }

  async deleteUser(which: string): Promise<void> {
    await this.#call('DELETE', `/v1/users/${encodeURIComponent(which)}`);
  }

  async createKey(user: string | undefined, asked: object): Promise<KeyJson & { key: string }> {
    const answer = await this.#call('POST', '/v1/keys', { ...optional('user', user), ...asked });
    return { ...readKey(answer), key: readText(answer, 'key') };
  }

  keys(user: string | undefined): Promise<KeyJson[]> {
    return this.#all('/v1/keys', 'keys', optional('user', user), readKey);
  }

  async revokeKey(id: string): Promise<KeyJson> {
    return readKey(await this.#call('DELETE', `/v1/keys/${encodeURIComponent(id)}`));
  }

  usage({ user, from, to }: { user?: string | undefined; from: string; to: string }): Promise<UsageJson[]> {
    return this.#all('/v1/usage', 'usage', { ...optional('user', user), from, to }, readUsage);
  }

  async close(): Promise<void> {
    // Nothing is held between calls.
  }

  async #all<T>(path: string, list: string, query: Readonly<Record<string, string>>, read: (value: unknown) => T): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const search = new URLSearchParams({ ...query, ...optional('cursor', cursor) });
      const answer = await this.#call('GET', `${path}?${search}`);
      const found: unknown = answer[list];
      if (Array.isArray(found)) items.push(...found.map(read));
      cursor = typeof answer['next_cursor'] === 'string' ? answer['next_cursor'] : undefined;
    } while (cursor !== undefined);
    return items;
  }

  async #call(method: Method, path: string, body?: object): Promise<Fields> {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.#apiKey === undefined ? {} : { 'x-api-key': this.#apiKey }),
    };
    const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(this.#url + path, init).catch((error: unknown) => {
      throw new VoisinError('unavailable', `no server answers at ${this.#url} (is VOISIN_URL right?)`, undefined, { cause: error });
    });
    const text = await response.text();
    const answer: unknown = text === '' ? {} : parsed(text);
    if (response.ok && isFields(answer)) return answer;
    throw this.#refusal(response.status, answer, text);
  }

  #refusal(status: number, answer: unknown, text: string): VoisinError {
    const error = isFields(answer) ? answer['error'] : undefined;
    const said = isFields(error) && typeof error['message'] === 'string' ? error['message'] : text.slice(0, 300);
    const code = errorCodes.find((known) => isFields(error) && error['code'] === known) ?? 'unavailable';
    const advice = status === 401 || status === 403 ? ' (VOISIN_API_KEY is the key that is sent)' : '';
    return new VoisinError(code, `${this.#url} answered ${status}: ${said}${advice}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, perhaps: its text is shown as it is.
    return undefined;
  }
}
