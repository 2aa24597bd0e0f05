// Reads {id, values, metadata?, text?} one after another into columns. A vector that cannot be kept is named and its neighbours go on.

import { VoisinError } from '../../../errors.js';
import { checkMetadata } from '../../../operations/metadata.js';
import type { Refused } from '../../../operations/vector-columns.js';
import { vectorIdProblem } from '../../../operations/vector-id.js';
import { FloatSink } from './float-sink.js';
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
  readonly texts?: readonly (string | undefined)[];
  readonly refused: readonly Refused[];
}

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
  #reader: JsonReader;
  #texts: (string | undefined)[] | undefined;

  constructor(reader: JsonReader, limits: ParseLimits) {
    this.#reader = reader;
    this.#limits = limits;
    this.#values = new FloatSink(Math.max(16, Math.ceil(reader.bytes.length / 10)));
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
      ...(this.#texts === undefined ? {} : { texts: this.#texts }),
      refused: this.#refused,
    };
  }

  #readOne(path: (field: string) => string): OneVector {
    const reader = this.#reader;
    if (reader.kind() !== 'object') {
      return {
        id: undefined,
        metadata: '{}',
        text: undefined,
        problem: `: expected {id, values, metadata?, text?}, got ${shown(reader.readValue())}`,
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
        id = reader.readValue();
        if (reader.flaw !== undefined) problem ??= `.id: ${reader.flaw}`;
      } else if (name === 'values') {
        hasValues = true;
        this.#values.length = start;
        const wrong = this.#readValues();
        problem ??= wrong;
      } else if (name === 'metadata') {
        const checked = checkMetadata(reader.readValue(), this.#limits.maxMetadataBytes);
        if (reader.flaw !== undefined) problem ??= `.metadata: ${reader.flaw}`;
        else if ('text' in checked) metadata = checked.text;
        else problem ??= `.metadata: ${checked.problem}`;
      } else if (name === 'text') {
        const value = reader.readValue();
        if (reader.flaw !== undefined) problem ??= `.text: ${reader.flaw}`;
        else if (typeof value === 'string') text = value;
        else problem ??= `.text: expected a string, got ${shown(value)}`;
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
      this.#refused.push({ position, ...(typeof id === 'string' ? { id: id.slice(0, 512) } : {}), error: problem });
      this.#ids.push('');
      this.#metadata.push('{}');
    }
    this.#ends.push(this.#values.length);
    if (text !== undefined) this.#texts ??= new Array<string | undefined>(position).fill(undefined);
    this.#texts?.push(problem === undefined ? text : undefined);
  }

  #readValues(): string | undefined {
    const reader = this.#reader;
    if (reader.kind() !== 'array') return `.values: expected an array of numbers, got ${shown(reader.readValue())}`;
    const problem = readNumbers(reader, this.#values);
    return problem === undefined
      ? undefined
      : `.values[${problem.index}]: expected a finite number that fits a float32, got ${problem.got}`;
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
