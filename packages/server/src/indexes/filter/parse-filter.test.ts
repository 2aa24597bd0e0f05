import { describe, expect, it } from 'vitest';
import { VoisinError } from '../../errors.js';
import { fieldsOf, filterKey } from './filter.js';
import { matches } from './matches.js';
import { parseFilter } from './parse-filter.js';

function mistake(json: unknown, path?: string): { message: string; field: unknown } {
  try {
    parseFilter(json, path);
  } catch (error) {
    if (!(error instanceof VoisinError)) throw error;
    expect(error.code).toBe('invalid_argument');
    return { message: error.message, field: error.details?.field };
  }
  throw new Error(`accepted ${JSON.stringify(json)}`);
}

const truths: [filter: unknown, metadata: string, expected: boolean][] = [
  [{}, '{}', true],
  [{ source: 'a' }, '{"source":"a"}', true],
  [{ source: 'a', year: 2020 }, '{"source":"a","year":2021}', false],
  [{ year: 2020 }, '{"year":"2020"}', false],
  [{ year: '2020' }, '{"year":2020}', false],
  [{ draft: false }, '{"draft":0}', false],
  [{ draft: null }, '{"draft":null}', true],
  [{ draft: null }, '{}', false],
  [{ year: { $gte: 2020, $lt: 2025 } }, '{"year":2024}', true],
  [{ year: { $gte: 2020, $lt: 2025 } }, '{"year":2025}', false],
  [{ year: { $gt: 2020 } }, '{"year":"2021"}', false],
  [{ name: { $gt: 'b' } }, '{"name":"c"}', true],
  [{ year: { $ne: 2020 } }, '{}', true],
  [{ year: { $ne: 2020 } }, '{"year":"2020"}', true],
  [{ year: { $nin: [1, 2] } }, '{"year":2}', false],
  [{ year: { $nin: [] } }, '{"year":2}', true],
  [{ year: { $in: [] } }, '{"year":2}', false],
  [{ lang: { $in: ['fr', 'de', 7] } }, '{"lang":7}', true],
  [{ $not: { year: 2020 } }, '{}', true],
  [{ draft: { $exists: false } }, '{}', true],
  [{ draft: { $exists: true } }, '{"draft":null}', true],
  [{ author: { $exists: true } }, '{"author":{"name":"x"}}', true],
  [{ tags: { $exists: true } }, '{"tags":[]}', true],
  [{ title: { $contains: 'neigh' } }, '{"title":"the neighbour"}', true],
  [{ title: { $contains: 'Neigh' } }, '{"title":"the neighbour"}', false],
  [{ 'author.name': 'x' }, '{"author":{"name":"x"}}', true],
  [{ 'author.name': 'x' }, '{"author.name":"x","author":{"name":"y"}}', true],
  [{ 'author.name': 'y' }, '{"author.name":"x","author":{"name":"y"}}', false],
  [{ 'a.b.c': 1 }, '{"a":{"b.c":1}}', true],
  [{ 'a.b.c': 1 }, '{"a.b":{"c":1}}', true],
  [{ 'author.name': 'x' }, '{"author":[{"name":"x"}]}', false],
  [{ tags: 'x' }, '{"tags":["y","x"]}', true],
  [{ tags: { $in: ['x', 'z'] } }, '{"tags":["y"]}', false],
  [{ tags: { $ne: 'x' } }, '{"tags":["y","x"]}', false],
  [{ tags: { $gt: 5 } }, '{"tags":[1,"9",6]}', true],
  [{ tags: { $contains: 'ei' } }, '{"tags":["a","neigh"]}', true],
  [{ tags: 'x' }, '{"tags":[["x"]]}', false],
  [{ $or: [{ a: 1 }, { $and: [{ b: 2 }, { c: 3 }] }] }, '{"b":2,"c":3}', true],
  [JSON.parse('{"__proto__":"x"}'), '{"__proto__":"x"}', true],
  [{ constructor: { $exists: true } }, '{}', false],
  [{ toString: { $exists: false }, 'constructor.name': { $exists: false } }, '{}', true],
  [{ '': 1 }, '{"":1}', true],
  [{ n: -0 }, '{"n":0}', true],
];

