// The metadata of one generation's rows by position, as columns that are made when a filter first names their field.
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../../errors.js';
import { andInto, bytesOf, clearTail, invert, orInto, wordsFor } from './bitmap.js';
import { FieldColumn } from './field-column.js';
import { type Condition, fieldsOf, type Filter, filterKey } from './filter.js';
import { FilterScan } from './filter-scan.js';
import { MetadataPasses, type MetadataReader, type MetadataSource, parseForFields } from './metadata-pass.js';

export interface ColumnsOptions {
  /** Rows that are there already, behind `source`. */
  readonly rows?: number;
  /** How many fields' columns are kept; the least recently used go first. */
  readonly maxFields?: number;
  /** Bytes of all columns together. A field that does not fit is still filtered on, by reading the metadata again each time. */
  readonly maxBytes?: number;
  readonly maxCachedFilters?: number;
  readonly maxCachedBytes?: number;
}

const defaults = { maxFields: 64, maxBytes: 256 * 2 ** 20, maxCachedFilters: 64, maxCachedBytes: 32 * 2 ** 20 };
const maxOversizedFields = 1000;
const changesBetweenTrims = 1024;

export class Columns {
  readonly #limits: typeof defaults;
  readonly #passes: MetadataPasses;
  readonly #bitmaps: LRUCache<string, Uint8Array>;
  /** In order of use: the least recently used first. */
  readonly #columns = new Map<string, FieldColumn>();
  /** Fields whose columns would not fit. */
  readonly #oversized = new Set<string>();
  #rows: number;
  #changes = 0;

