// voisin usage: what was embedded, by key, model and day.
import { VoisinError } from '../../errors.js';
import type { UsageJson } from '../../open-local-accounts.js';
import { isDay } from '../../time-text.js';
import { readArguments } from '../models/arguments.js';
import { withAccounts } from './door.js';
import { optionalUser } from './keys.js';
import { print, table } from './print.js';
import { common } from './users.js';

export async function usage(argv: readonly string[]): Promise<number> {
  const flags = { ...common, from: { type: 'string' }, to: { type: 'string' } } as const;
  const { values, words } = readArguments(argv, flags, optionalUser(argv));
  const today = new Date().toISOString().slice(0, 10);
  const days = { from: day('from', values.from ?? `${today.slice(0, 8)}01`), to: day('to', values.to ?? today) };
  const [user] = words;
  const found = await withAccounts(values['data-dir'], (door) => door.usage({ ...(user === undefined ? {} : { user }), ...days }));
  print(values.json, found, () => `${days.from} to ${days.to}\n\n${usageTable(found)}`);
  return 0;
}

function usageTable(found: readonly UsageJson[]): string {
  if (found.length === 0) return 'nothing was embedded\n';
  const rows = found.map((row) => [
    row.day,
    row.user_id,
    row.key_id,
    row.model,
    row.requests,
    row.embeddings,
    row.cache_hits,
    row.tokens,
    row.counted,
  ]);
  const sum = (of: (row: UsageJson) => number): number => found.reduce((total, row) => total + of(row), 0);
  const counted = Math.round(sum((row) => row.counted) * 1000) / 1000;
  const total = [
    '',
    '',
    '',
    'all',
    sum((r) => r.requests),
    sum((r) => r.embeddings),
    sum((r) => r.cache_hits),
    sum((r) => r.tokens),
    counted,
  ];
  return table(['day', 'user', 'key', 'model', 'requests', 'embeddings', 'cached', 'tokens', 'counted'], [...rows, total]);
}

function day(flag: string, text: string): string {
  if (isDay(text)) return text;
  throw new VoisinError('invalid_argument', `--${flag}: expected a day as 2026-12-31, got ${JSON.stringify(text)}`);
}
