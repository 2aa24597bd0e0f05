// A store of metadata in memory, for the tests of the columns.
import { Columns, type ColumnsOptions } from './columns.js';
import { type JsonObject } from './field-path.js';
import { type MetadataBatch } from './metadata-pass.js';

/** A store whose stream comes in small batches and waits between them. */
export class Store {
  readonly rows: string[];
  passes = 0;
  /** The stream gives what was there when it began, as LevelDB's does; otherwise what is there when it gets there. */
  isolated = false;
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
    const rows = this.isolated ? this.rows.slice() : this.rows;
    for (let first = 0; first < rows.length; first += batchRows) {
      await this.between(first / batchRows);
      const metadata = rows.slice(first, first + batchRows);
      yield { positions: metadata.map((_, i) => first + i), metadata };
    }
  }

  documents(): JsonObject[] {
    return this.rows.map((json): JsonObject => JSON.parse(json));
  }
}