  constructor(source: MetadataSource, options: ColumnsOptions = {}) {
    const { rows = 0, ...limits } = options;
    this.#rows = rows;
    this.#limits = { ...defaults, ...limits };
    this.#passes = new MetadataPasses(
      source,
      () => this.#rows,
      (readers) => this.#take(readers),
    );
    this.#bitmaps = new LRUCache({
      max: this.#limits.maxCachedFilters,
      maxSize: this.#limits.maxCachedBytes,
      sizeCalculation: (bitmap, key) => bitmap.length + 2 * key.length + 1,
    });
  }

  /** How many positions there are. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes held: columns, also those being made, and remembered bitmaps. */
  get memoryBytes(): number {
    return this.#columnBytes() + this.#passes.readers.reduce((sum, reader) => sum + reader.bytes, 0) + this.#bitmaps.calculatedSize;
  }

  /** Adds the next position. `metadata` is the JSON text of an object; the store behind the source has it already. */
  append(metadata: string): void {
    this.#change(this.#rows, metadata);
    this.#rows++;
  }

  /** Replaces the metadata of a position that is there; the store behind the source has it already. */
  set(position: number, metadata: string): void {
    if (!(position >= 0 && position < this.#rows)) throw new RangeError(`no position ${position}: there are ${this.#rows}`);
    this.#change(position, metadata);
  }

  /** The next generation's columns: its position i was `positions[i]` here, and `source` reads that generation. The columns made so far go with it. */
  select(positions: Uint32Array, source: MetadataSource): Columns {
    const next = new Columns(source, { ...this.#limits, rows: positions.length });
    for (const [field, column] of this.#columns) next.#columns.set(field, column.select(positions));
    return next;
  }

  /**
   * The positions that `filter` is true of, as a bitmap of ceil(rows/8) bytes. It is a snapshot that never changes afterwards and must not be
   * written to: the same one is given again until something changes. Dead positions are judged by the metadata they had, or as empty.
   * Rejects when the source does.
   */
  async match(filter: Filter): Promise<Uint8Array> {
    const key = filterKey(filter);
    const fields = [...fieldsOf(filter)];
    // A column can be pushed out again by others' before its filter gets to it: then reading row by row ends the race.
    for (let attempt = 0; attempt < 3; attempt++) {
      const known = this.#bitmaps.get(key);
      if (known) return known;
      if (fields.length > this.#limits.maxFields || fields.some((field) => this.#oversized.has(field))) break;
      const missing = fields.filter((field) => !this.#touch(field));
      if (missing.length === 0) return this.#remember(key, bytesOf(this.#evaluate(filter), this.#rows));
      await this.#passes.join(new Map(missing.map((field) => [JSON.stringify(field), () => this.#newColumn(field)])));
      this.#trim(fields);
    }
    const readers = await this.#passes.join(new Map([[key, () => new FilterScan(filter, this.#rows)]]));
    const scan = readers.get(key);
    if (!(scan instanceof FilterScan)) throw new VoisinError('internal', `the pass over the metadata lost the filter ${key}`);
    return scan.bitmap();
  }

  #newColumn(field: string): FieldColumn {
    return new FieldColumn(field, this.#rows, this.#limits.maxBytes);
  }

  #change(position: number, metadata: string): void {
    const readers = [...this.#columns.values(), ...this.#passes.readers];
    if (readers.length > 0) {
      const object = parseForFields(metadata, readers);
      for (const [field, column] of this.#columns) {
        column.read(position, object);
        if (column.tooLarge) this.#refuse(field);
      }
      this.#passes.change(position, object);
    }
    if (this.#bitmaps.size > 0) this.#bitmaps.clear();
    if (++this.#changes % changesBetweenTrims === 0) this.#trim([]);
  }

  #take(readers: ReadonlyMap<string, MetadataReader>): void {
    for (const [key, reader] of readers) {
      if (reader instanceof FieldColumn) {
        this.#columns.set(reader.field, reader);
        if (reader.tooLarge) this.#refuse(reader.field);
      }
      if (reader instanceof FilterScan) this.#remember(key, reader.bitmap());
    }
  }

  /** Whether the field has a column that can be used; it is then the most recently used one. */
  #touch(field: string): boolean {
    const column = this.#columns.get(field);
    if (!column) return false;
    this.#columns.delete(field);
    if (column.wasteful) return false;
    this.#columns.set(field, column);
    return true;
  }

  /** Keeps to the limits; a field that does not fit although it is wanted now is filtered on row by row from now on. */
  #trim(wanted: readonly string[]): void {
    for (const field of wanted) this.#touch(field);
    for (const field of this.#columns.keys()) {
      if (this.#columns.size <= this.#limits.maxFields && this.#columnBytes() <= this.#limits.maxBytes) return;
      if (wanted.includes(field)) this.#refuse(field);
      else this.#columns.delete(field);
    }
  }

  #refuse(field: string): void {
    this.#columns.delete(field);
    if (this.#oversized.size >= maxOversizedFields) this.#oversized.clear();
    this.#oversized.add(field);
  }

  #columnBytes(): number {
    let sum = 0;
    for (const column of this.#columns.values()) sum += column.bytes;
    return sum;
  }

  #remember(key: string, bitmap: Uint8Array): Uint8Array {
    this.#bitmaps.set(key, bitmap);
    return bitmap;
  }

  /** Fresh words, the caller's to change. */
  #evaluate(filter: Filter): Uint32Array {
    switch (filter.kind) {
      case 'and':
        return this.#all(filter.parts);
      case 'or': {
        const words = wordsFor(this.#rows);
        for (const part of filter.parts) orInto(words, this.#evaluate(part));
        return words;
      }
      case 'not':
        return invert(this.#evaluate(filter.part), this.#rows);
      default:
        return this.#columns.get(filter.field)?.match(filter) ?? wordsFor(this.#rows);
    }
  }

  /** Conditions on one field go to its column together. */
  #all(parts: readonly Filter[]): Uint32Array {
    const ofField = new Map<string, [Condition, ...Condition[]]>();
    const all: Uint32Array[] = [];
    for (const part of parts) {
      if (part.kind === 'and' || part.kind === 'or' || part.kind === 'not') all.push(this.#evaluate(part));
      else if (!ofField.get(part.field)?.push(part)) ofField.set(part.field, [part]);
    }
    for (const [field, conditions] of ofField) all.push(this.#columns.get(field)?.matchAll(conditions) ?? wordsFor(this.#rows));
    const [words = clearTail(wordsFor(this.#rows).fill(0xffffffff), this.#rows), ...others] = all;
    for (const other of others) andInto(words, other);
    return words;
  }
}
