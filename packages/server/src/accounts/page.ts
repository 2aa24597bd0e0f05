// A page of a list that was read one entry too far, to know whether there is another.
import type { Page } from './records.js';

/** @param found one more than `limit` where there is a next page */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined ? { items, nextCursor: cursorOf(last) } : { items };
}
