// What an outside id may be: 1 to MAX_ID_BYTES bytes of text without control characters.

import { VoisinError } from '../errors.js';

// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** @returns what is wrong with the id ("expected ..., got ..."), or undefined when it is fine. */
export function vectorIdProblem(id: unknown, maxBytes: number): string | undefined {
  if (typeof id !== 'string')
    return `expected a string of 1 to ${maxBytes} bytes, got ${id === null ? 'null' : id === undefined ? 'nothing' : `the ${typeof id} ${clip(JSON.stringify(id))}`}`;
  if (id === '') return `expected a string of 1 to ${maxBytes} bytes, got an empty one`;
  // A UTF-16 unit is 1 to 3 bytes of UTF-8: most ids need no counting.
  if (id.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(id);
    if (bytes > maxBytes) return `expected at most ${maxBytes} bytes, got ${bytes}`;
  }
  const control = controlCharacter.exec(id);
  if (control !== null) {
    const unit = control[0].charCodeAt(0).toString(16).padStart(4, '0');
    return `expected no control characters, got U+${unit.toUpperCase()} at ${control.index}`;
  }
  // Two ids with different lone surrogates would become the same bytes on disk.
  return isWellFormed(id) ? undefined : 'expected well-formed Unicode, got half of a surrogate pair';
}

/** @throws VoisinError invalid_argument when no vector can have this id */
export function requireVectorId(id: string, maxBytes: number, field = 'id'): void {
  const problem = vectorIdProblem(id, maxBytes);
  if (problem !== undefined) throw new VoisinError('invalid_argument', `${field}: ${problem}`, { field });
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || !/\p{Surrogate}/u.test(text);
}

function clip(text: string | undefined): string {
  if (text === undefined) return '?';
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
