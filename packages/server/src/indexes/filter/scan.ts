// Conditions over typed arrays, 32 positions to a word. Every scan is one of two loops: a look-up table over codes, or a range of numbers.
import { wordsFor } from './bitmap.js';
import { type Condition, type Order, type Scalar } from './filter.js';
import { inOrder } from './matches.js';
import { kindOf, type ScalarValues } from './scalar-values.js';

export type Range = readonly [low: number, high: number];

/** The positions whose value meets the condition, as words (clear past `values.length`). */
export function scan(values: ScalarValues, condition: Condition): Uint32Array {
  const n = values.length;
  const words = wordsFor(n);
  switch (condition.kind) {
    case 'exists':
      orTable(words, values.kinds, n, new Uint8Array(8).fill(1, kindOf.missing + 1));
      break;
    case 'contains':
      orStrings(words, values, (text) => text.includes(condition.text));
      break;
    case 'compare': {
      const { order, value } = condition;
      if (typeof value === 'number') orRange(words, values.numbers, n, ...rangeOf(order, value));
      else orStrings(words, values, (text) => inOrder(text, order, value));
      break;
    }
    case 'in':
      orIn(words, values, condition.values);
  }
  return words;
}

/** The closed range that several orders of numbers leave together; undefined where one of the conditions is none. */
export function commonRange(conditions: readonly Condition[]): Range | undefined {
  let [low, high] = [-Infinity, Infinity];
  for (const condition of conditions) {
    if (condition.kind !== 'compare' || typeof condition.value !== 'number') return undefined;
    const [from, to] = rangeOf(condition.order, condition.value);
    [low, high] = [Math.max(low, from), Math.min(high, to)];
  }
  return [low, high];
}

/** The positions whose number lies in a closed range, as words. */
export function scanRange(values: ScalarValues, range: Range): Uint32Array {
  const words = wordsFor(values.length);
  orRange(words, values.numbers, values.length, ...range);
  return words;
}

function orIn(words: Uint32Array, values: ScalarValues, accepted: readonly Scalar[]): void {
  const n = values.length;
  const kinds = new Uint8Array(8);
  const codes = new Uint8Array(values.strings.length);
  const numbers = new Set<number>();
  for (const value of accepted) {
    if (typeof value === 'string') codes[values.codeOf(value)] = 1;
    else if (typeof value === 'number') numbers.add(value);
    else kinds[value === null ? kindOf.null : value ? kindOf.true : kindOf.false] = 1;
  }
  codes[0] = 0;
  if (kinds.includes(1)) orTable(words, values.kinds, n, kinds);
  if (values.codes.length > 0 && codes.includes(1)) orTable(words, values.codes, n, codes);
  if (values.numbers.length === 0) return;
  if (numbers.size <= 4) for (const number of numbers) orRange(words, values.numbers, n, number, number);
  else orSet(words, values.numbers, n, numbers);
}

// The test runs once for each distinct string, not for each position.
function orStrings(words: Uint32Array, values: ScalarValues, test: (text: string) => boolean): void {
  if (values.codes.length === 0) return;
  const table = new Uint8Array(values.strings.length);
  for (let code = 1; code < table.length; code++) table[code] = test(values.strings[code] ?? '') ? 1 : 0;
  orTable(words, values.codes, values.length, table);
}

function orTable(words: Uint32Array, codes: Uint32Array | Uint8Array, n: number, table: Uint8Array): void {
  for (let word = 0, i = 0; i < n; word++) {
    let bits = 0;
    for (const end = Math.min(i + 32, n); i < end; i++) bits |= (table[codes[i] ?? 0] ?? 0) << (i & 31);
    words[word] = (words[word] ?? 0) | bits;
  }
}

// NaN, which stands for "no number here", is in no range.
function orRange(words: Uint32Array, numbers: Float64Array, n: number, low: number, high: number): void {
  const end = Math.min(n, numbers.length);
  for (let word = 0, i = 0; i < end; word++) {
    let bits = 0;
    for (const stop = Math.min(i + 32, end); i < stop; i++) {
      const value = numbers[i] ?? NaN;
      // Without a branch: on values in no order a processor guesses wrong every other time, which made this four times as slow.
      bits |= (Number(value >= low) & Number(value <= high)) << (i & 31);
    }
    words[word] = (words[word] ?? 0) | bits;
  }
}

function orSet(words: Uint32Array, numbers: Float64Array, n: number, accepted: ReadonlySet<number>): void {
  for (let i = 0; i < n; i++) {
    if (accepted.has(numbers[i] ?? NaN)) words[i >>> 5] = (words[i >>> 5] ?? 0) | (1 << (i & 31));
  }
}

// The closed range of doubles that an order names.
function rangeOf(order: Order, value: number): Range {
  switch (order) {
    case '$gt':
      return [nextUp(value), Infinity];
    case '$gte':
      return [value, Infinity];
    case '$lt':
      return [-Infinity, -nextUp(-value)];
    case '$lte':
      return [-Infinity, value];
  }
}

/** The smallest double above a finite one: of the same sign, the bits of doubles are ordered like the doubles. */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const double = new Float64Array([value]);
  const bits = new BigInt64Array(double.buffer);
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? 1n : -1n);
  return double[0] ?? NaN;
}
