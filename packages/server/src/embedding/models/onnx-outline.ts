// What an ONNX file says of itself beside its numbers: operators, outputs, and where it keeps weights outside. Large weights are passed over unread.
// Field numbers are those of onnx.proto.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import Pbf from 'pbf';
import { fileIdentity } from '../file-identity.js';

export interface OnnxOutput {
  readonly name: string;
  /** Undefined where the file does not say. */
  readonly rank: number | undefined;
  /** Values in its last dimension, where the file has a number there. */
  readonly width: number | undefined;
}

export interface OnnxOutline {
  readonly operators: ReadonlySet<string>;
  /** Files with weights, relative to the folder of the ONNX file. */
  readonly locations: ReadonlySet<string>;
  readonly outputs: readonly OnnxOutput[];
}

interface Found {
  readonly operators: Set<string>;
  readonly locations: Set<string>;
  readonly outputs: OnnxOutput[];
}

/** A tensor that is larger has its numbers in the file: where they lie outside, it says little more than their place. */
const LARGE_TENSOR = 64 * 1024;
/** What lies between two large tensors is mostly less. */
const WINDOW = 8 * 1024;
/** Two varints of ten bytes each are the longest beginning of a field. */
const FIELD_HEAD = 20;

const known = new LRUCache<string, OnnxOutline>({ max: 256 });

/** Empty for a file that cannot be read, is cut or is no ONNX file: whoever loads it will say so. Read once while the file stays what it is. */
export async function outlineOf(path: string): Promise<OnnxOutline> {
  const key = `${path} ${await fileIdentity([path])}`;
  const outline = known.get(key);
  if (outline) return outline;
  try {
    const read = readOutline(path);
    known.set(key, read);
    return read;
  } catch {
    return { operators: new Set(), locations: new Set(), outputs: [] };
  }
}

/** At once: some hundred short reads take a few milliseconds, and a start would wait at each of them for all that goes on beside. */
function readOutline(path: string): OnnxOutline {
  const found: Found = { operators: new Set(), locations: new Set(), outputs: [] };
  const file = openSync(path, 'r');
  try {
    readModel(new FileFields(file), fstatSync(file).size, found);
  } finally {
    closeSync(file);
  }
  return found;
}

function readModel(fields: FileFields, size: number, found: Found): void {
  for (const { field, start, end } of fields.between(0, size)) {
    if (field === 7) readMainGraph(fields, start, end, found);
    else if (field === 25) readPart(readFunction, fields.bytes(start, end), found);
  }
}

function readMainGraph(fields: FileFields, from: number, to: number, found: Found): void {
  for (const { field, start, end } of fields.between(from, to)) {
    if (field === 5 && end - start > LARGE_TENSOR) continue;
    const read = field === 12 ? readOutput : readers.get(field);
    if (read) readPart(read, fields.bytes(start, end), found);
  }
}

type Read = (field: number, found: Found, pbf: Pbf) => void;

function readPart(read: Read, bytes: Uint8Array, found: Found): void {
  const pbf = new Pbf(bytes);
  pbf.readFields(read, found);
  // Pbf reads nothing where there is nothing, and goes on.
  if (pbf.pos !== bytes.length) throw new Error('cut');
}

const readFunction: Read = (field, found, pbf) => {
  if (field === 7) pbf.readMessage(readNode, found);
};

const readGraph: Read = (field, found, pbf) => {
  const read = readers.get(field);
  if (read) pbf.readMessage(read, found);
};

const readNode: Read = (field, found, pbf) => {
  if (field === 4) found.operators.add(pbf.readString());
  else if (field === 5) pbf.readMessage(readAttribute, found);
};

const readAttribute: Read = (field, found, pbf) => {
  if (field === 5 || field === 10) pbf.readMessage(readTensor, found);
  else if (field === 6 || field === 11) pbf.readMessage(readGraph, found);
  else if (field === 22 || field === 23) pbf.readMessage(readSparseTensor, found);
};

const readSparseTensor: Read = (field, found, pbf) => {
  if (field === 1 || field === 2) pbf.readMessage(readTensor, found);
};

