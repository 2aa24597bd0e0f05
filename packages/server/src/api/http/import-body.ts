// A stream in one of the import formats to batches for the operation, a bounded piece at a time.

import { VoisinError } from '../../errors.js';
import { readFvecs, readNpy, type RowBatch, type UnfitValue } from '../../formats/index.js';
import type { ImportBatch } from '../../operations/index-import.js';
import { type Refused, VectorColumns } from '../../operations/vector-columns.js';
import { vectorIdProblem } from '../../operations/vector-id.js';
import type { BodyReader } from './body/body-reader.js';

export const formats = ['jsonl', 'npy', 'fvecs'] as const;
export type Format = (typeof formats)[number];

export interface ImportOptions {
  readonly format: Format;
  readonly dimension: number;
  /** .npy and .fvecs have no ids: a vector's id is this and its row number. */
  readonly idPrefix: string;
  /** The number of the first row. */
  readonly start: number;
  readonly maxIdBytes: number;
}

const newline = 0x0a;
/** Lines are handed on in pieces of about this size, and a single line may be no longer than `maxLineBytes`. */
const pieceBytes = 2 * 1024 * 1024;
const maxLineBytes = 16 * 1024 * 1024;
/** Of a piece: lines may be short, or empty objects. */
const maxPieceLines = 20_000;

/** @throws VoisinError invalid_argument, while iterated, when the file is not what its format says */
export function importBatches(stream: AsyncIterable<Uint8Array>, options: ImportOptions, reader: BodyReader): AsyncIterable<ImportBatch> {
  const { format, dimension } = options;
  if (format === 'jsonl') return ahead(fromLines(stream, reader));
  return ahead(fromRows(format === 'npy' ? readNpy(stream, { dimension }) : readFvecs(stream, { dimension }), options));
}

/** Reads and parses the next batch while the one before is being stored: one in hand, one in the making. */
async function* ahead<T>(batches: AsyncGenerator<T>): AsyncGenerator<T> {
  const take = (): Promise<{ readonly step: IteratorResult<T> } | { readonly error: unknown }> =>
    batches.next().then(
      (step) => ({ step }),
      (error: unknown) => ({ error }),
    );
  let next = take();
  try {
    for (;;) {
      const taken = await next;
      if ('error' in taken) throw taken.error;
      if (taken.step.done === true) return;
      next = take();
      yield taken.step.value;
    }
  } finally {
    // A batch that is being read ends by itself; nobody takes it.
    void next.then(() => batches.return(undefined));
  }
}

async function* fromLines(stream: AsyncIterable<Uint8Array>, reader: BodyReader): AsyncGenerator<ImportBatch> {
  let first = 0;
  let line = 1;
  for await (const { bytes, count } of wholeLines(stream)) {
    const { columns, lines } = await reader.readLines(bytes, line);
    const before = first;
    yield { first, columns, label: (position, problem) => `line ${lines[position - before] ?? '?'}: ${problem.replace(/^(\.|: )/, '')}` };
    first += columns.count;
    line += count;
  }
}

/** Pieces of whole lines, each in a buffer of its own, with the number of their lines. */
async function* wholeLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<{ bytes: Uint8Array; count: number }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    parts.push(chunk);
    length += chunk.length;
    if (length < pieceBytes) continue;
    const cut = chunk.lastIndexOf(newline) + 1;
    if (cut === 0) {
      if (length > maxLineBytes) throw new VoisinError('invalid_argument', `line: expected at most ${maxLineBytes} bytes, got more`);
      continue;
    }
    const rest = chunk.subarray(cut);
    yield* inLines(joined(parts, length - rest.length));
    parts = rest.length === 0 ? [] : [rest];
    length = rest.length;
  }
  if (length > 0) yield* inLines(joined(parts, length));
}

