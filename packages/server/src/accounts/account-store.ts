// What keeps users, keys and usage: LevelDB or PostgreSQL. Both pass account-store.test.ts.
import type { KeyOwner, KeyRecord, Page, PageQuery, UsageBatch, UsageQuery, UsageRow, User, UserChange } from './records.js';

/**
 * Changes are durable when they resolve. A store that cannot be reached throws `unavailable` with `retryAfterSeconds`.
 * Lists are in order of creation, usage in order of user, day, key and model; a cursor that none of their pages gave is invalid_argument.
 */
export interface AccountStore {
  /** Other processes write here too: what was read a moment ago may have changed. */
  readonly shared: boolean;
  /** With the first key: both or neither. @throws VoisinError already_exists where the e-mail address has a user */
  createUser(user: User, firstKey: KeyRecord): Promise<void>;
  user(id: string): Promise<User | undefined>;
  userByEmail(email: string): Promise<User | undefined>;
  users(page: PageQuery): Promise<Page<User>>;
  hasUsers(): Promise<boolean>;
  hasAdmin(): Promise<boolean>;
  /** @returns the user as changed; undefined where there is none */
  updateUser(id: string, change: UserChange): Promise<User | undefined>;
  /** With their keys; usage stays. @returns whether there was such a user */
  deleteUser(id: string): Promise<boolean>;
  /**
   * @returns false, and keeps nothing, where the user has `most` keys that are not revoked, however many come at once
   * @throws VoisinError not_found where there is no such user
   */
  createKey(key: KeyRecord, most: number): Promise<boolean>;
  /** A key that was revoked or has expired is found all the same. */
  key(id: string): Promise<KeyOwner | undefined>;
  keys(userId: string, page: PageQuery): Promise<Page<KeyRecord>>;
  /** The first revocation counts. @returns the key; undefined where there is none */
  revokeKey(id: string, at: Date): Promise<KeyRecord | undefined>;
  addUsage(batch: UsageBatch): Promise<void>;
  usage(query: UsageQuery, page: PageQuery): Promise<Page<UsageRow>>;
  /** Sum of the cost of a month (2026-01), in thousandths. */
  costOf(userId: string, month: string): Promise<number>;
  close(): Promise<void>;
}
