// Who a caller is, once their key has been looked at.

/** The account behind a key of the accounts store: what quotas and usage are counted by. */
export interface AccountRef {
  readonly userId: string;
  readonly keyId: string;
  /** A name of TIERS_FILE. */
  readonly tier: string;
}

export interface Identity {
  /** The tenant that the key names; undefined on a server without keys, where everyone sees all tenants. */
  readonly tenant: string | undefined;
  /** May see and change every account. */
  readonly admin: boolean;
  /** Undefined for keys of the environment, the server's own admin key, and without keys: they have no quota. */
  readonly account?: AccountRef;
}

/** Where hashes are kept: a small durable map. `put` resolves when the value is on the disk. */
export interface SystemStore {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
}
