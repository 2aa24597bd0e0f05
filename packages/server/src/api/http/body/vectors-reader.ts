// Reads {id, values, metadata?, text?} one after another into columns. A vector that cannot be kept is named and its neighbours go on.

import { VoisinError } from '../../../errors.js';
import { type CheckedMetadata, checkMetadata } from '../../../operations/metadata.js';
import { namedRefusals, type Refused } from '../../../operations/vector-columns.js';
import { vectorIdProblem } from '../../../operations/vector-id.js';
import { FloatSink } from './float-sink.js';
import { type PackedStrings, packStrings } from './packed-strings.js';
import type { JsonReader } from './json-reader.js';
import type { ParseLimits } from './parse-body.js';
import { readNumbers } from './read-numbers.js';

export interface ParsedVectors {
  readonly count: number;
  readonly values: Float32Array;
  readonly ends: Uint32Array;
  /** One string each, ids and metadata a line: two large strings cross to another thread faster than many small ones. */
  readonly ids: string;
  readonly metadata: string;
  readonly texts?: PackedStrings;
  /** The first of those that were refused, with the reason. */
  readonly refused: readonly Refused[];
  /** Positions of all that were refused, ascending. */
  readonly refusedAt: Uint32Array;
}

/** Of metadata that are written with white space or escapes: more cannot become few enough. */
const longestSpelling = 8;
/** An id or a text of another kind than a string is shown up to here. */
const shownBytes = 1024;

/** `values` where there is a text. */
const optionalFields: ReadonlySet<string> = new Set(['values', 'metadata', 'text']);

interface OneVector {
  readonly id: unknown;
  readonly metadata: string;
  readonly text: string | undefined;
  readonly problem: string | undefined;
}

export class VectorsReader {
  readonly #limits: ParseLimits;
  readonly #ids: string[] = [];
  readonly #metadata: string[] = [];
  readonly #ends: number[] = [];
  readonly #values: FloatSink;
  readonly #refused: Refused[] = [];
  readonly #refusedAt: number[] = [];
  #reader: JsonReader;
  #texts: (string | undefined)[] | undefined;

  constructor(reader: JsonReader, limits: ParseLimits) {
    this.#reader = reader;
    this.#limits = limits;
    this.#values = new FloatSink(Math.max(16, Math.ceil(reader.bytes.length / 10)), () => this.#reader.at / reader.bytes.length);
  }

  /** The next vector comes from another text. */
  from(reader: JsonReader): void {
    this.#reader = reader;
  }

  /**
   * Reads one vector.
   * @param path names a field of this vector in an error
   * @throws VoisinError invalid_argument when it is no JSON or has an unknown field: then the whole request is malformed
   */
  read(path: (field: string) => string): void {
    const start = this.#values.length;
    this.#keep(this.#readOne(path), start);
  }

  /** Reads one vector that is a text of its own, a line: then what is malformed is this vector alone. */
  readWhole(): void {
    const start = this.#values.length;
    try {
      const one = this.#readOne((field) => field);
      this.#reader.end();
      this.#keep(one, start);
    } catch (error) {
      if (!(error instanceof VoisinError)) throw error;
      this.#keep({ id: undefined, metadata: '{}', text: undefined, problem: `: ${error.message.replace(/^body: /, '')}` }, start);
    }
  }

  /** A vector whose text cannot be read at all. */
  refuse(problem: string): void {
    this.#keep({ id: undefined, metadata: '{}', text: undefined, problem: `: ${problem}` }, this.#values.length);
  }

