// Who may call: keys from the environment, or the admin key that the server made for itself, or everyone on a server without keys.
import { VoisinError } from '../errors.js';
import { AdminKey } from './admin-key.js';
import { ConfiguredKeys, type ConfiguredKey } from './configured-keys.js';
import type { Identity, SystemStore } from './identity.js';
import { RememberedKeys } from './remembered-keys.js';

export interface AccountsOptions {
  readonly apiKeys: readonly ConfiguredKey[];
  /** Callers need no key (config decides: it knows the address). */
  readonly keyless: boolean;
}

/** The tenant of the admin key, and of whoever names none on a server without keys. */
export const defaultTenant = 'default';

type Check = (key: string) => Promise<Identity | undefined>;

export class Accounts {
  /** Whether callers need a key. */
  readonly enabled: boolean;
  /** The admin key that this start made: print it, it is shown only now. */
  readonly createdKey: string | undefined;
  readonly #check: Check | undefined;

  private constructor(check: Check | undefined, createdKey?: string) {
    this.enabled = check !== undefined;
    this.#check = check;
    this.createdKey = createdKey;
  }

  /** With keys from the environment exactly those count, so that setting them retires an admin key that was lost or leaked. */
  static async open({ apiKeys, keyless }: AccountsOptions, store: SystemStore): Promise<Accounts> {
    if (keyless) return new Accounts(undefined);
    if (apiKeys.length > 0) {
      const configured = new ConfiguredKeys(apiKeys);
      return new Accounts(async (key) => {
        const tenant = configured.tenantOf(key);
        return tenant === undefined ? undefined : { tenant, admin: false };
      });
    }
    const { admin, created } = await AdminKey.open(store);
    const remembered = new RememberedKeys((key) => admin.matches(key));
    return new Accounts(async (key) => ((await remembered.isRight(key)) ? { tenant: defaultTenant, admin: true } : undefined), created);
  }

  /**
   * On a server without keys a key that is sent anyway is ignored.
   * @throws VoisinError unauthenticated when a key is needed and missing or wrong; the message does not repeat it
   */
  async authenticate(key: string | undefined): Promise<Identity> {
    if (this.#check === undefined) return { tenant: undefined, admin: true };
    if (key === undefined || key === '') {
      throw new VoisinError('unauthenticated', 'an API key is needed: send X-API-Key: KEY or Authorization: Bearer KEY');
    }
    const identity = await this.#check(key);
    if (identity === undefined) throw new VoisinError('unauthenticated', 'the API key is not known');
    return identity;
  }
}
