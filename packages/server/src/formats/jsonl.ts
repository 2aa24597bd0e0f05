// JSON lines: one vector a line, {"id", "values", "metadata"?, "text"?}. Read a line at a time, so no file is too large.
import { VoisinError } from '../errors.js';
import { float32ToJson } from './float-text.js';

/** One line. `metadata` is the JSON text of an object, '{}' when there was none. One of `values` and `text` at least is there. */
export interface JsonlRecord {
  readonly line: number;
  readonly id: string;
  readonly values?: Float32Array;
  readonly metadata: string;
  readonly text?: string;
}

export interface ReadJsonlOptions {
  /** Longer lines are an error. Default: 4 MB. */
  readonly maxLineBytes?: number;
  /** At most so many records a batch (1000), from lines of some 4 MB together. */
  readonly batchRows?: number;
}

const newline = 0x0a;
const maxBatchBytes = 4 * 2 ** 20;
const sliceMilliseconds = 5;
const fields = ['id', 'values', 'metadata', 'text'];

/** Reads records in batches. Throws invalid_argument that names the line (from 1). Blank lines are passed over; values are checked to be numbers, not for their count. */
export async function* readJsonl(chunks: AsyncIterable<Uint8Array>, options: ReadJsonlOptions = {}): AsyncGenerator<JsonlRecord[]> {
  const { maxLineBytes = 4 * 2 ** 20, batchRows = 1000 } = options;
  let batch: JsonlRecord[] = [];
  let batchBytes = 0;
  let line = 0;
  let sliceEnd = performance.now() + sliceMilliseconds;
  for await (const bytes of linesOf(chunks, maxLineBytes)) {
    const record = parseLine(bytes, ++line);
    if (record) {
      batch.push(record);
      batchBytes += bytes.length;
    }
    if (batch.length >= batchRows || batchBytes >= maxBatchBytes) {
      yield batch;
      batch = [];
      batchBytes = 0;
    }
    if (performance.now() < sliceEnd) continue;
    // Other requests run between two slices.
    await new Promise(setImmediate);
    sliceEnd = performance.now() + sliceMilliseconds;
  }
  if (batch.length > 0) yield batch;
}

// Cut at the newline's byte, before decoding: in UTF-8 that byte is nothing else, and no character is torn.
async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let line = 1;
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length > maxLineBytes) throw wrong(line, `has more than ${maxLineBytes} bytes, which is the most that is accepted`);
    if (part.length > 0) parts.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      yield joined(parts);
      parts = [];
      length = 0;
      line++;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

function parseLine(bytes: Uint8Array, line: number): JsonlRecord | undefined {
  const json = decode(bytes, line);
  if (json.trim() === '') return undefined;
  const value = parseJson(json, line);
  if (!isObject(value)) throw wrong(line, `must be an object with ${fields.join(', ')}; got ${JSON.stringify(value).slice(0, 40)}`);
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  if (unknown !== undefined)
    throw wrong(line, `has the unknown field ${JSON.stringify(unknown.slice(0, 64))}; accepted: ${fields.join(', ')}`);
  const own = (name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined);
  const id = own('id');
  if (typeof id !== 'string') throw wrong(line, `needs an id that is a string; got ${JSON.stringify(id)?.slice(0, 40) ?? 'none'}`, 'id');
  const metadata = own('metadata');
  if (metadata !== undefined && !isObject(metadata))
    throw wrong(line, `needs metadata that is an object; got ${JSON.stringify(metadata).slice(0, 40)}`, 'metadata');
  const text = own('text');
  if (text !== undefined && typeof text !== 'string')
    throw wrong(line, `needs a text that is a string; got ${JSON.stringify(text).slice(0, 40)}`, 'text');
  const values = own('values');
  if (values === undefined && text === undefined) throw wrong(line, 'has neither values nor text', 'values');
  return {
    line,
    id,
    metadata: metadata === undefined ? '{}' : JSON.stringify(metadata),
    ...(values !== undefined && { values: toFloat32(values, line) }),
    ...(text !== undefined && { text }),
  };
}

function decode(bytes: Uint8Array, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw wrong(line, 'is not UTF-8', undefined, cause);
  }
}

function parseJson(json: string, line: number): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw wrong(line, `is not JSON: ${cause instanceof Error ? cause.message.slice(0, 120) : ''}`, undefined, cause);
  }
}

function toFloat32(values: unknown, line: number): Float32Array {
  if (!Array.isArray(values))
    throw wrong(line, `needs values that are an array of numbers; got ${JSON.stringify(values).slice(0, 40)}`, 'values');
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value !== 'number')
      throw wrong(line, `has ${JSON.stringify(value).slice(0, 40)} as values[${i}]; accepted: a number`, `values[${i}]`);
    result[i] = value;
    if (!Number.isFinite(result[i])) throw wrong(line, `has ${value} as values[${i}]; accepted: a finite float32`, `values[${i}]`);
  }
  return result;
}

function wrong(line: number, message: string, field?: string, cause?: unknown): VoisinError {
  return new VoisinError('invalid_argument', `line ${line} ${message}`, { line, field: field ?? `line ${line}` }, { cause });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes records as lines, in chunks of some 64 KB. `metadata` is an object. */
export async function* writeJsonl(
  records: AsyncIterable<{ readonly id: string; readonly values: Float32Array; readonly metadata: object; readonly text?: string }>,
): AsyncGenerator<Uint8Array> {
  let chunk = '';
  for await (const { id, values, metadata, text } of records) {
    const last = text === undefined ? '' : `,"text":${JSON.stringify(text)}`;
    chunk += `{"id":${JSON.stringify(id)},"values":${float32ToJson(values)},"metadata":${JSON.stringify(metadata)}${last}}\n`;
    if (chunk.length < 65_536) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}
