// A filter evaluated over columns in short pieces, while the columns go on changing.
//
// A row that changes between two pieces could be judged by its old value of one field and its new value of another. So what changes is told here as
// it is told to the columns, and judged at once from its metadata: that verdict stands, whatever the scans say of the row.
import { VoisinError } from '../../errors.js';
import { type Pieces } from '../../turns.js';
import { andInto, bytesOf, clearTail, invert, orInto, wordsFor } from './bitmap.js';
import { type FieldColumn } from './field-column.js';
import { type JsonObject } from './field-path.js';
import { type Condition, fieldsOf, type Filter } from './filter.js';
import { matches } from './matches.js';
import { keyStart, type MetadataReader } from './metadata-pass.js';
import { grown } from './scalar-values.js';

export class Evaluation implements MetadataReader {
  readonly keyStarts: readonly string[];
  readonly #filter: Filter;
  readonly #columns: ReadonlyMap<string, FieldColumn>;
  readonly #rows: number;
  readonly #changed = new Map<number, boolean>();

  /** `columns`: one for each field of the filter; `rows`: how many positions there are now. */
  constructor(filter: Filter, columns: ReadonlyMap<string, FieldColumn>, rows: number) {
    this.keyStarts = [...fieldsOf(filter)].map(keyStart);
    this.#filter = filter;
    this.#columns = columns;
    this.#rows = rows;
  }

  get bytes(): number {
    return this.#rows >>> 3;
  }

  /** A column gave its memory back meanwhile: the verdicts are worth nothing. */
  get failed(): boolean {
    return [...this.#columns.values()].some((column) => column.tooLarge);
  }

  read(position: number, metadata: JsonObject): void {
    this.#changed.set(position, matches(this.#filter, metadata));
  }

  /** The positions of the start that the filter is true of, but for those that changed since. */
  scan(): Pieces<Uint32Array> {
    return this.#evaluate(this.#filter);
  }

  /** `words` of `scan`, with what changed meanwhile: as things are now, when there are `rows` positions. */
  bitmap(words: Uint32Array, rows: number): Uint8Array {
    const result = rows > this.#rows ? grown(words, wordsFor(rows)) : words;
    for (const [position, verdict] of this.#changed) {
      const bit = 1 << (position & 31);
      const old = result[position >>> 5] ?? 0;
      result[position >>> 5] = verdict ? old | bit : old & ~bit;
    }
    return bytesOf(clearTail(result, rows), rows);
  }

  /** Fresh words, the caller's to change. */
  *#evaluate(filter: Filter): Pieces<Uint32Array> {
    switch (filter.kind) {
      case 'and':
        return yield* this.#all(filter.parts);
      case 'or': {
        const words = wordsFor(this.#rows);
        for (const part of filter.parts) {
          orInto(words, yield* this.#evaluate(part));
          yield words.length;
        }
        return words;
      }
      case 'not':
        return invert(yield* this.#evaluate(filter.part), this.#rows);
      default:
        return yield* this.#column(filter.field).match(filter, this.#rows);
    }
  }

  /** Conditions on one field go to its column together. */
  *#all(parts: readonly Filter[]): Pieces<Uint32Array> {
    const ofField = new Map<string, [Condition, ...Condition[]]>();
    let all: Uint32Array | undefined;
    const and = (words: Uint32Array): number => {
      if (all === undefined) all = words;
      else andInto(all, words);
      return words.length;
    };
    for (const part of parts) {
      if (part.kind === 'and' || part.kind === 'or' || part.kind === 'not') yield and(yield* this.#evaluate(part));
      else if (!ofField.get(part.field)?.push(part)) ofField.set(part.field, [part]);
    }
    for (const [field, conditions] of ofField) {
      yield and(yield* this.#column(field).matchAll(conditions, this.#rows));
    }
    return all ?? clearTail(wordsFor(this.#rows).fill(0xffffffff), this.#rows);
  }

  #column(field: string): FieldColumn {
    const column = this.#columns.get(field);
    if (column === undefined) throw new VoisinError('internal', `the filter's evaluation has no column of ${JSON.stringify(field)}`);
    return column;
  }
}
