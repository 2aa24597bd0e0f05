// Checks of arguments. FAISS ends the process on many bad ones, so none may reach it.
import { rangeError, shown, typeError } from './errors.js';
import { maxEf, maxElements, maxResults, maxThreads } from './limits.js';
import type { Metric, SearchOptions, ThreadOptions } from './types.js';

export function integer(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw typeError(`${name} must be a number, not ${shown(value)}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw rangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}

function optionalInteger(value: unknown, name: string, min: number, max: number): number {
  return value === undefined ? 0 : integer(value, name, min, max);
}

/** The array itself, or a copy where another thread could change or unmap the memory during the call. */
function stable<T extends Float32Array | BigInt64Array | Uint8Array>(array: T, name: string): T {
  const buffer: ArrayBufferLike & { readonly detached?: boolean; readonly resizable?: boolean } = array.buffer;
  if (buffer.detached === true) throw typeError(`${name} has been transferred to another thread: its memory is gone`);
  const changes = buffer instanceof SharedArrayBuffer || buffer.resizable === true;
  return changes ? (array.slice() as T) : array;
}

/** Rows of `dimension` floats, one row at least unless `empty`. */
export function vectors(value: unknown, name: string, dimension: number, options: { empty?: boolean } = {}): Float32Array {
  if (!(value instanceof Float32Array)) throw typeError(`${name} must be a Float32Array, not ${shown(value)}`);
  if (value.length > maxElements) throw rangeError(`${name} has ${value.length} floats; at most ${maxElements} are accepted in one call`);
  if (value.length % dimension !== 0 || (value.length === 0 && options.empty !== true)) {
    throw rangeError(`${name} has ${value.length} floats, which is not a multiple of the dimension ${dimension}`);
  }
  return stable(value, name);
}

export function ids(value: unknown, count?: number): BigInt64Array {
  if (!(value instanceof BigInt64Array)) throw typeError(`ids must be a BigInt64Array, not ${shown(value)}`);
  if (count !== undefined && value.length !== count) throw rangeError(`ids has ${value.length} elements for ${count} vectors`);
  const checked = stable(value, 'ids');
  if (count !== undefined && checked.some((id) => id < 0n)) throw rangeError('ids must not be negative: -1 stands for no result');
  return checked;
}

export function bytes(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw typeError(`${name} must be a Uint8Array, not ${shown(value)}`);
  return stable(value, name);
}

export function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw typeError(`${name} must be a string, not ${shown(value)}`);
  return value;
}

export function path(value: unknown): string {
  const text = string(value, 'path');
  if (text.length === 0 || text.includes('\0')) throw rangeError('path must not be empty nor hold a null character');
  return text;
}

export function metric(value: unknown): Metric {
  if (value !== 'l2' && value !== 'ip') throw rangeError(`metric must be "l2" or "ip", not ${shown(value)}`);
  return value;
}

export function resultCount(queries: number, k: unknown): number {
  const count = integer(k, 'k', 1, maxResults);
  if (count * queries > maxResults)
    throw rangeError(`k times the queries is ${count * queries}; at most ${maxResults} results are made in one call`);
  return count;
}

export function label(value: unknown): bigint {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw rangeError(`label must be a whole number or a bigint, not ${value}`);
    return BigInt(value);
  }
  if (typeof value !== 'bigint') throw typeError(`label must be a number or a bigint, not ${shown(value)}`);
  if (BigInt.asIntN(64, value) !== value) throw rangeError(`label must fit 64 bits, not ${shown(value)}`);
  return value;
}

function options<T extends object>(value: T | undefined, name: string): T | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null) throw typeError(`${name} must be an object, not ${shown(value)}`);
  return value;
}

export function threads(value: ThreadOptions | undefined): number {
  return optionalInteger(options(value, 'options')?.threads, 'threads', 1, maxThreads);
}

/** selector, efSearch, nprobe and exact in the order in which the addon takes them. */
export function searchOptions(value: SearchOptions | undefined): [Uint8Array | undefined, number, number, boolean] {
  const given = options(value, 'options') ?? {};
  return [
    given.selector === undefined ? undefined : bytes(given.selector, 'selector'),
    optionalInteger(given.efSearch, 'efSearch', 1, maxEf),
    optionalInteger(given.nprobe, 'nprobe', 1, maxEf),
    toggle(given.exact, 'exact') ?? false,
  ];
}

/** A boolean that may be left out. */
export function toggle(value: boolean | undefined, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw typeError(`${name} must be true or false, not ${shown(value)}`);
}
