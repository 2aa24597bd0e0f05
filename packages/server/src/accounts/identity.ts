// Who a caller is, once their key has been looked at.

export interface Identity {
  /** The tenant that the key names; undefined on a server without keys, where everyone sees all tenants. */
  readonly tenant: string | undefined;
  readonly admin: boolean;
}

/** Where hashes are kept: a small durable map. `put` resolves when the value is on the disk. */
export interface SystemStore {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
}
