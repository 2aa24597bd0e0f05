// Accounts, keys and usage as the REST API describes them; docs/accounts.md says what they are.

export interface User {
  readonly id: string;
  readonly email: string;
  /** Whose indexes the keys see. */
  readonly tenant: string;
  readonly tier: string;
  readonly admin: boolean;
  readonly disabled: boolean;
  readonly created_at: string;
}

/** What an account may embed. */
export interface Tier {
  readonly name: string;
  readonly per_month: number;
  readonly per_minute: number;
  /** What an embedding that came from a cache counts of the month. */
  readonly cache_hit: number;
}

export interface Account {
  /** Absent on a server without keys. */
  readonly tenant?: string;
  readonly admin: boolean;
  /** This and what follows: where the key belongs to a user, and is none of the server's environment. */
  readonly key_id?: string;
  readonly user?: User;
  readonly tier?: Tier;
  /** In embeddings, as the quota counts them. */
  readonly month?: { readonly used: number; readonly remaining: number; readonly resets_at: string };
}

export interface KeyInfo {
  /** What `revokeKey` takes; the middle part of the key itself. */
  readonly id: string;
  readonly user_id: string;
  readonly name: string;
  readonly created_at: string;
  readonly expires_at?: string;
  readonly revoked_at?: string;
  readonly last_used_at?: string;
}

export interface CreatedKey extends KeyInfo {
  /** The key itself: the server shows it now and never again. */
  readonly key: string;
}

/** Someone else's account, by id or e-mail address: for an admin key. */
interface OfUser {
  readonly user?: string;
}

export interface KeyFields extends OfUser {
  /** What its owner calls it. */
  readonly name?: string;
  /** As 2030-01-01T00:00:00Z; never when left out. */
  readonly expires_at?: string;
}

interface PageSize {
  /** The size of a page. */
  readonly limit?: number;
}

export interface KeyQuery extends OfUser, PageSize {}

/** An admin key that names nobody means everyone. */
export interface UsageQuery extends OfUser, PageSize {
  /** A day as 2026-12-31, UTC; default the first of this month. */
  readonly from?: string;
  /** Included; default today. */
  readonly to?: string;
}

/** What one key embedded with one model on one day. */
export interface Usage {
  readonly user_id: string;
  readonly key_id: string;
  readonly model: string;
  readonly day: string;
  readonly requests: number;
  readonly embeddings: number;
  /** Of the embeddings, those that came from a cache. */
  readonly cache_hits: number;
  readonly tokens: number;
  /** Embeddings as the quota counts them. */
  readonly counted: number;
}