describe('a filter', () => {
  it.each(truths)('%j of %s is %s', (filter, metadata, expected) => {
    expect(matches(parseFilter(filter), JSON.parse(metadata))).toBe(expected);
  });

  it('has the same key as another one that says the same in another order', () => {
    const key = (json: unknown) => filterKey(parseFilter(json));
    expect(key({ a: 1, b: { $in: [1, 'x', null] } })).toBe(key({ b: { $in: [null, 1, 'x', 1] }, a: { $eq: 1 } }));
    expect(key({ $or: [{ a: 1 }, { b: 1 }] })).toBe(key({ $or: [{ b: 1 }, { a: 1 }] }));
    const different = [
      {},
      { a: 1 },
      { a: '1' },
      { a: { $ne: 1 } },
      { a: { $gt: 1 } },
      { a: { $gte: 1 } },
      { b: 1 },
      { $or: [{ a: 1 }, {}] },
      { a: 1, b: 1 },
    ];
    expect(new Set(different.map(key)).size).toBe(different.length);
  });

  it('knows the fields it speaks of', () => {
    expect([...fieldsOf(parseFilter({ a: 1, $or: [{ 'b.c': { $exists: true } }, { $not: { a: 2 } }] }))]).toEqual(['a', 'b.c']);
  });
});

describe('parseFilter', () => {
  it('names the path to an unknown operator and says what is accepted', () => {
    const { message, field } = mistake({ $or: [{}, { year: { $gtt: 1 } }] });
    expect(field).toBe('filter.$or[1].year.$gtt');
    expect(message).toMatch(/^filter\.\$or\[1\]\.year\.\$gtt: unknown operator; accepted: \$eq, \$ne, .*\$contains$/);
  });

  it.each<[unknown, string]>([
    [null, 'filter'],
    ['x', 'filter'],
    [[], 'filter'],
    [undefined, 'filter'],
    [{ year: [2020] }, 'filter.year'],
    [{ year: {} }, 'filter.year'],
    [{ year: { $gte: true } }, 'filter.year.$gte'],
    [{ year: { $gt: null } }, 'filter.year.$gt'],
    [{ year: { $eq: { a: 1 } } }, 'filter.year.$eq'],
    [{ year: { $gt: 1, from: 2 } }, 'filter.year.from'],
    [{ year: Infinity }, 'filter.year'],
    [{ year: { $lt: NaN } }, 'filter.year.$lt'],
    [{ lang: { $in: 'fr' } }, 'filter.lang.$in'],
    [{ lang: { $nin: ['fr', ['de']] } }, 'filter.lang.$nin[1]'],
    [{ lang: { $in: Array.from({ length: 1001 }, (_, i) => i) } }, 'filter.lang.$in'],
    [{ draft: { $exists: 'yes' } }, 'filter.draft.$exists'],
    [{ title: { $contains: 5 } }, 'filter.title.$contains'],
    [{ $and: [] }, 'filter.$and'],
    [{ $or: { a: 1 } }, 'filter.$or'],
    [{ $or: [{ a: 1 }, 7] }, 'filter.$or[1]'],
    [{ $not: [{ a: 1 }] }, 'filter.$not'],
    [{ $gte: 5 }, 'filter.$gte'],
    [{ $where: 'x' }, 'filter.$where'],
    [{ year: { $not: { $gt: 5 } } }, 'filter.year.$not'],
    [{ 'the year': { $x: 1 } }, 'filter["the year"].$x'],
    [{ ['x'.repeat(513)]: 1 }, `filter.${'x'.repeat(64)}...`],
    [JSON.parse('{"a":{"__proto__":1}}'), 'filter.a.__proto__'],
  ])('refuses %j at %s', (json, path) => {
    const { message, field } = mistake(json);
    expect(field).toBe(path);
    expect(message.startsWith(`${path}: `)).toBe(true);
  });

  it('starts the path with what the caller names', () => {
    expect(mistake({ a: [] }, 'queries[3].filter').field).toBe('queries[3].filter.a');
  });

  it('takes 100 conditions and 8 levels and no more', () => {
    const conditions = (n: number) => ({ $or: Array.from({ length: n }, (_, i) => ({ a: i })) });
    const levels = (n: number): unknown => (n === 1 ? { a: 1 } : { $not: levels(n - 1) });
    expect(() => parseFilter(conditions(100))).not.toThrow();
    expect(mistake(conditions(101)).message).toContain('more than 100 conditions');
    expect(mistake({ $or: Array.from({ length: 101 }, () => ({})) }).message).toContain('more than 100 conditions');
    expect(() => parseFilter(levels(8))).not.toThrow();
    expect(mistake(levels(9)).message).toContain('at most 8 levels');
    expect(mistake(levels(5000)).message).toContain('at most 8 levels');
  });

  it('takes 1,000 values', () => {
    expect(() => parseFilter({ a: { $in: Array.from({ length: 1000 }, (_, i) => i) } })).not.toThrow();
  });
});
