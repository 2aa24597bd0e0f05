import { describe, expect, it } from 'vitest';
import { countBits, positionsOf } from './bitmap.js';
import { Columns } from './columns.js';
import { parseFilter } from './parse-filter.js';
import { Store } from './store.test-help.js';

async function members(columns: Columns, filter: unknown): Promise<number[]> {
  return [...positionsOf(await columns.match(parseFilter(filter)))];
}

describe('Columns', () => {
  it('give ceil(rows/8) bytes with the matching positions and nothing past the end', async () => {
    const columns = new Store(Array.from({ length: 13 }, (_, i) => ({ n: i }))).columns();
    const bitmap = await columns.match(parseFilter({ n: { $gte: 10 } }));
    expect(bitmap.length).toBe(2);
    expect([...positionsOf(bitmap)]).toEqual([10, 11, 12]);
    expect(await members(columns, { $not: { n: { $lt: 12 } } })).toEqual([12]);
    expect(countBits(await columns.match(parseFilter({})))).toBe(13);
    expect((await new Store().columns().match(parseFilter({}))).length).toBe(0);
  });

  it('read the metadata once for all the fields that are asked for together', async () => {
    const store = new Store([{ a: 1, b: 2 }, { a: 1 }]);
    const columns = store.columns();
    const [both, one, again] = await Promise.all([
      members(columns, { a: 1, b: 2 }),
      members(columns, { a: 1 }),
      members(columns, { b: 2 }),
    ]);
    expect([both, one, again]).toEqual([[0], [0, 1], [0]]);
    expect(store.passes).toBe(1);
    await members(columns, { b: { $exists: false } });
    expect(store.passes).toBe(1);
  });

  it('follow what is appended and changed without reading again', async () => {
    const store = new Store([{ tag: ['x', 'y'] }, { tag: 'z' }]);
    const columns = store.columns();
    const before = await columns.match(parseFilter({ tag: 'x' }));
    columns.append('{"tag":["q","x"]}');
    columns.set(0, '{"tag":[]}');
    columns.append('{}');
    expect(await members(columns, { tag: 'x' })).toEqual([2]);
    expect(await members(columns, { tag: { $exists: false } })).toEqual([3]);
    expect(await members(columns, { tag: { $ne: 'x' } })).toEqual([0, 1, 3]);
    expect([...positionsOf(before)]).toEqual([0]);
    expect(store.passes).toBe(1);
  });

  it('give the same bitmap again until something changes', async () => {
    const columns = new Store([{ a: 1, b: 1 }]).columns();
    const first = await columns.match(parseFilter({ a: 1, b: 1 }));
    expect(await columns.match(parseFilter({ b: 1, a: 1 }))).toBe(first);
    columns.append('{"a":1,"b":1}');
    expect(await columns.match(parseFilter({ a: 1, b: 1 }))).not.toBe(first);
  });

  it('are right when rows are appended and changed while a column is being made', async () => {
    const store = new Store(Array.from({ length: 12 }, (_, i) => ({ n: i })));
    const columns = store.columns();
    const write = (position: number, document: unknown) => {
      const json = JSON.stringify(document);
      const isNew = position === store.rows.length;
      store.rows[position] = json;
      if (isNew) columns.append(json);
      else columns.set(position, json);
    };
    store.between = (batch) => {
      if (batch === 1) write(0, { n: 100 }); // read already
      if (batch === 1) write(11, { n: 101 }); // not read yet
      if (batch === 2) write(12, { n: 102 }); // new, and the stream will meet it too
      if (batch === 3) store.rows[10] = '{"n":103}'; // in the store, and told of only afterwards
    };
    const pending = members(columns, { n: { $gte: 100 } });
    expect((await pending).filter((position) => position !== 10)).toEqual([0, 11, 12]);
    columns.set(10, '{"n":103}');
    expect(await members(columns, { n: { $gte: 100 } })).toEqual([0, 10, 11, 12]);
    expect(store.passes).toBe(1);
  });

  it('keep a change over an older row that the stream brings later', async () => {
    const store = new Store([{ n: 0 }, { n: 0 }]);
    const stale = store.rows.slice();
    const columns: Columns = new Columns(
      async function* () {
        columns.set(1, '{"n":7}');
        yield { positions: Uint32Array.of(0, 1), metadata: stale };
      },
      { rows: 2 },
    );
    expect(await members(columns, { n: 7 })).toEqual([1]);
  });

  it('say what went wrong with the source, and try again the next time', async () => {
    const store = new Store([{ a: 1 }]);
    const columns = store.columns();
    store.between = () => Promise.reject(new Error('the disk is gone'));
    await expect(members(columns, { a: 1 })).rejects.toThrow('the disk is gone');
    store.between = () => {};
    expect(await members(columns, { a: 1 })).toEqual([0]);
  });

  it('answer by reading row by row when a column would not fit, also under changes', async () => {
    const store = new Store(Array.from({ length: 40 }, (_, i) => ({ text: `${'long '.repeat(20)}${i}`, n: i })));
    const columns = store.columns({ maxBytes: 3000 });
    expect(await members(columns, { text: { $contains: ' 17' } })).toEqual([17]);
    expect(columns.memoryBytes).toBeLessThan(3000);
    const passes = store.passes;
    store.between = (batch) => {
      if (batch !== 5) return;
      store.rows.push('{"text":"a 19"}');
      columns.append('{"text":"a 19"}');
      store.rows[19] = '{}';
      columns.set(19, '{}');
    };
    expect(await members(columns, { text: { $contains: ' 19' } })).toEqual([40]);
    expect(store.passes).toBe(passes + 1);
    expect(await members(columns, { n: 3 })).toEqual([3]);
  });

  it('stay within their memory when appended strings outgrow it', async () => {
    const store = new Store([{ s: 'a' }]);
    const columns = store.columns({ maxBytes: 100_000 });
    await members(columns, { s: 'a' });
    for (let i = 0; i < 3000; i++) {
      store.rows.push(JSON.stringify({ s: `value ${i} ${'x'.repeat(40)}` }));
      columns.append(store.rows.at(-1) ?? '');
    }
    expect(columns.memoryBytes).toBeLessThanOrEqual(100_000);
    expect(await members(columns, { s: { $contains: 'value 2999 ' } })).toEqual([3000]);
  });

  it('drop the column that was used longest ago when there are too many', async () => {
    const store = new Store([{ a: 1, b: 1, c: 1 }]);
    const columns = store.columns({ maxFields: 2 });
    for (const field of ['a', 'b', 'a', 'c']) await members(columns, { [field]: { $gte: store.passes } });
    expect(store.passes).toBe(3);
    await members(columns, { a: { $gt: -1 } });
    expect(store.passes).toBe(3);
    await members(columns, { b: { $gt: -1 } });
    expect(store.passes).toBe(4);
    expect(await members(columns, { a: 1, b: 1, c: 1 })).toEqual([0]);
  });

  it('give their memory back when values change all the time', async () => {
    const store = new Store([{ tags: ['start'] }]);
    const columns = store.columns();
    await members(columns, { tags: 'start' });
    for (let i = 0; i < 5000; i++) {
      store.rows[0] = JSON.stringify({ tags: [`t${i}`, `u${i}`] });
      columns.set(0, store.rows[0]);
    }
    const before = columns.memoryBytes;
    expect(await members(columns, { tags: 'u4999' })).toEqual([0]);
    expect(columns.memoryBytes).toBeLessThan(before / 10);
  });

  it('go on to the next generation with the chosen positions', async () => {
    const store = new Store([{ t: ['a', 'b'], n: 1 }, { t: 'b', n: null }, {}, { t: ['c', 'b'], n: '1' }, { t: ['a'], n: 2 }]);
    const columns = store.columns();
    await members(columns, { t: 'a', n: 1 });
    const next = (await columns.select(Uint32Array.of(1, 3, 4)))(() => {
      throw new Error('not read: the columns were there');
    });
    next.append('{"t":["a","c"],"n":3}');
    expect(next.rows).toBe(4);
    expect(await members(next, { t: 'b' })).toEqual([0, 1]);
    expect(await members(next, { t: 'a' })).toEqual([2, 3]);
    expect(await members(next, { n: { $in: [null, '1', 3] } })).toEqual([0, 1, 3]);
    expect(await members(columns, { t: 'a' })).toEqual([0, 4]);
  });

  it('refuse a position that is not there', () => {
    const columns = new Store([{}]).columns();
    expect(() => columns.set(1, '{}')).toThrow(RangeError);
    expect(() => columns.set(-1, '{}')).toThrow(RangeError);
  });
});
