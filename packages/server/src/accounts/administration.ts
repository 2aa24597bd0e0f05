// Making, changing and ending users and keys: the rules that routes and the command line share.
import { randomBytes } from 'node:crypto';
import type { Tiers } from '../config/tiers.js';
import { VoisinError } from '../errors.js';
import type { AccountStore } from './account-store.js';
import { hashSecret, keyText, newKeyParts } from './api-key.js';
import { emailOf, isPlain, isUserId, longestKeyName } from './names.js';
import type { KeyRecord, Page, PageQuery, UsageQuery, UsageRow, User, UserChange } from './records.js';

export interface NewUser {
  readonly email: string;
  readonly tier?: string | undefined;
  readonly tenant?: string | undefined;
  /** Default: whether nobody else could manage accounts. */
  readonly admin?: boolean | undefined;
  /** Of the first key. */
  readonly keyName?: string | undefined;
  readonly expiresAt?: Date | undefined;
}

/** `text` is the key itself, which exists nowhere else from then on. */
export interface CreatedKey {
  readonly key: KeyRecord;
  readonly text: string;
}

export interface AdministrationOptions {
  readonly store: AccountStore;
  readonly tiers: Tiers;
  /** Called after each change that may take rights away. */
  readonly changed?: () => void;
  /** Whether there is an administrator beside the users: the server's own admin key. Asked when it decides something. */
  readonly hasAdminKey?: () => Promise<boolean>;
  readonly defaultTenant: string;
}

const mostKeysOfUser = 100;
const emailForm = /^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,190}$/u;
const tenantForm = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

export class Administration {
  readonly #store: AccountStore;
  readonly #tiers: Tiers;
  readonly #changed: () => void;
  readonly #hasAdminKey: () => Promise<boolean>;
  readonly #defaultTenant: string;

  constructor({ store, tiers, changed = () => undefined, hasAdminKey = async () => false, defaultTenant }: AdministrationOptions) {
    this.#store = store;
    this.#tiers = tiers;
    this.#changed = changed;
    this.#hasAdminKey = hasAdminKey;
    this.#defaultTenant = defaultTenant;
  }

