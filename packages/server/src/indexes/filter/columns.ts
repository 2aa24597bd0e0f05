// The metadata of one generation's rows by position, as columns that are made when a filter first names their field.
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../../errors.js';
import { inTurns, type Pieces } from '../../turns.js';
import { Evaluation } from './evaluation.js';
import { FieldColumn } from './field-column.js';
import { fieldsOf, type Filter, filterKey } from './filter.js';
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
/** Steps of one change for each reader and each 16 characters of its metadata. */
const charactersOfStep = 16;
const stepsOfReader = 4;

export class Columns {
  readonly #limits: typeof defaults;
  readonly #passes: MetadataPasses;
  readonly #bitmaps: LRUCache<string, Uint8Array>;
  /** In order of use: the least recently used first. */
  readonly #columns = new Map<string, FieldColumn>();
  /** Fields whose columns would not fit. */
  readonly #oversized = new Set<string>();
  /** By the key of the filter. */
  readonly #evaluations = new Map<string, { readonly evaluation: Evaluation; readonly result: Promise<Uint8Array | undefined> }>();
  #rows: number;
  #changes = 0;
  #appending: Promise<void> | undefined;

  constructor(source: MetadataSource, options: ColumnsOptions = {}) {
    const { rows = 0, ...limits } = options;
    this.#rows = rows;
    this.#limits = { ...defaults, ...limits };
    this.#passes = new MetadataPasses(
      source,
      () => this.#rows,
      (readers) => this.#take(readers),
      () => this.#appending,
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
    return this.#columnBytes() + this.#readersAtWork().reduce((sum, reader) => sum + reader.bytes, 0) + this.#bitmaps.calculatedSize;
  }

  /** Adds the next position. `metadata` is the JSON text of an object; the store behind the source has it already. */
  append(metadata: string): void {
    this.#change(this.#rows, metadata);
    this.#rows++;
  }

  /** Adds the next positions in turns. The store may have them already, or have them when this resolves: no pass over it starts meanwhile. */
  appendAll(metadata: readonly string[]): Promise<void> {
    this.#appending = inTurns(this.#appendEach(metadata)).finally(() => {
      this.#appending = undefined;
    });
    return this.#appending;
  }

  /** Replaces the metadata of a position that is there; the store behind the source has it already. */
  set(position: number, metadata: string): void {
    if (!(position >= 0 && position < this.#rows)) throw new RangeError(`no position ${position}: there are ${this.#rows}`);
    this.#change(position, metadata);
  }

  /**
   * Makes the next generation's columns: its position i was `positions[i]` here, and `source` reads that generation. The columns made so far go
   * with it. Nothing may change here meanwhile.
   */
  async select(positions: Uint32Array): Promise<(source: MetadataSource) => Columns> {
    const selected: [string, FieldColumn][] = [];
    for (const [field, column] of this.#columns) selected.push([field, await inTurns(column.select(positions))]);
    return (source) => {
      const next = new Columns(source, { ...this.#limits, rows: positions.length });
      for (const [field, column] of selected) next.#columns.set(field, column);
      return next;
    };
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
      if (missing.length === 0) {
        const bitmap = await this.#evaluated(key, filter, fields);
        if (bitmap !== undefined) return bitmap;
        continue;
      }
      await this.#passes.join(new Map(missing.map((field) => [JSON.stringify(field), () => this.#newColumn(field)])));
      this.#trim(fields);
    }
    const readers = await this.#passes.join(new Map([[key, () => new FilterScan(filter, this.#rows)]]));
    const scan = readers.get(key);
    if (!(scan instanceof FilterScan)) throw new VoisinError('internal', `the pass over the metadata lost the filter ${key}`);
    return scan.bitmap();
  }

  /** The filter over columns that are there, once for all who ask at the same time; undefined when one of them gave up meanwhile. */
  #evaluated(key: string, filter: Filter, fields: readonly string[]): Promise<Uint8Array | undefined> {
    const running = this.#evaluations.get(key);
    if (running !== undefined) return running.result;
    const columns = new Map([...this.#columns].filter(([field]) => fields.includes(field)));
    const evaluation = new Evaluation(filter, columns, this.#rows);
    const result = this.#evaluate(key, evaluation);
    this.#evaluations.set(key, { evaluation, result });
    return result;
  }

  async #evaluate(key: string, evaluation: Evaluation): Promise<Uint8Array | undefined> {
    try {
      const words = await inTurns(evaluation.scan());
      return evaluation.failed ? undefined : this.#remember(key, evaluation.bitmap(words, this.#rows));
    } finally {
      this.#evaluations.delete(key);
    }
  }

  *#appendEach(metadata: readonly string[]): Pieces<void> {
    for (const json of metadata) {
      this.append(json);
      const readers = this.#columns.size + this.#readersAtWork().length;
      yield 1 + (readers === 0 ? 0 : readers * stepsOfReader + json.length / charactersOfStep);
    }
  }

  /** What learns of changes beside the columns. */
  #readersAtWork(): MetadataReader[] {
    return [...this.#passes.readers, ...Array.from(this.#evaluations.values(), ({ evaluation }) => evaluation)];
  }

  #newColumn(field: string): FieldColumn {
    return new FieldColumn(field, this.#rows, this.#limits.maxBytes);
  }

  #change(position: number, metadata: string): void {
    const readers = [...this.#columns.values(), ...this.#readersAtWork()];
    if (readers.length > 0) {
      const object = parseForFields(metadata, readers);
      for (const [field, column] of this.#columns) {
        column.read(position, object);
        if (column.tooLarge) this.#refuse(field);
      }
      this.#passes.change(position, object);
      for (const { evaluation } of this.#evaluations.values()) evaluation.read(position, object);
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
}
