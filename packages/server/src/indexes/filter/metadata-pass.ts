// Reading all metadata of a generation once, for everyone who waits for it, while the generation goes on changing.
import { Turns } from '../../turns.js';
import { type JsonObject } from './field-path.js';

/** Some rows: the JSON text of `metadata[i]` (an object) belongs to `positions[i]`. */
export interface MetadataBatch {
  readonly positions: ArrayLike<number>;
  readonly metadata: readonly string[];
}

/**
 * Streams the metadata of all rows, in any order, a row at most once; positions without a row may be left out. What a change has been told of before
 * the call must be in it; what changes during it may or may not be.
 */
export type MetadataSource = () => AsyncIterable<MetadataBatch>;

/** What learns from metadata: a column, or a filter evaluated row by row. */
export interface MetadataReader {
  /** Texts of which one at least is in the JSON of each object that has something to say to this reader. */
  readonly keyStarts: readonly string[];
  readonly bytes: number;
  read(position: number, metadata: JsonObject): void;
}

/** How the JSON of an object begins the key that leads to `field`, written without escapes. */
export function keyStart(field: string): string {
  return `"${field.split('.', 1)[0] ?? ''}`;
}

/** Steps of reading one row for one reader, and of each 16 characters of its metadata. */
const stepsOfReader = 4;
const charactersOfStep = 16;
const maxSearches = 8;
const nothing: JsonObject = Object.freeze({});

/**
 * One pass over the metadata. A change that comes during the pass goes to the readers at once, and its position is marked: what the stream says
 * of it afterwards is older, or is the same, and is passed over. So the readers end in the state of the last change, wherever the stream was.
 */
class MetadataPass {
  readonly readers: ReadonlyMap<string, MetadataReader>;
  readonly #rows: number;
  readonly #changed = new Set<number>();

  /** `rows`: how many positions there are now; those that come later are told through `change` and never taken from the stream. */
  constructor(rows: number, makers: ReadonlyMap<string, () => MetadataReader>) {
    this.readers = new Map([...makers].map(([key, make]) => [key, make()]));
    this.#rows = rows;
  }

  change(position: number, metadata: JsonObject): void {
    if (position < this.#rows) this.#changed.add(position);
    for (const reader of this.readers.values()) reader.read(position, metadata);
  }

  async run(source: MetadataSource): Promise<void> {
    const readers = [...this.readers.values()];
    const turns = new Turns();
    for await (const { positions, metadata } of source()) {
      for (let i = 0; i < metadata.length; i++) {
        const position = positions[i] ?? this.#rows;
        if (position < this.#rows && !this.#changed.has(position)) {
          const object = parseForFields(metadata[i] ?? '{}', readers);
          for (const reader of readers) reader.read(position, object);
        }
        turns.count(readers.length * stepsOfReader + (metadata[i]?.length ?? 0) / charactersOfStep);
        if (turns.over) await turns.next();
      }
    }
  }
}

type Readers = ReadonlyMap<string, MetadataReader>;

/** The passes over one generation's metadata, one after another: all that is asked for while one runs shares the next one. */
export class MetadataPasses {
  readonly #source: MetadataSource;
  readonly #rows: () => number;
  readonly #done: (readers: Readers) => void;
  readonly #obstacle: () => Promise<void> | undefined;
  #current: { readonly pass: MetadataPass; readonly result: Promise<Readers> } | undefined;
  #next: { readonly makers: Map<string, () => MetadataReader>; readonly result: Promise<Readers> } | undefined;
  /** The pass that was planned last, whatever came of it. */
  #last: Promise<unknown> = Promise.resolve();

  /** `done` is called with the readers of a pass in the moment in which it ends: until then the changes reach them, from then on they are the callee's. `obstacle`: what a pass has to wait for. */
  constructor(source: MetadataSource, rows: () => number, done: (readers: Readers) => void, obstacle: () => Promise<void> | undefined) {
    this.#source = source;
    this.#rows = rows;
    this.#done = done;
    this.#obstacle = obstacle;
  }

  /** The readers at work now. */
  get readers(): MetadataReader[] {
    return [...(this.#current?.pass.readers.values() ?? [])];
  }

  change(position: number, metadata: JsonObject): void {
    this.#current?.pass.change(position, metadata);
  }

  /** Resolves with these readers, and those of others, when they have read all rows. A reader is made when its pass starts; the pass at work may have it. */
  join(makers: ReadonlyMap<string, () => MetadataReader>): Promise<Readers> {
    const current = this.#current;
    if (current && [...makers.keys()].every((key) => current.pass.readers.has(key))) return current.result;
    if (!this.#next) {
      const planned = new Map<string, () => MetadataReader>();
      const result: Promise<Readers> = this.#last.then(() => this.#run(planned, result));
      this.#next = { makers: planned, result };
      // Who joined hears of a failure; the pass after it starts all the same.
      this.#last = result.catch((error: unknown) => error);
    }
    for (const [key, make] of makers) this.#next.makers.set(key, make);
    return this.#next.result;
  }

  async #run(makers: ReadonlyMap<string, () => MetadataReader>, result: Promise<Readers>): Promise<Readers> {
    for (let obstacle = this.#obstacle(); obstacle !== undefined; obstacle = this.#obstacle()) await obstacle.catch(() => undefined);
    this.#next = undefined;
    const pass = new MetadataPass(this.#rows(), makers);
    this.#current = { pass, result };
    try {
      await pass.run(this.#source);
      this.#done(pass.readers);
      return pass.readers;
    } finally {
      this.#current = undefined;
    }
  }
}

/**
 * The metadata, or an empty object where none of the readers' fields can be in it: most of a large object is never filtered on.
 * A key that JSON writes with an escape brings a backslash with it. For many readers the search would cost more than the parsing.
 */
export function parseForFields(json: string, readers: readonly MetadataReader[]): JsonObject {
  const mayMatter =
    readers.length > maxSearches || json.includes('\\') || readers.some((reader) => reader.keyStarts.some((start) => json.includes(start)));
  if (json === '{}' || !mayMatter) return nothing;
  const object: JsonObject = JSON.parse(json);
  return object;
}
