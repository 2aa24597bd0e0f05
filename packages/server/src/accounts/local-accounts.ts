// Users, keys and usage for a command that opens the store itself, when no server does.
import { VoisinError } from '../errors.js';
import { type KeyJson, keyJson, type UsageJson, usageJson, type UserJson, userJson } from './account-json.js';
import type { Administration } from './administration.js';
import type { Page, PageQuery, UserChange } from './records.js';

export interface AskedUser {
  readonly email: string;
  readonly tier?: string | undefined;
  readonly tenant?: string | undefined;
  readonly admin?: boolean | undefined;
  readonly expires_at?: string | undefined;
}

/** What the command line asks, of a server or of the store. A user is an id or an e-mail address, a time ISO 8601. */
export interface AccountsDoor {
  createUser(asked: AskedUser): Promise<{ user: UserJson; key: string }>;
  users(): Promise<UserJson[]>;
  user(which: string): Promise<UserJson>;
  updateUser(which: string, change: UserChange): Promise<UserJson>;
  deleteUser(which: string): Promise<void>;
  createKey(
    user: string | undefined,
    asked: { name?: string | undefined; expires_at?: string | undefined },
  ): Promise<KeyJson & { key: string }>;
  keys(user: string | undefined): Promise<KeyJson[]>;
  revokeKey(id: string): Promise<KeyJson>;
  usage(asked: { user?: string | undefined; from: string; to: string }): Promise<UsageJson[]>;
  close(): Promise<void>;
}

const pageSize = 1000;

/** Whoever may open the store may do everything. */
export class LocalAccounts implements AccountsDoor {
  readonly #administration: Administration;
  readonly #close: () => Promise<void>;

  constructor(administration: Administration, close: () => Promise<void>) {
    this.#administration = administration;
    this.#close = close;
  }

  async createUser({ expires_at: expires, ...asked }: AskedUser): Promise<{ user: UserJson; key: string }> {
    const { user, text } = await this.#administration.createUser({ ...asked, expiresAt: dateOf(expires) });
    return { user: userJson(user), key: text };
  }

  async users(): Promise<UserJson[]> {
    return (await everything((page) => this.#administration.users(page))).map(userJson);
  }

  async user(which: string): Promise<UserJson> {
    return userJson(await this.#administration.user(which));
  }

  async updateUser(which: string, change: UserChange): Promise<UserJson> {
    return userJson(await this.#administration.updateUser(which, change));
  }

  deleteUser(which: string): Promise<void> {
    return this.#administration.deleteUser(which);
  }

  async createKey(user: string | undefined, { name, expires_at: expires }: { name?: string | undefined; expires_at?: string | undefined }) {
    const { key, text } = await this.#administration.createKey(named(user), { name, expiresAt: dateOf(expires) });
    return { ...keyJson(key), key: text };
  }

  async keys(user: string | undefined): Promise<KeyJson[]> {
    return (await everything((page) => this.#administration.keys(named(user), page))).map(keyJson);
  }

  async revokeKey(id: string): Promise<KeyJson> {
    return keyJson(await this.#administration.revokeKey(id, undefined));
  }

  async usage({ user, from, to }: { user?: string | undefined; from: string; to: string }): Promise<UsageJson[]> {
    const userId = user === undefined ? undefined : await this.#administration.userOfUsage(user);
    return (await everything((page) => this.#administration.usage({ userId, from, to }, page))).map(usageJson);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function everything<T>(read: (page: PageQuery) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: pageSize, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

/** A server knows whose key was sent; here nobody sent one. */
function named(user: string | undefined): string {
  if (user !== undefined) return user;
  throw new VoisinError('invalid_argument', 'name the USER whose keys are meant: an id or an e-mail address', { field: 'user' });
}

const dateOf = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
