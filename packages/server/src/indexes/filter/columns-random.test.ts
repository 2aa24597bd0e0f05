import { describe, expect, it } from 'vitest';
import { countBits, hasBit } from './bitmap.js';
import { type Columns } from './columns.js';
import { type JsonObject } from './field-path.js';
import { matches } from './matches.js';
import { parseFilter } from './parse-filter.js';
import { Store } from './store.test-help.js';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`columns-random: SEED=${seed}`);

async function expectAgreement(store: Store, columns: Columns, json: unknown): Promise<void> {
  const filter = parseFilter(json);
  const bitmap = await columns.match(filter);
  expect(bitmap.length).toBe(Math.ceil(store.rows.length / 8));
  const got = store.rows.map((_, i) => hasBit(bitmap, i));
  const wanted = store.documents().map((document) => matches(filter, document));
  expect(got, `filter ${JSON.stringify(json)} of ${store.rows.join()}`).toEqual(wanted);
  expect(countBits(bitmap)).toBe(wanted.filter(Boolean).length);
}

/** Several rows at once: the store has them all before the columns do. */
async function addMany(random: Random, store: Store, columns: Columns): Promise<void> {
  const added = Array.from({ length: Math.floor(random() * 40) }, () => JSON.stringify(randomDocument(random)));
  store.rows.push(...added);
  await columns.appendAll(added);
}

function change(random: Random, store: Store, columns: Columns): void {
  const json = JSON.stringify(randomDocument(random));
  const position = Math.floor(random() * (store.rows.length + 1));
  const isNew = position === store.rows.length;
  store.rows[position] = json;
  if (isNew) columns.append(json);
  else columns.set(position, json);
}

describe('Columns, at random,', () => {
  it('agree with the row-wise meaning for random filters, documents and changes', async () => {
    const random = mulberry32(seed);
    for (let round = 0; round < 60; round++) {
      const store = new Store(Array.from({ length: pick(random, [0, 1, 31, 32, 33, 70]) }, () => randomDocument(random)));
      let columns = store.columns(pick(random, [{}, {}, { maxFields: 2 }, { maxBytes: 600 }]));
      for (let step = 0; step < 60; step++) {
        const action = random();
        if (action < 0.2) {
          change(random, store, columns);
        } else if (action < 0.25) {
          await addMany(random, store, columns);
        } else if (action < 0.28) {
          const kept = Uint32Array.from([...store.rows.keys()].filter(() => random() < 0.8));
          store.rows.splice(0, Infinity, ...[...kept].map((position) => store.rows[position] ?? '{}'));
          columns = (await columns.select(kept))(() => store.read());
        } else {
          await expectAgreement(store, columns, acceptedFilter(random));
        }
      }
    }
  });

  it('are right after changes in the midst of several passes', async () => {
    const random = mulberry32(seed);
    for (let round = 0; round < 150; round++) {
      const store = new Store(Array.from({ length: Math.floor(random() * 30) }, () => randomDocument(random)));
      const columns = store.columns(pick(random, [{}, {}, { maxFields: 3 }, { maxBytes: 900 }]));
      store.isolated = random() < 0.5;
      store.between = async () => {
        while (random() < 0.5) change(random, store, columns);
        if (random() < 0.3) await new Promise(setImmediate);
      };
      const filters = Array.from({ length: 4 }, () => acceptedFilter(random));
      await Promise.all(filters.map((filter) => columns.match(parseFilter(filter))));
      store.between = () => {};
      for (const filter of filters) await expectAgreement(store, columns, filter);
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

/** Now and then a filter is drawn that has more than the 100 conditions that are accepted. Each has a colon of its own in JSON. */
function acceptedFilter(random: Random): unknown {
  for (;;) {
    const filter = randomFilter(random, 0);
    if (JSON.stringify(filter).split(':').length <= 100) return filter;
  }
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
