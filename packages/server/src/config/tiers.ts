// The tiers that accounts belong to: what each allows a month and a minute, and what a vector from the cache costs. From TIERS_FILE (YAML).
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { VoisinError } from '../errors.js';

export interface Tier {
  readonly name: string;
  /** Embeddings of a calendar month (UTC), and of a minute. */
  readonly perMonth: number;
  readonly perMinute: number;
  /** What an embedding that came from a cache counts of the month's, 0 to 1, in steps of 0.001. */
  readonly cacheHit: number;
}

export type Tiers = ReadonlyMap<string, Tier>;

export const defaultTiers: Tiers = tiersOf([
  { name: 'free', perMonth: 20_000, perMinute: 60, cacheHit: 0.1 },
  { name: 'pro', perMonth: 100_000, perMinute: 600, cacheHit: 0.1 },
  { name: 'scale', perMonth: 2_000_000, perMinute: 6000, cacheHit: 0.1 },
]);

const tierName = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const mostTiers = 100;
const mostEmbeddings = 1_000_000_000_000;
const known = ['per_month', 'per_minute', 'cache_hit'];

/** @throws VoisinError invalid_argument naming the file, the tier and the field */
export function readTiers(path: string): Tiers {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VoisinError('invalid_argument', `TIERS_FILE: ${path} cannot be read: ${reason}`, undefined, { cause: error });
  }
  return parseTiers(text, `TIERS_FILE ${path}`);
}

/** @param source how messages name the text */
export function parseTiers(text: string, source: string): Tiers {
  const refuse = (where: string, problem: string): never => {
    throw new VoisinError('invalid_argument', `${source}: ${where}${problem}`);
  };
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    refuse('', `is no YAML: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)}`);
  }
  if (!isFields(content) || Object.keys(content).length === 0) {
    return refuse('', 'expected tiers by name, as "free: {per_month: 20000, per_minute: 60, cache_hit: 0.1}"');
  }
  const entries = Object.entries(content);
  if (entries.length > mostTiers) refuse('', `expected at most ${mostTiers} tiers, got ${entries.length}`);
  return tiersOf(
    entries.map(([name, fields]) => {
      if (!tierName.test(name)) refuse(`${JSON.stringify(name)}: `, 'expected a name of 1 to 32 of a-z 0-9 _ -');
      if (!isFields(fields)) return refuse(`${name}: `, `expected ${known.join(', ')}, got ${JSON.stringify(fields)}`);
      const stranger = Object.keys(fields).find((field) => !known.includes(field));
      if (stranger !== undefined) refuse(`${name}.${stranger}: `, `unknown; accepted are ${known.join(', ')}`);
      const number = (field: string, most: number, isRight: (value: number) => boolean, accepts: string): number => {
        const value = fields[field];
        return typeof value === 'number' && value >= 0 && value <= most && isRight(value)
          ? value
          : refuse(`${name}.${field}: `, `expected ${accepts}, got ${JSON.stringify(value) ?? 'nothing'}`);
      };
      const whole = `a whole number of 0 to ${mostEmbeddings}`;
      return {
        name,
        perMonth: number('per_month', mostEmbeddings, Number.isInteger, whole),
        perMinute: number('per_minute', mostEmbeddings, Number.isInteger, whole),
        cacheHit: Object.hasOwn(fields, 'cache_hit')
          ? number(
              'cache_hit',
              1,
              (value) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-9,
              'a number of 0 to 1 with at most three decimals',
            )
          : 0.1,
      };
    }),
  );
}

function tiersOf(tiers: readonly Tier[]): Tiers {
  return new Map(tiers.map((tier) => [tier.name, tier]));
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
