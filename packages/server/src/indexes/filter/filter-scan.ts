// A filter evaluated row by row while the metadata streams by: for fields whose columns would not fit into memory.
import { bytesOf, clearTail, wordsFor } from './bitmap.js';
import { fieldsOf, type Filter } from './filter.js';
import { type JsonObject } from './field-path.js';
import { matches } from './matches.js';
import { keyStart, type MetadataReader } from './metadata-pass.js';
import { grown } from './scalar-values.js';

export class FilterScan implements MetadataReader {
  readonly keyStarts: readonly string[];
  readonly #filter: Filter;
  #words: Uint32Array;
  #rows: number;

  /** Positions that are never read count as rows without metadata. */
  constructor(filter: Filter, rows: number) {
    this.keyStarts = [...fieldsOf(filter)].map(keyStart);
    this.#filter = filter;
    this.#rows = rows;
    this.#words = wordsFor(rows).fill(matches(filter, {}) ? 0xffffffff : 0);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  read(position: number, metadata: JsonObject): void {
    const word = position >>> 5;
    if (word >= this.#words.length) this.#words = grown(this.#words, new Uint32Array(Math.max(word + 1, this.#words.length * 2)));
    this.#rows = Math.max(this.#rows, position + 1);
    const bit = 1 << (position & 31);
    const old = this.#words[word] ?? 0;
    this.#words[word] = matches(this.#filter, metadata) ? old | bit : old & ~bit;
  }

  /** A copy of what is known: the positions that the filter is true of. */
  bitmap(): Uint8Array {
    return bytesOf(clearTail(this.#words.slice(), this.#rows), this.#rows);
  }
}
