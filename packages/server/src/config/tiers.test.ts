import { describe, expect, test } from 'vitest';
import { defaultTiers, parseTiers, readTiers } from './tiers.js';

describe('tiers', () => {
  test('are free, pro and scale unless a file names others', () => {
    expect([...defaultTiers.values()].map(({ name, perMonth, perMinute, cacheHit }) => [name, perMonth, perMinute, cacheHit])).toEqual([
      ['free', 20_000, 60, 0.1],
      ['pro', 100_000, 600, 0.1],
      ['scale', 2_000_000, 6000, 0.1],
    ]);
  });

  test('are read from YAML; a cache hit counts 0.1 where the file says nothing', () => {
    const tiers = parseTiers('team:\n  per_month: 5000\n  per_minute: 50\n  cache_hit: 0.25\ntrial: {per_month: 10, per_minute: 5}\n', 'x');
    expect([...tiers.values()]).toEqual([
      { name: 'team', perMonth: 5000, perMinute: 50, cacheHit: 0.25 },
      { name: 'trial', perMonth: 10, perMinute: 5, cacheHit: 0.1 },
    ]);
  });

  test.each([
    ['', 'f: expected tiers by name'],
    ['- a', 'f: expected tiers by name'],
    ['a: [', 'f: is no YAML'],
    ['A B: {}', 'f: "A B": expected a name'],
    ['a: 5', 'f: a: expected per_month, per_minute, cache_hit, got 5'],
    ['a: {per_month: 5}', 'f: a.per_minute: expected a whole number of 0 to 1000000000000, got nothing'],
    ['a: {per_month: -1, per_minute: 1}', 'f: a.per_month: expected a whole number'],
    ['a: {per_month: 1.5, per_minute: 1}', 'f: a.per_month: expected a whole number'],
    ['a: {per_month: 1, per_minute: "1"}', 'f: a.per_minute: expected a whole number of 0 to 1000000000000, got "1"'],
    ['a: {per_month: 1, per_minute: 1, cache_hit: 2}', 'f: a.cache_hit: expected a number of 0 to 1'],
    ['a: {per_month: 1, per_minute: 1, cache_hit: 0.0001}', 'f: a.cache_hit: expected a number of 0 to 1 with at most three decimals'],
    ['a: {per_month: 1, per_minut: 1}', 'f: a.per_minut: unknown; accepted are per_month, per_minute, cache_hit'],
  ])('a mistake is named by its place: %j', (text, message) => {
    expect(() => parseTiers(text, 'f')).toThrow(message);
  });

  test('a file that is not there stops the start by its name', () => {
    expect(() => readTiers('/no/such/tiers.yaml')).toThrow('TIERS_FILE: /no/such/tiers.yaml cannot be read');
  });
});
