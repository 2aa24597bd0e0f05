// The admin key that a server makes for itself when others can reach it and no key is configured: fe_<id>_<secret>.
// Only a bcrypt hash of the secret is kept; the key is shown once, by whoever made it.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { compare, hash } from 'bcrypt';
import { VoisinError } from '../errors.js';
import type { SystemStore } from './identity.js';

const storeKey = 'accounts/admin-key';
const bcryptRounds = 10;
const idBytes = 8;
/** 48 letters: bcrypt reads no more than 72 bytes. */
const secretBytes = 36;

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

  /** @returns the kept key, or a new one together with its text, which exists nowhere else from then on */
  static async open(store: SystemStore): Promise<{ admin: AdminKey; created?: string }> {
    const kept = await store.get(storeKey);
    if (kept !== undefined) return { admin: new AdminKey(parse(kept)) };
    const id = randomBytes(idBytes).toString('hex');
    const secret = randomBytes(secretBytes).toString('base64url');
    const stored = { id, hash: await hash(secret, bcryptRounds), createdAt: new Date().toISOString() };
    await store.put(storeKey, JSON.stringify(stored));
    return { admin: new AdminKey(stored), created: `fe_${id}_${secret}` };
  }

  /** Some 60 ms on a thread of libuv's pool when the id is right; at once when it is not. */
  async matches(key: string): Promise<boolean> {
    const [, id, secret] = /^fe_([0-9a-f]{16})_([A-Za-z0-9_-]{48})$/.exec(key) ?? [];
    if (id === undefined || secret === undefined) return false;
    if (!timingSafeEqual(Buffer.from(id), Buffer.from(this.#stored.id))) return false;
    return compare(secret, this.#stored.hash);
  }
}

function parse(text: string): Stored {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'id' in value && 'hash' in value && 'createdAt' in value) {
    const { id, hash: kept, createdAt } = value;
    if (typeof id === 'string' && id.length === idBytes * 2 && typeof kept === 'string' && typeof createdAt === 'string')
      return { id, hash: kept, createdAt };
  }
  throw new VoisinError(
    'failed_precondition',
    'the admin key kept in the data folder cannot be read; set FAISS_PROXY_API_KEYS to serve without it',
  );
}
