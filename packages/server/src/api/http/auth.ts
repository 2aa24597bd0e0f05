// Who calls: the key in X-API-Key or Authorization: Bearer.

import type { IncomingHttpHeaders } from 'node:http';

/** @returns the key as it was sent; undefined when none was */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string' && own !== '') return own;
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}
