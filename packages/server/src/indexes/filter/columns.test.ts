import { describe, expect, it } from 'vitest';
import { countBits, hasBit, positionsOf } from './bitmap.js';
import { Columns, type ColumnsOptions } from './columns.js';
import { type JsonObject } from './field-path.js';
import { matches } from './matches.js';
import { type MetadataBatch } from './metadata-pass.js';
import { parseFilter } from './parse-filter.js';

/** A store whose stream reads what is there when it gets there, in small batches, and waits between them. */
class Store {
  readonly rows: string[];
  passes = 0;
  /** Runs between two batches: a test's changes during a pass. */
  between: (batch: number) => void | Promise<void> = () => {};

  constructor(documents: unknown[] = []) {
    this.rows = documents.map((document) => JSON.stringify(document));
  }

  columns(options: ColumnsOptions = {}): Columns {
    return new Columns(() => this.read(), { rows: this.rows.length, ...options });
  }

  async *read(batchRows = 3): AsyncGenerator<MetadataBatch> {
    this.passes++;
    for (let first = 0; first < this.rows.length; first += batchRows) {
      await this.between(first / batchRows);
      const metadata = this.rows.slice(first, first + batchRows);
      yield { positions: metadata.map((_, i) => first + i), metadata };
    }
  }

  documents(): JsonObject[] {
    return this.rows.map((json): JsonObject => JSON.parse(json));
  }
}

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
    const next = columns.select(Uint32Array.of(1, 3, 4), () => {
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

  it('agree with the row-wise meaning for random filters, documents and changes', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`columns: SEED=${seed}`);
    const random = mulberry32(seed);
    for (let round = 0; round < 60; round++) {
      const store = new Store(Array.from({ length: pick(random, [0, 1, 31, 32, 33, 70]) }, () => randomDocument(random)));
      let columns = store.columns(pick(random, [{}, {}, { maxFields: 2 }, { maxBytes: 600 }]));
      for (let step = 0; step < 60; step++) {
        const action = random();
        if (action < 0.15) {
          store.rows.push(JSON.stringify(randomDocument(random)));
          columns.append(store.rows.at(-1) ?? '');
        } else if (action < 0.25 && store.rows.length > 0) {
          const position = Math.floor(random() * store.rows.length);
          store.rows[position] = JSON.stringify(randomDocument(random));
          columns.set(position, store.rows[position]);
        } else if (action < 0.28) {
          const kept = Uint32Array.from([...store.rows.keys()].filter(() => random() < 0.8));
          store.rows.splice(0, Infinity, ...[...kept].map((position) => store.rows[position] ?? '{}'));
          columns = columns.select(kept, () => store.read());
        } else {
          const json = randomFilter(random, 0);
          const filter = parseFilter(json);
          const bitmap = await columns.match(filter);
          expect(bitmap.length).toBe(Math.ceil(store.rows.length / 8));
          const got = store.rows.map((_, i) => hasBit(bitmap, i));
          const wanted = store.documents().map((document) => matches(filter, document));
          expect(got, `filter ${JSON.stringify(json)} of ${store.rows.join()}`).toEqual(wanted);
          expect(countBits(bitmap)).toBe(wanted.filter(Boolean).length);
        }
      }
    }
  });
});

type Random = () => number;

function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

const fieldNames = ['a', 'b', 'a.b', 'c.d.e', 'constructor', '__proto__', 'é"'] as const;

function randomScalar(random: Random): string | number | boolean | null {
  return pick(random, ['', 'a', 'ab', 'b', '1', 'é', 0, -0, 1, 2, -1.5, 1e300, -5e-324, true, false, null]);
}

function randomValue(random: Random, depth: number): unknown {
  const kind = random();
  if (kind < 0.6) return randomScalar(random);
  if (kind < 0.8)
    return Array.from({ length: Math.floor(random() * 4) }, () => (random() < 0.1 ? randomValue(random, 3) : randomScalar(random)));
  return depth > 2 ? {} : randomObject(random, ['b', 'd', 'e', 'd.e'], depth + 1);
}

function randomObject(random: Random, names: readonly string[], depth: number): JsonObject {
  return Object.fromEntries(names.filter(() => random() < 0.5).map((name) => [name, randomValue(random, depth)]));
}

function randomDocument(random: Random): JsonObject {
  return randomObject(random, ['a', 'b', 'a.b', 'c', 'c.d', 'constructor', '__proto__', 'é"', 'other'], 0);
}

function randomFilter(random: Random, level: number): unknown {
  const entries: [string, unknown][] = [];
  for (let i = Math.floor(random() * 2.2); i >= 0; i--) {
    const kind = random();
    if (level < 4 && kind < 0.12) entries.push(['$not', randomFilter(random, level + 1)]);
    else if (level < 4 && kind < 0.35) {
      const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomFilter(random, level + 1));
      entries.push([pick(random, ['$and', '$or']), parts]);
    } else if (kind > 0.03 * (level + 1))
      entries.push([pick(random, fieldNames), random() < 0.3 ? randomScalar(random) : randomOperators(random)]);
  }
  return Object.fromEntries(entries);
}

function randomOperators(random: Random): JsonObject {
  const operators = Array.from({ length: 1 + Math.floor(random() * 2) }, (): [string, unknown] => {
    const operator = pick(random, ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$exists', '$contains']);
    if (operator === '$exists') return [operator, random() < 0.5];
    if (operator === '$contains') return [operator, pick(random, ['', 'a', 'b', 'é'])];
    if (operator === '$in' || operator === '$nin')
      return [operator, Array.from({ length: Math.floor(random() * 8) }, () => randomScalar(random))];
    if (operator === '$eq' || operator === '$ne') return [operator, randomScalar(random)];
    return [operator, pick(random, ['', 'a', 'b', 0, -0, 1, -1.5, 1e300, 5e-324, 1.7976931348623157e308])];
  });
  return Object.fromEntries(operators);
}
