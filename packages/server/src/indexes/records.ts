// What is remembered of recent hits: one cache for all indexes.
import { Turns } from '../turns.js';
import type { IndexServices } from './services.js';

export const recordKey = (index: string, row: number): string => `${index}/${row}`;

/** What is remembered of an index that is closed would only push out what others remember. */
export async function forgetRecords({ records }: IndexServices, index: string): Promise<void> {
  const turns = new Turns();
  // The list changes while others have their turns.
  const keys = Array.from(records.keys());
  for (const key of keys) {
    if (turns.over) await turns.next();
    if (key.startsWith(`${index}/`)) records.delete(key);
  }
}
