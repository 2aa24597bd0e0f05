// What the accounts store holds, and what it is asked.

export interface User {
  readonly id: string;
  /** In lower case; one user an address. */
  readonly email: string;
  readonly tenant: string;
  readonly tier: string;
  readonly admin: boolean;
  /** Keys of a disabled user are refused. */
  readonly disabled: boolean;
  readonly createdAt: Date;
}

export type UserChange = Partial<Pick<User, 'tier' | 'tenant' | 'admin' | 'disabled'>>;

export interface KeyRecord {
  readonly id: string;
  readonly userId: string;
  /** What its owner calls it. */
  readonly name: string;
  /** bcrypt, of the secret. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** To within a minute. */
  readonly lastUsedAt: Date | undefined;
}

export interface KeyOwner {
  readonly key: KeyRecord;
  readonly user: User;
}

/** What was embedded; sums. */
export interface UsageCounts {
  readonly requests: number;
  readonly embeddings: number;
  /** Of the embeddings, those that came from a cache. */
  readonly cacheHits: number;
  readonly tokens: number;
  /** Thousandths of an embedding, as the quota counts them. */
  readonly cost: number;
}

export interface UsageRow extends UsageCounts {
  readonly userId: string;
  readonly keyId: string;
  /** Full name of the model. */
  readonly model: string;
  /** 2026-01-31, UTC. */
  readonly day: string;
}

/** Usage to be added, once: a batch that comes again under the same id changes nothing. */
export interface UsageBatch {
  readonly id: string;
  readonly rows: readonly UsageRow[];
  /** By key id. */
  readonly lastUsed: ReadonlyMap<string, Date>;
}

export interface UsageQuery {
  /** Undefined: of everyone. */
  readonly userId: string | undefined;
  /** Days, both included. */
  readonly from: string;
  readonly to: string;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

export const monthOf = (time: Date): string => time.toISOString().slice(0, 7);

/** The first moment of the next month, UTC. */
export const nextMonth = (time: Date): Date => new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 1));

/** Thousandths: a cache hit may cost 0.1 of an embedding, and sums of thousandths are exact. */
export const costOfOne = 1000;