const readTensor: Read = (field, found, pbf) => {
  if (field !== 13) return;
  const { key, value } = pbf.readMessage(readEntry, { key: '', value: '' });
  if (key === 'location') found.locations.add(value);
};

function readEntry(field: number, entry: { key: string; value: string }, pbf: Pbf): void {
  if (field === 1) entry.key = pbf.readString();
  else if (field === 2) entry.value = pbf.readString();
}

/** What a graph is made of, by the field that holds it. */
const readers: ReadonlyMap<number, Read> = new Map([
  [1, readNode],
  [5, readTensor],
  [15, readSparseTensor],
]);

const readOutput: Read = (field, { outputs }, pbf) => {
  if (field === 1) outputs.push({ name: pbf.readString(), rank: undefined, width: undefined });
  else if (field === 2) {
    const dimensions: (number | undefined)[] = [];
    const hasShape = pbf.readMessage(readType, { dimensions, hasShape: false }).hasShape;
    const last = outputs.pop();
    if (last && hasShape) outputs.push({ name: last.name, rank: dimensions.length, width: dimensions.at(-1) || undefined });
    else if (last) outputs.push(last);
  }
};

interface Shape {
  readonly dimensions: (number | undefined)[];
  hasShape: boolean;
}

/** TypeProto's tensor_type, its shape, that one's dimensions: a number each, or a word. */
function readType(field: number, shape: Shape, pbf: Pbf): void {
  if (field === 1) pbf.readMessage(readTensorType, shape);
}

function readTensorType(field: number, shape: Shape, pbf: Pbf): void {
  if (field !== 2) return;
  shape.hasShape = true;
  pbf.readMessage(readShape, shape);
}

function readShape(field: number, { dimensions }: Shape, pbf: Pbf): void {
  if (field !== 1) return;
  dimensions.push(undefined);
  pbf.readMessage(readDimension, dimensions);
}

function readDimension(field: number, dimensions: (number | undefined)[], pbf: Pbf): void {
  if (field === 1) dimensions[dimensions.length - 1] = pbf.readVarint();
}

interface Field {
  readonly field: number;
  /** Where its content begins and ends in the file. */
  readonly start: number;
  readonly end: number;
}

/** Bytes before a field's content, and bytes of that. */
function readHead(bytes: Uint8Array): { tag: number; head: number; length: number } {
  const pbf = new Pbf(bytes);
  const tag = pbf.readVarint();
  const wire = tag % 8;
  if (wire === 0) pbf.readVarint();
  const length = wire === 2 ? pbf.readVarint() : { 0: 0, 1: 8, 5: 4 }[wire];
  if (length === undefined) throw new Error('no protocol buffer');
  return { tag, head: pbf.pos, length };
}

/** The fields of messages in a file, found without reading what they hold. */
class FileFields {
  readonly #file: number;
  #room = Buffer.alloc(WINDOW);
  #window = Buffer.alloc(0);
  #windowStart = 0;

  /** @param file a descriptor */
  constructor(file: number) {
    this.#file = file;
  }

  /** Those with a length; numbers are passed over. */
  *between(start: number, end: number): Generator<Field> {
    for (let at = start; at < end;) {
      const { tag, head, length } = readHead(this.bytes(at, Math.min(at + FIELD_HEAD, end)));
      const begins = at + head;
      at = begins + length;
      if (at > end) throw new Error('cut');
      if (tag % 8 === 2) yield { field: Math.floor(tag / 8), start: begins, end: at };
    }
  }

  /** Good until the next call. */
  bytes(start: number, end: number): Uint8Array {
    const from = start - this.#windowStart;
    if (from < 0 || end > this.#windowStart + this.#window.length) {
      if (end - start > this.#room.length) this.#room = Buffer.alloc(end - start);
      const read = readSync(this.#file, this.#room, 0, this.#room.length, start);
      if (read < end - start) throw new Error('cut');
      this.#window = this.#room.subarray(0, read);
      this.#windowStart = start;
    }
    return this.#window.subarray(start - this.#windowStart, end - this.#windowStart);
  }
}
