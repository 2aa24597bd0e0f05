// The admin key that a server makes for itself when others can reach it and no key is configured: fe_<id>_<secret>.
// Only a bcrypt hash of the secret is kept; the key is shown once, by whoever made it.
import { timingSafeEqual } from 'node:crypto';
import { VoisinError } from '../errors.js';
import { hashSecret, idBytes, isSecretOf, keyPartsOf, keyText, newKeyParts } from './api-key.js';
import type { SystemStore } from './identity.js';

const storeKey = 'accounts/admin-key';

interface Stored {
  readonly id: string;
  readonly hash: string;
  readonly createdAt: string;
}

export class AdminKey {
  readonly #stored: Stored;

  private constructor(stored: Stored) {
    this.#stored = stored;
  }

  static async isKept(store: SystemStore): Promise<boolean> {
    return (await store.get(storeKey)) !== undefined;
  }

  /** @returns the kept key, or a new one together with its text, which exists nowhere else from then on */
  static async open(store: SystemStore): Promise<{ admin: AdminKey; created?: string }> {
    const kept = await store.get(storeKey);
    if (kept !== undefined) return { admin: new AdminKey(parse(kept)) };
    const parts = newKeyParts();
    const stored = { id: parts.id, hash: await hashSecret(parts.secret), createdAt: new Date().toISOString() };
    await store.put(storeKey, JSON.stringify(stored));
    return { admin: new AdminKey(stored), created: keyText(parts) };
  }

  get id(): string {
    return this.#stored.id;
  }

  /** Whether the key says that it is this one; `matches` tells whether it is. */
  hasIdOf(key: string): boolean {
    const id = keyPartsOf(key)?.id;
    return id !== undefined && timingSafeEqual(Buffer.from(id), Buffer.from(this.#stored.id));
  }

  /** Some 60 ms on a thread of libuv's pool when the id is right; at once when it is not. */
  async matches(key: string): Promise<boolean> {
    const secret = keyPartsOf(key)?.secret;
    return secret !== undefined && this.hasIdOf(key) && isSecretOf(secret, this.#stored.hash);
  }
}

function parse(text: string): Stored {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && 'id' in value && 'hash' in value && 'createdAt' in value) {
    const { id, hash: kept, createdAt } = value;
    if (typeof id === 'string' && id.length === idBytes * 2 && typeof kept === 'string' && typeof createdAt === 'string')
      return { id, hash: kept, createdAt };
  }
  throw new VoisinError(
    'failed_precondition',
    'the admin key in the accounts store cannot be read: it was altered; restore .system from a backup, start without the keys and accounts in it (voisin accounts set-aside), or set FAISS_PROXY_API_KEYS to serve without it',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
