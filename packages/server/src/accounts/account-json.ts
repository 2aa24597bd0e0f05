// Users, keys and usage as JSON: what routes answer and the command line shows.
import { costOfOne, type KeyRecord, type UsageRow, type User } from './records.js';

export interface UserJson {
  id: string;
  email: string;
  tenant: string;
  tier: string;
  admin: boolean;
  disabled: boolean;
  created_at: string;
}

export interface KeyJson {
  id: string;
  user_id: string;
  name: string;
  created_at: string;
  expires_at?: string;
  revoked_at?: string;
  last_used_at?: string;
}

export interface UsageJson {
  user_id: string;
  key_id: string;
  model: string;
  day: string;
  requests: number;
  embeddings: number;
  cache_hits: number;
  tokens: number;
  /** Embeddings as the quota counts them. */
  counted: number;
}

export function userJson({ id, email, tenant, tier, admin, disabled, createdAt }: User): UserJson {
  return { id, email, tenant, tier, admin, disabled, created_at: createdAt.toISOString() };
}

/** Without its hash. */
export function keyJson({ id, userId, name, createdAt, expiresAt, revokedAt, lastUsedAt }: KeyRecord): KeyJson {
  return {
    id,
    user_id: userId,
    name,
    created_at: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
    ...(revokedAt === undefined ? {} : { revoked_at: revokedAt.toISOString() }),
    ...(lastUsedAt === undefined ? {} : { last_used_at: lastUsedAt.toISOString() }),
  };
}

export function usageJson({ userId, keyId, model, day, requests, embeddings, cacheHits, tokens, cost }: UsageRow): UsageJson {
  const counted = cost / costOfOne;
  return { user_id: userId, key_id: keyId, model, day, requests, embeddings, cache_hits: cacheHits, tokens, counted };
}