/** A piece as it is, or in several where it has very many lines. */
function* inLines(piece: { bytes: Uint8Array; count: number }): Generator<{ bytes: Uint8Array; count: number }> {
  if (piece.count <= maxPieceLines) {
    yield piece;
    return;
  }
  const { bytes } = piece;
  let [start, count] = [0, 0];
  for (let found = bytes.indexOf(newline); found !== -1; found = bytes.indexOf(newline, found + 1)) {
    if (++count < maxPieceLines) continue;
    yield { bytes: bytes.slice(start, found + 1), count };
    [start, count] = [found + 1, 0];
  }
  if (start < bytes.length) yield { bytes: bytes.slice(start), count };
}

function joined(parts: readonly Uint8Array[], length: number): { bytes: Uint8Array; count: number } {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    const piece = part.subarray(0, length - at);
    bytes.set(piece, at);
    at += piece.length;
  }
  let count = 0;
  for (let found = bytes.indexOf(newline); found !== -1; found = bytes.indexOf(newline, found + 1)) count++;
  return { bytes, count };
}

async function* fromRows(
  batches: AsyncIterable<RowBatch>,
  { dimension, idPrefix, start, maxIdBytes }: ImportOptions,
): AsyncGenerator<ImportBatch> {
  let first = 0;
  for await (const { values, unfit } of batches) {
    const count = values.length / dimension;
    const ids = Array.from({ length: count }, (_, i) => `${idPrefix}${start + first + i}`);
    const ends = Uint32Array.from({ length: count }, (_, i) => (i + 1) * dimension);
    const metadata = ids.map(() => '{}');
    const refused = refusals(unfit, ids, maxIdBytes);
    const refusedAt = Uint32Array.from(refused, ({ position }) => position);
    const columns = new VectorColumns({ values, ends, ids, metadata, refused, refusedAt });
    yield { first, columns, label: (position, problem) => `row ${position}: ${problem.replace(/^(\.|: )/, '')}` };
    first += count;
  }
}

function refusals(unfit: readonly UnfitValue[], ids: readonly string[], maxIdBytes: number): Refused[] {
  const values = unfit.map((one) => refusal(one, ids[one.row] ?? ''));
  if (vectorIdProblem(ids.at(-1), maxIdBytes) === undefined) return values;
  // Ids become longer from row to row: those past the first that is too long are too.
  const first = ids.findIndex((id) => vectorIdProblem(id, maxIdBytes) !== undefined);
  const tooLong = ids.slice(first).map((id, at) => ({ position: first + at, id, error: `.id: ${vectorIdProblem(id, maxIdBytes)}` }));
  return [...values.filter(({ position }) => position < first), ...tooLong];
}

function refusal({ row, column, value }: UnfitValue, id: string): Refused {
  const expected = Number.isFinite(value) ? 'a number that fits a float32' : 'a finite number';
  return { position: row, id, error: `.values[${column}]: expected ${expected}, got ${value}` };
}

/** @throws VoisinError invalid_argument naming the query parameter */
export function takeImportOptions(query: Readonly<Record<string, unknown>>, maxIdBytes: number): Omit<ImportOptions, 'dimension'> {
  const idPrefix = query['id_prefix'] ?? '';
  const start = query['start'] ?? '0';
  if (typeof start !== 'string' || !/^\d{1,15}$/.test(start)) {
    throw new VoisinError('invalid_argument', `start: expected a number of at most 15 digits, got ${JSON.stringify(start)}`, {
      field: 'start',
    });
  }
  const problem = vectorIdProblem(`${String(idPrefix)}${Number(start)}`, maxIdBytes);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `id_prefix: ${problem}`, { field: 'id_prefix' });
  return { format: takeFormat(query), idPrefix: String(idPrefix), start: Number(start), maxIdBytes };
}

/** @throws VoisinError invalid_argument */
export function takeFormat({ format = 'jsonl' }: Readonly<Record<string, unknown>>): Format {
  const known = formats.find((one) => one === format);
  if (known !== undefined) return known;
  const got = JSON.stringify(format)?.slice(0, 60) ?? 'nothing';
  throw new VoisinError('invalid_argument', `format: expected one of ${formats.join(', ')}, got ${got}`, { field: 'format' });
}
