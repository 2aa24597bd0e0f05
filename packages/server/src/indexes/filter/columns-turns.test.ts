import { describe, expect, it } from 'vitest';
import { longestAllowed, measureTurns } from '../../turns.test-help.js';
import { countBits, hasBit } from './bitmap.js';
import { Columns } from './columns.js';
import { matches } from './matches.js';
import { parseFilter } from './parse-filter.js';
import { Store } from './store.test-help.js';

const rows = 20_000;
const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const documents = range(rows).map((i) => ({
  n: i,
  s: `text ${i} of the rows`,
  tags: [`t${i % 500}`, `u${i % 7}`],
  mixed: i % 3 === 0 ? i : `m${i}`,
}));
const store = new Store(documents);
const columnsOf = (): Columns => new Columns(() => store.read(1000), { rows: store.rows.length });

/** 99 conditions and more work than fits into one turn, each. */
const filters: [name: string, filter: unknown][] = [
  ['99 $contains', { $or: range(99).map((i) => ({ s: { $contains: ` ${i}7 o` } })) }],
  ['99 $in of 95 numbers', { $or: range(99).map((i) => ({ n: { $in: range(95).map((j) => i * 100 + j * 3) } })) }],
  ['99 $in of 95 strings', { $and: range(99).map((i) => ({ s: { $in: range(95).map((j) => `text ${i + j} of the rows`) } })) }],
  [
    '99 orders of numbers',
    {
      $or: range(99)
        .map((i) => ({ n: { $gte: i * 3, $lt: i * 3 + 1 } }))
        .slice(0, 49),
    },
  ],
  ['orders of strings', { $and: range(99).map((i) => ({ s: { $gt: `text ${i}` } })) }],
  ['nested $not and $or', { $not: { $or: range(48).flatMap((i) => [{ $not: { n: { $ne: i } } }, { tags: { $nin: [`t${i}`] } }]) } }],
  ['99 conditions on arrays', { $or: range(99).map((i) => ({ tags: { $in: [`t${i}`, `u${i}`] } })) }],
  ['99 $exists', { $and: range(99).map(() => ({ mixed: { $exists: true } })) }],
];

describe('a filter over many rows', () => {
  it.each(filters)('of %s does a bounded number of steps in each turn of the event loop', async (_, json) => {
    const filter = parseFilter(json);
    const columns = columnsOf();
    const { result, longest, total } = await measureTurns(() => columns.match(filter));
    expect(total).toBeGreaterThan(longestAllowed);
    expect(longest).toBeLessThanOrEqual(longestAllowed);
    expect(countBits(result)).toBe(documents.filter((document) => matches(filter, document)).length);
  });

  it('reads and parses the metadata of a field that is new to it in bounded turns', async () => {
    const long = new Store(range(rows).map((i) => ({ pad: 'x'.repeat(1000), n: i })));
    const columns = new Columns(() => long.read(1000), { rows });
    const { result, longest, total } = await measureTurns(() => columns.match(parseFilter({ n: { $lt: 5 } })));
    expect(total).toBeGreaterThan(longestAllowed);
    expect(longest).toBeLessThanOrEqual(longestAllowed);
    expect(countBits(result)).toBe(5);
  });

  it('is true of the rows as they are at its end, whatever changes and is added between its turns', async () => {
    const changing = new Store(documents);
    const columns = new Columns(() => changing.read(1000), { rows });
    const json = {
      $or: [...range(90).map((i) => ({ $and: [{ s: { $contains: `${i}7 o` } }, { n: { $gt: i } }] })), { n: -1 }].slice(0, 49),
    };
    const filter = parseFilter({ $or: [json, { n: -1, s: 'changed' }] });
    await columns.match(parseFilter({ $and: [{ s: 'x' }, { n: 1 }] }));
    let [changes, done] = [0, false];
    const change = async (): Promise<void> => {
      while (!done) {
        await new Promise(setImmediate);
        // Of each row, one field makes it match before and the other one after: half of a change would match never or always.
        const at = (changes * 7919) % rows;
        const document = changes % 2 === 0 ? { n: -1, s: 'changed' } : { n: -1, s: 'text 17 of the rows' };
        changing.rows[at] = JSON.stringify(document);
        columns.set(at, changing.rows[at]);
        const added = [JSON.stringify({ n: -1, s: 'changed' }), '{}'];
        changing.rows.push(...added);
        await columns.appendAll(added);
        changes++;
      }
    };
    const changingAll = change();
    const bitmap = await columns.match(filter);
    const now = changing.documents();
    done = true;
    expect(changes).toBeGreaterThan(1);
    expect(now.map((_, at) => hasBit(bitmap, at))).toEqual(now.map((document) => matches(filter, document)));
    await changingAll;
  });
});
