// Lists that come a page at a time, as one sequence.

import { VoisinError } from './errors.js';

export interface Page {
  readonly next_cursor?: string;
}

/** @param ask gets one page; its path and query up to the cursor. Fields of `fields` that are undefined are left out. */
export async function* pages<T extends Page>(path: string, fields: object, ask: (path: string) => Promise<T>): AsyncGenerator<T> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  for (;;) {
    const page = await ask(query.size === 0 ? path : `${path}?${query}`);
    yield page;
    if (page.next_cursor === undefined) return;
    if (page.next_cursor === query.get('cursor')) throw new VoisinError('internal', `${path}: the cursor does not move on`);
    query.set('cursor', page.next_cursor);
  }
}
