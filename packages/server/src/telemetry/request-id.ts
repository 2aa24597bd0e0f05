// The name of one request, in its log lines, its answer and its errors.
import { randomUUID } from 'node:crypto';

/** @param given the caller's own X-Request-Id; kept when it is 1 to 64 harmless characters, so that their traces and ours meet */
export function requestId(given?: unknown): string {
  if (typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given)) return given;
  // Node draws the randomness of many UUIDs at once: 12 us less than asking for a few bytes each time.
  return randomUUID();
}