  /** A user with a first key. Users other than administrators get a tenant of their own unless one is named. */
  async createUser(asked: NewUser): Promise<CreatedKey & { readonly user: User }> {
    const email = emailOf(asked.email);
    if (!emailForm.test(email)) throw invalid('email', 'an e-mail address', asked.email);
    const tier = this.#tier(asked.tier ?? this.#tiers.keys().next().value ?? '');
    const id = newUserId();
    const first = await newKey(id, checkName('key_name', asked.keyName ?? 'first'), checkExpiry(asked.expiresAt));
    // Asked last: the longer ago, the likelier are two who come first at once both administrators.
    const admin = asked.admin ?? !((await this.#store.hasAdmin()) || (await this.#hasAdminKey()));
    const tenant = checkTenant(asked.tenant ?? (admin ? this.#defaultTenant : id));
    const user: User = { id, email, tenant, tier, admin, disabled: false, createdAt: new Date() };
    await this.#store.createUser(user, first.key);
    this.#changed();
    return { user, ...first };
  }

  /** @param which an id or an e-mail address. @throws VoisinError not_found */
  async user(which: string): Promise<User> {
    const found = await this.#find(which);
    if (found === undefined) throw noUser(which);
    return found;
  }

  /**
   * The id of whose usage is meant: a deleted user has some under theirs.
   * @param which an id or an e-mail address
   * @throws VoisinError not_found
   */
  async userOfUsage(which: string): Promise<string> {
    const found = await this.#find(which);
    if (found !== undefined) return found.id;
    const ever = { userId: which, from: '0000-01-01', to: '9999-12-31' };
    if (isUserId(which) && (await this.#store.usage(ever, { limit: 1 })).items.length > 0) return which;
    throw noUser(which);
  }

  users(page: PageQuery): Promise<Page<User>> {
    return this.#store.users(page);
  }

  async updateUser(which: string, change: UserChange): Promise<User> {
    if (change.tier !== undefined) this.#tier(change.tier);
    if (change.tenant !== undefined) checkTenant(change.tenant);
    const { id } = await this.user(which);
    const changed = await this.#store.updateUser(id, change);
    this.#changed();
    return changed ?? this.user(id);
  }

  async deleteUser(which: string): Promise<void> {
    const { id } = await this.user(which);
    await this.#store.deleteUser(id);
    this.#changed();
  }

  async createKey(
    which: string,
    { name = '', expiresAt }: { name?: string | undefined; expiresAt?: Date | undefined },
  ): Promise<CreatedKey> {
    const { id } = await this.user(which);
    const made = await newKey(id, checkName('name', name), checkExpiry(expiresAt));
    if (await this.#store.createKey(made.key, mostKeysOfUser)) return made;
    throw new VoisinError('failed_precondition', `the user has ${mostKeysOfUser} keys, and may have no more: revoke some first`);
  }

  async keys(which: string, page: PageQuery): Promise<Page<KeyRecord>> {
    const { id } = await this.user(which);
    return this.#store.keys(id, page);
  }

  /**
   * @param userId whose key it must be; undefined: anyone's
   * @throws VoisinError not_found, also for a key of someone else
   */
  async revokeKey(id: string, userId: string | undefined): Promise<KeyRecord> {
    const owner = isPlain(id) ? await this.#store.key(id) : undefined;
    if (owner === undefined || (userId !== undefined && owner.user.id !== userId))
      throw new VoisinError('not_found', `no key ${JSON.stringify(id.slice(0, 100))}`, { field: 'key' });
    const revoked = await this.#store.revokeKey(id, new Date());
    this.#changed();
    return revoked ?? owner.key;
  }

  usage(query: UsageQuery, page: PageQuery): Promise<Page<UsageRow>> {
    return this.#store.usage(query, page);
  }

  async #find(which: string): Promise<User | undefined> {
    if (!isPlain(which)) return undefined;
    return which.includes('@') ? this.#store.userByEmail(emailOf(which)) : this.#store.user(which);
  }

  #tier(name: string): string {
    if (this.#tiers.has(name)) return name;
    throw invalid('tier', `one of ${[...this.#tiers.keys()].join(', ')}`, name);
  }
}

/** In order of time, so that a list of users is in order of their making. */
function newUserId(): string {
  return `usr_${Date.now().toString(36).padStart(9, '0')}${randomBytes(5).toString('hex')}`;
}

/** Hashed before anything is kept: what can fail or take long comes first. */
async function newKey(userId: string, name: string, expiresAt: Date | undefined): Promise<CreatedKey> {
  const parts = newKeyParts();
  const absent = { revokedAt: undefined, lastUsedAt: undefined };
  const hash = await hashSecret(parts.secret);
  return { key: { id: parts.id, userId, name, hash, createdAt: new Date(), expiresAt, ...absent }, text: keyText(parts) };
}

function checkTenant(tenant: string): string {
  if (tenantForm.test(tenant)) return tenant;
  throw invalid('tenant', '1 to 64 of A-Z a-z 0-9 _ - . (no dot first)', tenant);
}

function checkName(field: 'name' | 'key_name', name: string): string {
  if (isPlain(name) && [...name].length <= longestKeyName) return name;
  throw invalid(field, `at most ${longestKeyName} characters, none of them a control character`, name);
}

function checkExpiry(expiresAt: Date | undefined): Date | undefined {
  if (expiresAt === undefined || expiresAt.getTime() > Date.now()) return expiresAt;
  throw invalid('expires_at', 'a time to come', expiresAt.toISOString());
}

const noUser = (which: string): VoisinError =>
  new VoisinError('not_found', `no user ${JSON.stringify(which.slice(0, 300))}`, { field: 'user' });

function invalid(field: string, accepted: string, got: string): VoisinError {
  return new VoisinError('invalid_argument', `${field}: expected ${accepted}, got ${JSON.stringify(got.slice(0, 300))}`, { field });
}
