// Who may call: keys from the environment and of the accounts store, or the admin key that the server made for itself, or everyone on a server
// without keys.
import { VoisinError } from '../errors.js';
import type { AccountKeys } from './account-keys.js';
import { AdminKey } from './admin-key.js';
import { ConfiguredKeys, type ConfiguredKey } from './configured-keys.js';
import type { Identity, SystemStore } from './identity.js';
import { RememberedKeys } from './remembered-keys.js';

export interface AccountsOptions {
  readonly apiKeys: readonly ConfiguredKey[];
  /** The configuration asks callers for no key (it knows the address). */
  readonly keyless: boolean;
  /** Nobody needs a key, whatever accounts there are. */
  readonly allowAnonymous?: boolean;
  readonly users?: {
    readonly keys: AccountKeys;
    /** Whether there are any: their keys count, and on a server that asked for none everyone needs one from then on, for good. */
    readonly exist: () => boolean | Promise<boolean>;
    /** One of them is an administrator: no admin key has to be made. */
    readonly administrate: boolean;
    /** Told of every request that came with a key of an account. */
    readonly used?: (keyId: string) => void;
  };
}

/** The tenant of the admin key, and of whoever names none on a server without keys. */
export const defaultTenant = 'default';

type Check = (key: string, from: string | undefined) => Identity | undefined | Promise<Identity | undefined>;

const anonymous: Identity = { tenant: undefined, admin: true };

export class Accounts {
  /** The admin key that this start made: print it, it is shown only now. */
  readonly createdKey: string | undefined;
  /** Asked one after the other. */
  readonly #checks: readonly Check[];
  readonly #usersExist: () => boolean | Promise<boolean>;
  readonly #used: (keyId: string) => void;
  /** Whatever accounts there are. */
  readonly #asksForKeys: boolean;

  private constructor(options: AccountsOptions, checks: readonly Check[], createdKey?: string) {
    const { keyless, allowAnonymous = false, users } = options;
    this.#usersExist = allowAnonymous || users === undefined ? () => false : users.exist;
    this.#used = users?.used ?? (() => undefined);
    this.#asksForKeys = !keyless;
    this.#checks = users === undefined ? checks : [...checks, (key, from) => users.keys.identityOf(key, from)];
    this.createdKey = createdKey;
  }

  /** With keys from the environment, the admin key of an earlier start does not count: setting them retires one that was lost or leaked. */
  static async open(options: AccountsOptions, store: SystemStore): Promise<Accounts> {
    const { apiKeys, keyless, users } = options;
    if (apiKeys.length > 0) {
      const configured = new ConfiguredKeys(apiKeys);
      const check: Check = (key) => {
        const tenant = configured.tenantOf(key);
        return tenant === undefined ? undefined : { tenant, admin: false };
      };
      return new Accounts(options, [check]);
    }
    if (keyless) return new Accounts(options, []);
    if (users?.administrate === true && !(await AdminKey.isKept(store))) return new Accounts(options, []);
    const { admin, created } = await AdminKey.open(store);
    const remembered = new RememberedKeys((key) => admin.matches(key));
    const check: Check = async (key, from) =>
      admin.hasIdOf(key) && (await remembered.isRight(admin.id, key, from)) ? { tenant: defaultTenant, admin: true } : undefined;
    return new Accounts(options, [check], created);
  }

  /** Whether callers need a key, as far as it is known by now: where another server may have made the first account, it is being asked. */
  get enabled(): boolean {
    const needed = this.#needsKey();
    if (typeof needed === 'boolean') return needed;
    // Whoever authenticates meanwhile hears of a failure.
    needed.catch(() => undefined);
    return false;
  }

  /**
   * On a server without keys a key that is sent anyway is ignored.
   * @param from the address of the client
   * @throws VoisinError unauthenticated when a key is needed and missing or wrong, the message does not repeat it; unavailable when the
   * accounts cannot be read; rate_limited when too many secrets for the key's id were wrong
   */
  async authenticate(key: string | undefined, from?: string): Promise<Identity> {
    const needed = this.#needsKey();
    if (!(typeof needed === 'boolean' ? needed : await needed)) return anonymous;
    if (key === undefined || key === '') {
      throw new VoisinError('unauthenticated', 'an API key is needed: send X-API-Key: KEY or Authorization: Bearer KEY');
    }
    for (const check of this.#checks) {
      const identity = await check(key, from);
      if (identity === undefined) continue;
      if (identity.account !== undefined) this.#used(identity.account.keyId);
      return identity;
    }
    throw new VoisinError('unauthenticated', 'the API key is not known');
  }

  #needsKey(): boolean | Promise<boolean> {
    return this.#asksForKeys || this.#usersExist();
  }
}
