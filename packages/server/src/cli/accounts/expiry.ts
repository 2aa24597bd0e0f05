// When a key expires, as people say it.
import { VoisinError } from '../../errors.js';
import { timeOf } from '../../time-text.js';

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** @param text 12h, 30d, 8w from now, or a time as 2026-12-31 or 2026-12-31T12:00:00Z */
export function expiryOf(text: string | undefined, now: Date = new Date()): string | undefined {
  if (text === undefined) return undefined;
  const [, count = '', unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  if (ms !== undefined) return new Date(now.getTime() + Number(count) * ms).toISOString();
  const time = timeOf(text);
  if (time !== undefined) return time.toISOString();
  throw new VoisinError(
    'invalid_argument',
    `--expires: expected 12h, 30d, 8w or a time as 2026-12-31T00:00:00Z, got ${JSON.stringify(text)}`,
  );
}
