// The values of one field by position, in typed arrays: a kind for each, numbers as doubles, strings as codes into a dictionary.

import { inRanges, type Pieces } from '../../turns.js';

/** What is at a position. Nothing (0) is what a fresh typed array holds. `array` has its elements elsewhere; of an `object` only its being there is kept. */
export const kindOf = { missing: 0, null: 1, false: 2, true: 3, number: 4, string: 5, array: 6, object: 7 } as const;

// What V8 takes for a dictionary entry beside the characters: the string's header, its slot in the array and its place in the map.
const entryBytes = 72;
/** Steps of taking one value over: its string may be put into the new dictionary. */
const stepsOfTaking = 16;

export class ScalarValues {
  /** One of `kindOf` a position. Longer than `length`: grown by doubling, zeros past the end. */
  kinds = new Uint8Array(0);
  /** The numbers, NaN where there is none; empty until the first number comes. */
  numbers = new Float64Array(0);
  /** The strings' codes, 0 where there is none; empty until the first string comes. */
  codes = new Uint32Array(0);
  /** The strings by code; code 0 is no string. */
  readonly strings: string[] = [''];
  readonly #codeOf = new Map<string, number>();
  #stringBytes = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  set length(n: number) {
    if (n > this.kinds.length) {
      const capacity = Math.max(n, this.kinds.length * 2, 32);
      this.kinds = grown(this.kinds, new Uint8Array(capacity));
      if (this.numbers.length > 0) this.numbers = grown(this.numbers, new Float64Array(capacity).fill(NaN, this.numbers.length));
      if (this.codes.length > 0) this.codes = grown(this.codes, new Uint32Array(capacity));
    }
    this.#length = n;
  }

  /** Bytes of memory: the typed arrays exactly, the dictionary by estimate. */
  get bytes(): number {
    return this.kinds.byteLength + this.numbers.byteLength + this.codes.byteLength + this.#stringBytes;
  }

  get distinctStrings(): number {
    return this.strings.length - 1;
  }

  /** The code of `text`, 0 when no position ever held it. */
  codeOf(text: string): number {
    return this.#codeOf.get(text) ?? 0;
  }

  /** Puts a value at a position below `length`. */
  set(position: number, value: unknown): void {
    this.kinds[position] = kindOfValue(value);
    if (typeof value === 'number') {
      if (this.numbers.length === 0) this.numbers = new Float64Array(this.kinds.length).fill(NaN);
      this.numbers[position] = value;
    } else if (this.numbers.length > 0) this.numbers[position] = NaN;
    if (typeof value === 'string') {
      if (this.codes.length === 0) this.codes = new Uint32Array(this.kinds.length);
      this.codes[position] = this.#intern(value);
    } else if (this.codes.length > 0) this.codes[position] = 0;
  }

  /** New values: at position i what is here at positions[i]. The dictionary keeps only the strings that are still used. */
  *select(positions: Uint32Array): Pieces<ScalarValues> {
    const result = new ScalarValues();
    result.length = positions.length;
    if (this.numbers.length > 0) result.numbers = new Float64Array(result.kinds.length).fill(NaN);
    if (this.codes.length > 0) result.codes = new Uint32Array(result.kinds.length);
    const recoded = new Uint32Array(this.strings.length);
    const take = (at: number, from: number): void => {
      result.kinds[at] = this.kinds[from] ?? 0;
      if (this.numbers.length > 0) result.numbers[at] = this.numbers[from] ?? NaN;
      const code = this.codes[from] ?? 0;
      if (code === 0) return;
      if (recoded[code] === 0) recoded[code] = result.#intern(this.strings[code] ?? '');
      result.codes[at] = recoded[code] ?? 0;
    };
    yield* inRanges(
      positions.length,
      (from, to) => {
        for (let i = from; i < to; i++) take(i, positions[i] ?? 0);
      },
      stepsOfTaking,
    );
    return result;
  }

  #intern(text: string): number {
    const known = this.#codeOf.get(text);
    if (known !== undefined) return known;
    const code = this.strings.push(text) - 1;
    this.#codeOf.set(text, code);
    // V8 keeps a string in one byte a character when every character is in Latin-1, else in two.
    this.#stringBytes += entryBytes + text.length * (/^[\0-\xff]*$/.test(text) ? 1 : 2);
    return code;
  }
}

function kindOfValue(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return kindOf.string;
    case 'number':
      return kindOf.number;
    case 'boolean':
      return value ? kindOf.true : kindOf.false;
    case 'undefined':
      return kindOf.missing;
    default:
      if (value === null) return kindOf.null;
      return Array.isArray(value) ? kindOf.array : kindOf.object;
  }
}

export function grown<T extends Uint8Array | Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
