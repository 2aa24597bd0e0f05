// Keys of the accounts store, checked: bcrypt at their first use, whether it still counts at least twice a second.
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../errors.js';
import type { AccountStore } from './account-store.js';
import { isSecretOf, keyPartsOf } from './api-key.js';
import type { Identity } from './identity.js';
import type { KeyOwner } from './records.js';
import { RememberedKeys } from './remembered-keys.js';

/** Half of the second in which a revocation must be known everywhere. */
const readAgainAfterMs = 500;
const ownersHeld = 10_000;

export interface AccountKeysOptions {
  /** How long a key goes on working while the store is away, from its last reading. */
  readonly graceMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

interface Read {
  readonly owner: KeyOwner;
  readonly at: number;
}

export class AccountKeys {
  readonly #store: AccountStore;
  readonly #graceMs: number;
  readonly #now: () => number;
  readonly #read = new LRUCache<string, Read>({ max: ownersHeld });
  readonly #underWay = new Map<string, Promise<KeyOwner | undefined>>();
  readonly #remembered: RememberedKeys;
  /** Counts what was forgotten, so that a reading that began before is not remembered. */
  #forgotten = 0;

  constructor(store: AccountStore, { graceMs = 0, now = () => performance.now() }: AccountKeysOptions = {}) {
    this.#store = store;
    this.#graceMs = graceMs;
    this.#now = now;
    this.#remembered = new RememberedKeys((key) => this.#check(key), now);
  }

  /** @returns undefined for a key that is not known, revoked, expired, or of a disabled user. @throws VoisinError unavailable */
  async identityOf(key: string, from?: string): Promise<Identity | undefined> {
    const id = keyPartsOf(key)?.id;
    if (id === undefined) return undefined;
    const owner = await this.#owner(id);
    if (owner === undefined || !isLive(owner) || !(await this.#remembered.isRight(id, key, from))) return undefined;
    const { user } = owner;
    return { tenant: user.tenant, admin: user.admin, account: { userId: user.id, keyId: id, tier: user.tier } };
  }

  /** To be called after a change to users or keys: the next request reads them again. */
  forget(): void {
    this.#forgotten++;
    this.#read.clear();
    this.#underWay.clear();
  }

  async #check(key: string): Promise<boolean> {
    const parts = keyPartsOf(key);
    const owner = parts === undefined ? undefined : await this.#owner(parts.id);
    return parts !== undefined && owner !== undefined && isSecretOf(parts.secret, owner.key.hash);
  }

  async #owner(id: string): Promise<KeyOwner | undefined> {
    const known = this.#read.get(id);
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.at;
    // A store that only this process writes tells of every change by `forget`.
    if (known !== undefined && (!this.#store.shared || age < readAgainAfterMs)) return known.owner;
    try {
      return await (this.#underWay.get(id) ?? this.#readOwner(id));
    } catch (error) {
      if (known !== undefined && age < this.#graceMs && error instanceof VoisinError && error.code === 'unavailable') return known.owner;
      throw error;
    }
  }

  #readOwner(id: string): Promise<KeyOwner | undefined> {
    const at = this.#now();
    const forgotten = this.#forgotten;
    const reading = this.#store
      .key(id)
      .then((owner) => {
        if (forgotten !== this.#forgotten) return owner;
        if (owner === undefined) this.#read.delete(id);
        else this.#read.set(id, { owner, at });
        return owner;
      })
      .finally(() => {
        if (this.#underWay.get(id) === reading) this.#underWay.delete(id);
      });
    this.#underWay.set(id, reading);
    return reading;
  }
}

function isLive({ key, user }: KeyOwner): boolean {
  return key.revokedAt === undefined && (key.expiresAt === undefined || key.expiresAt.getTime() > Date.now()) && !user.disabled;
}