  take(): ParsedVectors {
    return {
      count: this.#ids.length,
      values: this.#values.take(),
      ends: Uint32Array.from(this.#ends),
      ids: this.#ids.join('\n'),
      metadata: this.#metadata.join('\n'),
      ...(this.#texts === undefined ? {} : { texts: packStrings(this.#texts) }),
      refused: this.#refused,
      refusedAt: Uint32Array.from(this.#refusedAt),
    };
  }

  #readOne(path: (field: string) => string): OneVector {
    const reader = this.#reader;
    if (reader.kind() !== 'object') {
      return {
        id: undefined,
        metadata: '{}',
        text: undefined,
        problem: `: expected {id, values, metadata?, text?}, got ${reader.describeValue()}`,
      };
    }
    const start = this.#values.length;
    let id: unknown;
    let problem: string | undefined;
    let metadata = '{}';
    let text: string | undefined;
    let hasValues = false;
    reader.readObject((name) => {
      if (name === 'id') {
        id = this.#readId();
        if (reader.flaw !== undefined) problem ??= `.id: ${reader.flaw}`;
      } else if (optionalFields.has(name) && reader.skipNull()) {
        // As if it was not there; one that is there twice counts as it is last.
        if (name === 'text') text = undefined;
        else if (name === 'metadata') metadata = '{}';
        else {
          hasValues = false;
          this.#values.length = start;
        }
      } else if (name === 'values') {
        hasValues = true;
        this.#values.length = start;
        const wrong = this.#readValues();
        problem ??= wrong;
      } else if (name === 'metadata') {
        const checked = this.#readMetadata();
        if (reader.flaw !== undefined) problem ??= `.metadata: ${reader.flaw}`;
        else if ('text' in checked) metadata = checked.text;
        else problem ??= `.metadata: ${checked.problem}`;
      } else if (name === 'text') {
        const value = reader.kind() === 'string' ? reader.readValue() : undefined;
        if (value === undefined) problem ??= `.text: expected a string, got ${reader.describeValue()}`;
        else if (reader.flaw !== undefined) problem ??= `.text: ${reader.flaw}`;
        else text = String(value);
      } else {
        const field = path(name);
        throw new VoisinError('invalid_argument', `${field}: unknown field; accepted here: id, values, metadata, text`, { field });
      }
    });
    const idProblem = vectorIdProblem(id, this.#limits.maxIdBytes);
    if (idProblem !== undefined) problem = `.id: ${idProblem}`;
    if (!hasValues && text === undefined) problem ??= '.values: required, but nothing came; expected an array of numbers';
    return { id, metadata, text, problem };
  }

  #keep({ id, metadata, text, problem }: OneVector, before: number): void {
    const position = this.#ids.length;
    if (problem === undefined) {
      this.#ids.push(String(id));
      this.#metadata.push(metadata);
    } else {
      this.#values.length = before;
      this.#refusedAt.push(position);
      // Others are only counted: a request may be made of nothing else.
      if (this.#refused.length < namedRefusals) {
        this.#refused.push({ position, ...(typeof id === 'string' ? { id: id.slice(0, 512) } : {}), error: problem });
      }
      this.#ids.push('');
      this.#metadata.push('{}');
    }
    this.#ends.push(this.#values.length);
    if (text !== undefined) this.#texts ??= new Array<string | undefined>(position).fill(undefined);
    this.#texts?.push(problem === undefined ? text : undefined);
  }

  /** A string; of another value only a short one, for the message. */
  #readId(): unknown {
    const reader = this.#reader;
    if (reader.kind() === 'string') return reader.readValue();
    const read = reader.readShortValue(shownBytes);
    return 'value' in read ? read.value : {};
  }

  #readMetadata(): CheckedMetadata {
    const reader = this.#reader;
    const { maxMetadataBytes } = this.#limits;
    if (reader.kind() !== 'object') return { problem: `expected an object, got ${reader.describeValue()}` };
    const read = reader.readShortValue(maxMetadataBytes * longestSpelling);
    if ('value' in read) return checkMetadata(read.value, maxMetadataBytes);
    return { problem: `expected at most ${maxMetadataBytes} bytes of JSON, got ${read.bytes} as they are written` };
  }

  #readValues(): string | undefined {
    const reader = this.#reader;
    if (reader.kind() !== 'array') return `.values: expected an array of numbers, got ${reader.describeValue()}`;
    const problem = readNumbers(reader, this.#values, this.#limits.maxDimension);
    return problem === undefined ? undefined : `.values${problem}`;
  }
}
