// Where a page of a list ends, as both stores say it and take it back. What no page said is refused by its form: a database fails on some of it.
import { VoisinError } from '../errors.js';
import { timeOf } from '../time-text.js';
import { isPlain, isUserId } from './names.js';
import type { KeyRecord, UsageRow, User } from './records.js';

export const userCursor = ({ id }: User): string => id;
export const keyCursor = ({ createdAt, id }: KeyRecord): string => `${createdAt.toISOString()}/${id}`;
export const usageCursor = ({ userId, day, keyId, model }: UsageRow): string => `${userId}/${day}/${keyId}/${model}`;

/** @throws VoisinError invalid_argument, as the others here */
export function readUserCursor(cursor: string): string {
  if (isUserId(cursor)) return cursor;
  throw noCursor(cursor);
}

export function readKeyCursor(cursor: string): readonly [createdAt: string, id: string] {
  // Years of four digits: PostgreSQL knows no year 0.
  const [, createdAt = '', id = ''] = /^([1-9]\d{3}-[^/]+)\/([0-9a-f]{16})$/.exec(cursor) ?? [];
  if (timeOf(createdAt)?.toISOString() === createdAt) return [createdAt, id];
  throw noCursor(cursor);
}

export function readUsageCursor(cursor: string): readonly [userId: string, day: string, keyId: string, model: string] {
  const [, userId = '', day = '', keyId = '', model = ''] = /^([^/]+)\/(\d{4}-\d\d-\d\d)\/([^/]+)\/(.+)$/.exec(cursor) ?? [];
  if (model !== '' && isPlain(cursor)) return [userId, day, keyId, model];
  throw noCursor(cursor);
}

function noCursor(got: string): VoisinError {
  const message = `cursor: expected the next_cursor of the page before, got ${JSON.stringify(got.slice(0, 100))}`;
  return new VoisinError('invalid_argument', message, { field: 'cursor' });
}
