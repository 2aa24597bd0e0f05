// A JSON body to fields, with its vectors as float32 columns. The same code runs in place for small bodies and in a thread for large ones.

import { VoisinError } from '../../../errors.js';
import { utf8Problem } from '../../../formats/index.js';
import { FieldReader } from './field-reader.js';
import { FloatSink } from './float-sink.js';
import { JsonReader } from './json-reader.js';
import { type NumberProblem, readNumbers } from './read-numbers.js';
import { type ParsedVectors, VectorsReader } from './vectors-reader.js';

/**
 * What the field `vectors` of a body is: rows to add, queries to search by; `vector` and `values` are always one vector. A body of texts has
 * no vectors, and its fields have no bound but the body's.
 */
export type BodyPlan = 'plain' | 'vector' | 'matrix' | 'vectors' | 'texts';

export interface ParseLimits {
  readonly maxMetadataBytes: number;
  readonly maxIdBytes: number;
  /** Most ids of one request, and most texts to search by. */
  readonly maxItems: number;
  /** What bounds the texts of a body of texts, and the setting that says so. */
  readonly texts?: TextsLimit | undefined;
}

export interface TextsLimit {
  readonly most: number;
  readonly setting: string;
}

/** Only what a message between threads can carry. */
export interface ParsedBody {
  /** Every field of the body, but for those below. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields that hold one vector each. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly matrix?: { readonly values: Float32Array; readonly ends: Uint32Array };
  readonly columns?: ParsedVectors;
  /** Of JSON lines: the number of each vector's line, from 1. */
  readonly lines?: Uint32Array;
}

/**
 * @param bytes the body, of any length
 * @throws VoisinError invalid_argument naming the field, or the byte at which it is no JSON
 */
export function parseBody(bytes: Buffer, plan: BodyPlan, limits: ParseLimits): ParsedBody {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `body: ${problem}`, { field: 'body' });
  const reader = new JsonReader(withoutMark(bytes));
  // Nothing of these bodies is kept, and services whose routes they are for ignore fields that they do not know.
  reader.exactNumbers = plan !== 'texts';
  const kind = reader.kind();
  if (kind !== 'object') throw notAnObject(reader, kind);
  const fields: Record<string, unknown> = {};
  const vectors: Record<string, Float32Array> = {};
  let matrix: ParsedBody['matrix'];
  let columns: ParsedVectors | undefined;
  const fieldReader = new FieldReader(reader, limits);
  let last = '';
  const readOne = (name: string): void => {
    last = name;
    fieldReader.count(name);
    if (plan === 'texts') {
      setField(fields, name, fieldReader.inputs(name));
    } else if (plan !== 'plain' && (name === 'vector' || name === 'values')) {
      vectors[name] = readVector(reader, name);
    } else if (name === 'vectors' && plan === 'matrix') {
      matrix = readMatrix(reader);
    } else if (name === 'vectors' && plan === 'vectors') {
      columns = readColumns(reader, limits);
    } else {
      setField(fields, name, name === 'ids' || name === 'texts' ? fieldReader.list(name) : fieldReader.value(name));
    }
  };
  try {
    reader.readObject(readOne);
    reader.end();
  } catch (error) {
    throw error instanceof VoisinError ? withFields(error, [...Object.keys(fields), last]) : error;
  }
  return { fields, vectors, ...(matrix === undefined ? {} : { matrix }), ...(columns === undefined ? {} : { columns }) };
}

/**
 * @param text JSON that came elsewhere than in a body
 * @throws VoisinError invalid_argument naming the field, its bytes counted from the text's first
 */
export function parseField(text: string, field: string, limits: ParseLimits): unknown {
  const reader = new JsonReader(Buffer.from(text));
  const value = new FieldReader(reader, limits).value(field);
  reader.end();
  return value;
}

/** An address that serves two services tells by its fields whose body it was. */
function withFields({ code, message, details }: VoisinError, came: readonly string[]): VoisinError {
  return new VoisinError(code, message, { ...details, came });
}

/** `__proto__` is a key like others, unknown to every schema. An object without a prototype would do without the question, but V8 keeps one as a hash table. */
function setField(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
  else fields[name] = value;
}

/** Programs on Windows begin a file with a byte order mark, which JSON does not know. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** The buffers of a parsed body that can move to another thread without a copy. */
export function buffersOf({ vectors, matrix, columns, lines }: ParsedBody): ArrayBuffer[] {
  const arrays = [...Object.values(vectors), matrix?.values, matrix?.ends, columns?.values, columns?.ends, lines];
  return arrays.flatMap((array) => (array !== undefined && array.buffer instanceof ArrayBuffer ? [array.buffer] : []));
}

function notAnObject(reader: JsonReader, kind: string): VoisinError {
  if (kind === 'none') return new VoisinError('invalid_argument', 'body: expected a JSON object, got nothing');
  reader.readValue();
  reader.end();
  return new VoisinError(
    'invalid_argument',
    `body: expected a JSON object, got ${kind === 'literal' ? 'a literal' : `${article(kind)} ${kind}`}`,
  );
}

const article = (kind: string): string => (kind === 'array' ? 'an' : 'a');

function readVector(reader: JsonReader, field: string): Float32Array {
  requireArray(reader, field, 'an array of numbers');
  const sink = new FloatSink();
  refuseProblem(readNumbers(reader, sink), field);
  return sink.take();
}

function readMatrix(reader: JsonReader): NonNullable<ParsedBody['matrix']> {
  requireArray(reader, 'vectors', 'an array of arrays of numbers');
  const sink = new FloatSink(Math.ceil(reader.bytes.length / 10));
  const ends: number[] = [];
  reader.readArray((index) => {
    const field = `vectors[${index}]`;
    requireArray(reader, field, 'an array of numbers');
    refuseProblem(readNumbers(reader, sink), field);
    ends.push(sink.length);
  });
  return { values: sink.take(), ends: Uint32Array.from(ends) };
}

function readColumns(reader: JsonReader, limits: ParseLimits): ParsedVectors {
  requireArray(reader, 'vectors', 'an array of {id, values, metadata?, text?}');
  const vectors = new VectorsReader(reader, limits);
  reader.readArray((index) => {
    vectors.read((field) => `vectors[${index}].${field}`);
  });
  return vectors.take();
}

function requireArray(reader: JsonReader, field: string, expected: string): void {
  const kind = reader.kind();
  if (kind === 'array') return;
  const value: unknown = reader.readValue();
  const got = kind === 'object' ? 'an object' : (JSON.stringify(value) ?? 'nothing').slice(0, 60);
  throw new VoisinError('invalid_argument', `${field}: expected ${expected}, got ${got}`, { field });
}

function refuseProblem(problem: NumberProblem | undefined, vector: string): void {
  if (problem === undefined) return;
  const field = `${vector}[${problem.index}]`;
  throw new VoisinError('invalid_argument', `${field}: expected a finite number that fits a float32, got ${problem.got}`, { field });
}
