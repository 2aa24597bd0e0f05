// Conditions over typed arrays, 32 positions to a word, in short pieces. Every scan is one of two loops: a look-up table over codes, or a range of numbers.
import { inRanges, type Pieces, pieceSteps } from '../../turns.js';
import { wordsFor } from './bitmap.js';
import { type Condition, type Order, type Scalar } from './filter.js';
import { inOrder } from './matches.js';
import { kindOf, type ScalarValues } from './scalar-values.js';

export type Range = readonly [low: number, high: number];

/** Looking up a number in a set takes as long as some ten comparisons. */
const stepsOfLookUp = 8;
/** So many characters are searched in the time of one step. */
const charactersOfStep = 8;

/**
 * The positions below `n` whose value meets the condition, as words (clear from `n` on). Values that change or are added between two pieces may be
 * judged by what they were or by what they are.
 */
export function* scan(values: ScalarValues, n: number, condition: Condition): Pieces<Uint32Array> {
  const words = wordsFor(n);
  switch (condition.kind) {
    case 'exists':
      yield* orKinds(words, values, n, new Uint8Array(8).fill(1, kindOf.missing + 1));
      break;
    case 'contains':
      yield* orStrings(words, values, n, (text) => text.includes(condition.text));
      break;
    case 'compare': {
      const { order, value } = condition;
      if (typeof value === 'number') yield* orRange(words, values, n, ...rangeOf(order, value));
      else yield* orStrings(words, values, n, (text) => inOrder(text, order, value));
      break;
    }
    case 'in':
      yield* orIn(words, values, n, condition.values);
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

/** The positions below `n` whose number lies in a closed range, as words. */
export function* scanRange(values: ScalarValues, n: number, range: Range): Pieces<Uint32Array> {
  const words = wordsFor(n);
  yield* orRange(words, values, n, ...range);
  return words;
}

function* orIn(words: Uint32Array, values: ScalarValues, n: number, accepted: ReadonlySet<Scalar>): Pieces<void> {
  const kinds = new Uint8Array(8);
  const codes = new Uint8Array(values.strings.length);
  const numbers = new Set<number>();
  for (const value of accepted) {
    if (typeof value === 'string') codes[values.codeOf(value)] = 1;
    else if (typeof value === 'number') numbers.add(value);
    else kinds[value === null ? kindOf.null : value ? kindOf.true : kindOf.false] = 1;
  }
  yield accepted.size * stepsOfLookUp;
  codes[0] = 0;
  if (kinds.includes(1)) yield* orKinds(words, values, n, kinds);
  if (values.codes.length > 0 && codes.includes(1)) yield* orCodes(words, values, n, codes);
  if (values.numbers.length === 0) return;
  if (numbers.size <= 4) for (const number of numbers) yield* orRange(words, values, n, number, number);
  else yield* inRanges(n, (from, to) => orSet(words, values.numbers, from, to, numbers), stepsOfLookUp);
}

// The test runs once for each distinct string, not for each position.
function* orStrings(words: Uint32Array, values: ScalarValues, n: number, test: (text: string) => boolean): Pieces<void> {
  if (values.codes.length === 0) return;
  const table = new Uint8Array(values.strings.length);
  let steps = 0;
  for (let code = 1; code < table.length; code++) {
    const text = values.strings[code] ?? '';
    table[code] = test(text) ? 1 : 0;
    steps += stepsOfLookUp + text.length / charactersOfStep;
    if (steps < pieceSteps) continue;
    yield steps;
    steps = 0;
  }
  yield steps;
  yield* orCodes(words, values, n, table);
}

const orKinds = (words: Uint32Array, values: ScalarValues, n: number, table: Uint8Array): Pieces<void> =>
  inRanges(n, (from, to) => orTable(words, values.kinds, from, to, table));

const orCodes = (words: Uint32Array, values: ScalarValues, n: number, table: Uint8Array): Pieces<void> =>
  inRanges(n, (from, to) => orTable(words, values.codes, from, to, table));

// NaN, which stands for "no number here", is in no range.
const orRange = (words: Uint32Array, values: ScalarValues, n: number, low: number, high: number): Pieces<void> =>
  inRanges(n, (from, to) => orNumbers(words, values.numbers, from, to, low, high));

function orTable(words: Uint32Array, codes: Uint32Array | Uint8Array, from: number, to: number, table: Uint8Array): void {
  for (let word = from >>> 5, i = from; i < to; word++) {
    let bits = 0;
    for (const end = Math.min(i + 32, to); i < end; i++) bits |= (table[codes[i] ?? 0] ?? 0) << (i & 31);
    words[word] = (words[word] ?? 0) | bits;
  }
}

function orNumbers(words: Uint32Array, numbers: Float64Array, from: number, to: number, low: number, high: number): void {
  const end = Math.min(to, numbers.length);
  for (let word = from >>> 5, i = from; i < end; word++) {
    let bits = 0;
    for (const stop = Math.min(i + 32, end); i < stop; i++) {
      const value = numbers[i] ?? NaN;
      // Without a branch: on values in no order a processor guesses wrong every other time, which made this four times as slow.
      bits |= (Number(value >= low) & Number(value <= high)) << (i & 31);
    }
    words[word] = (words[word] ?? 0) | bits;
  }
}

function orSet(words: Uint32Array, numbers: Float64Array, from: number, to: number, accepted: ReadonlySet<number>): void {
  for (let i = from; i < to; i++) {
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
