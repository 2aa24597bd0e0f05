// A JSON body to fields, with its vectors as float32 columns. The same code runs in place for small bodies and in a thread for large ones.

import { VoisinError } from '../../../errors.js';
import { utf8Problem } from '../../../formats/index.js';
import { FieldReader } from './field-reader.js';
import { FloatSink } from './float-sink.js';
import { JsonReader } from './json-reader.js';
import { type PackedStrings, packStrings } from './packed-strings.js';
import { type NumbersProblem, readNumbers } from './read-numbers.js';
import { type ParsedVectors, VectorsReader } from './vectors-reader.js';

/**
 * What the field `vectors` of a body is: rows to add, queries to search by; `vector` and `values` are always one vector. A body of texts has
 * no vectors, and its fields have no bound but the body's.
 */
export type BodyPlan = 'plain' | 'vector' | 'matrix' | 'vectors' | 'texts';

export interface ParseLimits {
  readonly maxMetadataBytes: number;
  readonly maxIdBytes: number;
  /** Most vectors, and most ids, of one request. */
  readonly maxItems: number;
  /** Most vectors of one batch search. */
  readonly maxQueries: number;
  /** Most values of a vector of any index. */
  readonly maxDimension: number;
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
  /** Fields that hold many texts. */
  readonly lists?: Readonly<Record<string, PackedStrings>>;
  /** Ids that were checked: none holds a line break. */
  readonly ids?: { readonly joined: string; readonly count: number };
  readonly matrix?: { readonly values: Float32Array; readonly ends: Uint32Array };
  readonly columns?: ParsedVectors;
  /** Of JSON lines: the number of each vector's line, from 1. */
  readonly lines?: Uint32Array;
}

/**
 * @param bytes the body, of any length
 * @param budget how many elements and fields may be read
 * @throws TooManyParts when there are more
 * @throws VoisinError invalid_argument naming the field, or the byte at which it is no JSON
 */
export function parseBody(bytes: Buffer, plan: BodyPlan, limits: ParseLimits, budget?: number): ParsedBody {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `body: ${problem}`, { field: 'body' });
  const reader = new JsonReader(withoutMark(bytes), budget);
  // Nothing of these bodies is kept, and services whose routes they are for ignore fields that they do not know.
  reader.exactNumbers = plan !== 'texts';
  const kind = reader.kind();
  if (kind !== 'object') throw notAnObject(reader, kind);
  const fields: Record<string, unknown> = {};
  const vectors: Record<string, Float32Array> = {};
  let matrix: ParsedBody['matrix'];
  let columns: ParsedVectors | undefined;
  let ids: ParsedBody['ids'];
  let lists: Record<string, PackedStrings> | undefined;
  /** A field that comes twice counts as it came last, whatever it was before. */
  const setValue = (name: string, value: unknown): void => {
    if (lists !== undefined) delete lists[name];
    const packed = packedTexts(value);
    if (packed === undefined) setField(fields, name, value);
    else {
      delete fields[name];
      lists = { ...lists, [name]: packed };
    }
  };
  const fieldReader = new FieldReader(reader, limits);
  let last = '';
  const readOne = (name: string): void => {
    last = name;
    fieldReader.count(name);
    if (plan === 'texts') {
      setValue(name, fieldReader.inputs(name));
    } else if (plan !== 'plain' && isVectorField(name) && reader.skipNull()) {
      if (name === 'vectors') matrix = columns = undefined;
      else delete vectors[name];
      setValue(name, null);
    } else if (plan !== 'plain' && (name === 'vector' || name === 'values')) {
      vectors[name] = readVector(reader, name, limits);
    } else if (name === 'vectors' && plan === 'matrix') {
      matrix = readMatrix(reader, limits);
    } else if (name === 'vectors' && plan === 'vectors') {
      columns = readColumns(reader, limits);
    } else if (name === 'ids' && plan === 'plain' && reader.kind() === 'array') {
      ids = fieldReader.ids();
    } else if (name === 'text') {
      setValue(name, fieldReader.text(name));
    } else {
      setValue(name, name === 'texts' ? fieldReader.list(name) : fieldReader.value(name));
    }
  };
  try {
    reader.readObject(readOne);
    reader.end();
  } catch (error) {
    throw error instanceof VoisinError ? withFields(error, [...Object.keys(fields), last.slice(0, 100)]) : error;
  }
  return {
    fields,
    vectors,
    ...(lists === undefined ? {} : { lists }),
    ...(ids === undefined ? {} : { ids }),
    ...(matrix === undefined ? {} : { matrix }),
    ...(columns === undefined ? {} : { columns }),
  };
}

