// One field of the metadata as a column: scalars in place, the elements of arrays in a second column that the rows point into.
import { type Pieces, pieceSteps } from '../../turns.js';
import { andInto } from './bitmap.js';
import { type Condition } from './filter.js';
import { type JsonObject, valueAt } from './field-path.js';
import { keyStart, type MetadataReader } from './metadata-pass.js';
import { grown, kindOf, ScalarValues } from './scalar-values.js';
import { commonRange, scan, scanRange } from './scan.js';

export class FieldColumn implements MetadataReader {
  readonly field: string;
  readonly keyStarts: readonly string[];
  readonly #maxBytes: number;
  #rows = new ScalarValues();
  #elements = new ScalarValues();
  #starts = new Uint32Array(0);
  #lengths = new Uint32Array(0);
  #deadElements = 0;
  #tooLarge = false;

  /** A column of `rows` positions without a value. Past `maxBytes` it gives its memory back and says that it is `tooLarge`. */
  constructor(field: string, rows: number, maxBytes: number) {
    this.field = field;
    this.keyStarts = [keyStart(field)];
    this.#maxBytes = maxBytes;
    this.#rows.length = rows;
  }

  get bytes(): number {
    return this.#rows.bytes + this.#elements.bytes + this.#starts.byteLength + this.#lengths.byteLength;
  }

  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** More of it is left over from values that changed than is in use: making it anew is cheaper than keeping it. */
  get wasteful(): boolean {
    const live = this.#elements.length - this.#deadElements;
    return this.#deadElements > live + 1024 || this.#rows.distinctStrings > 2 * this.#rows.length + 1024;
  }

  /** Takes the field out of the metadata of a position; positions past the end are added. */
  read(position: number, metadata: JsonObject): void {
    if (this.#tooLarge) return;
    if (position >= this.#rows.length) this.#rows.length = position + 1;
    if (this.#rows.kinds[position] === kindOf.array) this.#deadElements += this.#lengths[position] ?? 0;
    const value = valueAt(metadata, this.field);
    this.#rows.set(position, value);
    if (Array.isArray(value)) this.#setElements(position, value);
    if (this.bytes > this.#maxBytes) this.#giveUp();
  }

  /** The positions below `n` that meet a condition on this field, as words. Of those that change meanwhile it may say either. */
  *match(condition: Condition, n: number): Pieces<Uint32Array> {
    const words = yield* scan(this.#rows, n, condition);
    if (condition.kind === 'exists' || this.#elements.length === 0) return words;
    const hits = yield* scan(this.#elements, this.#elements.length, condition);
    let steps = 0;
    for (let i = 0; i < n; i++) {
      if (steps >= pieceSteps) {
        yield steps;
        steps = 0;
      }
      steps++;
      if (this.#rows.kinds[i] !== kindOf.array) continue;
      const start = this.#starts[i] ?? 0;
      const end = start + (this.#lengths[i] ?? 0);
      steps += end - start;
      for (let e = start; e < end; e++) {
        if ((((hits[e >>> 5] ?? 0) >>> (e & 31)) & 1) === 0) continue;
        words[i >>> 5] = (words[i >>> 5] ?? 0) | (1 << (i & 31));
        break;
      }
    }
    yield steps;
    return words;
  }

  /** The positions below `n` that meet every one of some conditions on this field, at least one. Two bounds on plain numbers are one pass. */
  *matchAll([first, ...others]: readonly [Condition, ...Condition[]], n: number): Pieces<Uint32Array> {
    // Of an array, each condition may be true of another element.
    const range = others.length > 0 && this.#elements.length === 0 ? commonRange([first, ...others]) : undefined;
    if (range !== undefined) return yield* scanRange(this.#rows, n, range);
    const words = yield* this.match(first, n);
    for (const other of others) andInto(words, yield* this.match(other, n));
    return words;
  }

  /** A new column: at position i what is here at positions[i]. Nothing may change here meanwhile. */
  *select(positions: Uint32Array): Pieces<FieldColumn> {
    const result = new FieldColumn(this.field, 0, this.#maxBytes);
    result.#rows = yield* this.#rows.select(positions);
    if (this.#elements.length === 0) return result;
    const kept: number[] = [];
    result.#starts = new Uint32Array(result.#rows.kinds.length);
    result.#lengths = new Uint32Array(result.#rows.kinds.length);
    let steps = 0;
    for (let i = 0; i < positions.length; i++) {
      if (steps >= pieceSteps) {
        yield steps;
        steps = 0;
      }
      steps++;
      if (result.#rows.kinds[i] !== kindOf.array) continue;
      const from = positions[i] ?? 0;
      const start = this.#starts[from] ?? 0;
      const length = this.#lengths[from] ?? 0;
      result.#starts[i] = kept.length;
      result.#lengths[i] = length;
      steps += length;
      for (let e = start; e < start + length; e++) kept.push(e);
    }
    yield steps;
    result.#elements = yield* this.#elements.select(Uint32Array.from(kept));
    return result;
  }

  #setElements(position: number, elements: readonly unknown[]): void {
    const start = this.#elements.length;
    this.#elements.length += elements.length;
    for (let i = 0; i < elements.length; i++) this.#elements.set(start + i, elements[i]);
    if (this.#starts.length < this.#rows.kinds.length) {
      this.#starts = grown(this.#starts, new Uint32Array(this.#rows.kinds.length));
      this.#lengths = grown(this.#lengths, new Uint32Array(this.#rows.kinds.length));
    }
    this.#starts[position] = start;
    this.#lengths[position] = elements.length;
  }

  #giveUp(): void {
    this.#tooLarge = true;
    this.#rows = new ScalarValues();
    this.#elements = new ScalarValues();
    this.#starts = this.#lengths = new Uint32Array(0);
    this.#deadElements = 0;
  }
}
