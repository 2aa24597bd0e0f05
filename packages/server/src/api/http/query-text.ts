// The query of a URL and what percent-encoding stands for in it. What is not UTF-8 is no text: it is refused by name, never taken for its own spelling.

import { VoisinError } from '../../errors.js';

/** A parameter whose bytes are not UTF-8. */
export class NotUtf8 {
  constructor(readonly raw: string) {}
}

export type QueryValue = string | NotUtf8;

/** A parameter that was sent several times has an array. An object without a prototype: `__proto__` is a name like others. */
export function parseQuery(text: string): Record<string, QueryValue | QueryValue[]> {
  const query: Record<string, QueryValue | QueryValue[]> = Object.create(null);
  if (text === '') return query;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = name instanceof NotUtf8 ? name : equals === -1 ? '' : decode(part.slice(equals + 1));
    const key = name instanceof NotUtf8 ? name.raw : name;
    const before = query[key];
    query[key] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return query;
}

/** @returns invalid_argument naming the parameter or the part of the path */
export function notUtf8(field: string, raw: string): VoisinError {
  const shown = raw.length > 60 ? `${raw.slice(0, 60)}...` : raw;
  return new VoisinError('invalid_argument', `${field}: expected UTF-8 in valid percent-encoding, got ${JSON.stringify(shown)}`, { field });
}

export function isEncodedUtf8(raw: string): boolean {
  return !(decode(raw) instanceof NotUtf8);
}

function decode(raw: string): QueryValue {
  const text = raw.includes('+') ? raw.replaceAll('+', ' ') : raw;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return new NotUtf8(raw);
  }
}