/** From here on many texts are handed over as one. */
const manyTexts = 64;

function packedTexts(value: unknown): PackedStrings | undefined {
  if (!Array.isArray(value) || value.length < manyTexts) return undefined;
  return value.every((one) => typeof one === 'string') ? packStrings(value) : undefined;
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

const isVectorField = (name: string): boolean => name === 'vector' || name === 'values' || name === 'vectors';

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
export function buffersOf({ vectors, matrix, columns, lists = {}, lines }: ParsedBody): ArrayBuffer[] {
  const lengths = [columns?.texts, ...Object.values(lists)].map((list) => list?.lengths);
  const ofColumns = [columns?.values, columns?.ends, columns?.refusedAt];
  const arrays = [...Object.values(vectors), matrix?.values, matrix?.ends, ...ofColumns, ...lengths, lines];
  return arrays.flatMap((array) => (array !== undefined && array.buffer instanceof ArrayBuffer ? [array.buffer] : []));
}

function notAnObject(reader: JsonReader, kind: string): VoisinError {
  if (kind === 'none') return new VoisinError('invalid_argument', 'body: expected a JSON object, got nothing');
  if (kind === 'array') reader.skipValue();
  else reader.describeValue();
  reader.end();
  return new VoisinError(
    'invalid_argument',
    `body: expected a JSON object, got ${kind === 'literal' ? 'a literal' : `${article(kind)} ${kind}`}`,
  );
}

const article = (kind: string): string => (kind === 'array' ? 'an' : 'a');

function readVector(reader: JsonReader, field: string, { maxDimension }: ParseLimits): Float32Array {
  requireArray(reader, field, 'an array of numbers');
  const sink = new FloatSink();
  refuseProblem(readNumbers(reader, sink, maxDimension), field);
  return sink.take();
}

function readMatrix(reader: JsonReader, { maxDimension, maxQueries }: ParseLimits): NonNullable<ParsedBody['matrix']> {
  requireArray(reader, 'vectors', 'an array of arrays of numbers');
  const { length } = reader.bytes;
  const sink = new FloatSink(Math.ceil(length / 10), () => reader.at / length);
  const ends: number[] = [];
  const count = reader.readArray((index) => {
    const field = `vectors[${index}]`;
    requireArray(reader, field, 'an array of numbers');
    refuseProblem(readNumbers(reader, sink, maxDimension), field);
    ends.push(sink.length);
  }, maxQueries);
  refuseCount(count, maxQueries, 'queries');
  return { values: sink.take(), ends: Uint32Array.from(ends) };
}

function readColumns(reader: JsonReader, limits: ParseLimits): ParsedVectors {
  requireArray(reader, 'vectors', 'an array of {id, values, metadata?, text?}');
  const vectors = new VectorsReader(reader, limits);
  const count = reader.readArray((index) => {
    vectors.read((field) => `vectors[${index}].${field}`);
  }, limits.maxItems);
  refuseCount(count, limits.maxItems, 'vectors');
  return vectors.take();
}

function refuseCount(count: number, most: number, what: string): void {
  if (count <= most) return;
  throw new VoisinError('invalid_argument', `vectors: expected at most ${most} ${what}, got ${count}`, { field: 'vectors' });
}

function requireArray(reader: JsonReader, field: string, expected: string): void {
  if (reader.kind() === 'array') return;
  throw new VoisinError('invalid_argument', `${field}: expected ${expected}, got ${reader.describeValue()}`, { field });
}

function refuseProblem(problem: NumbersProblem | undefined, vector: string): void {
  if (problem === undefined) return;
  const [place = ''] = /^\[\d+\]/.exec(problem) ?? [];
  throw new VoisinError('invalid_argument', `${vector}${problem}`, { field: `${vector}${place}` });
}
