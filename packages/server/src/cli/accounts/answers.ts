// The server's answers, read field by field: another version may have sent them.
import { VoisinError } from '../../errors.js';
import type { KeyJson, UsageJson, UserJson } from '../../open-local-accounts.js';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

export function readText(value: unknown, name: string): string {
  const text = isFields(value) ? value[name] : undefined;
  if (typeof text === 'string') return text;
  throw new VoisinError('unavailable', `the server's answer has no ${name}: is it Voisin, and of this version?`);
}

export function readUser(value: unknown): UserJson {
  const text = (name: string): string => readText(value, name);
  const flag = (name: string): boolean => isFields(value) && value[name] === true;
  return {
    id: text('id'),
    email: text('email'),
    tenant: text('tenant'),
    tier: text('tier'),
    admin: flag('admin'),
    disabled: flag('disabled'),
    created_at: text('created_at'),
  };
}

export function readKey(value: unknown): KeyJson {
  const text = (name: string): string => readText(value, name);
  const moment = (name: 'expires_at' | 'revoked_at' | 'last_used_at'): object => optional(name, isFields(value) ? value[name] : undefined);
  return {
    id: text('id'),
    user_id: text('user_id'),
    name: text('name'),
    created_at: text('created_at'),
    ...moment('expires_at'),
    ...moment('revoked_at'),
    ...moment('last_used_at'),
  };
}

export function readUsage(value: unknown): UsageJson {
  const text = (name: string): string => readText(value, name);
  const number = (name: string): number => (isFields(value) ? Number(value[name]) : 0);
  return {
    user_id: text('user_id'),
    key_id: text('key_id'),
    model: text('model'),
    day: text('day'),
    requests: number('requests'),
    embeddings: number('embeddings'),
    cache_hits: number('cache_hits'),
    tokens: number('tokens'),
    counted: number('counted'),
  };
}

export function optional(name: string, value: unknown): Record<string, string> {
  return typeof value === 'string' ? { [name]: value } : {};
}
