// Walks the bytes of a JSON text. Numbers of vectors go straight into float32; everything else is found here and read by JSON.parse.

import { VoisinError } from '../../../errors.js';
import { isExactNumber, surrogateEnd } from '../../../formats/index.js';

/** Deeper bodies are refused: nothing that people store is so deep, and a walk over it must not end the stack. */
export const maxDepth = 64;

/** A longer value is not shown in a message: what is wrong with it is what it is. */
const shownBytes = 1024;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const plus = 0x2b;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const letterE = 0x65;
const letterN = 0x6e;
const letterU = 0x75;

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine;
const isBracket = (byte: number): boolean => byte === openBracket || byte === closeBracket || byte === openBrace || byte === closeBrace;

export type ValueKind = 'object' | 'array' | 'string' | 'number' | 'literal' | 'none';

/** Thrown where a body has more parts than its reader may read: it is read again, whole, where that holds nobody up. */
export class TooManyParts extends Error {}

export class JsonReader {
  readonly bytes: Buffer;
  at = 0;
  /** Objects, lists and fields of objects that were skipped so far. */
  parts = 0;
  /** Items of lists, and fields of objects, beyond the first of each, that were skipped so far. */
  commas = 0;
  /** Whether numbers in objects and lists must be those that JSON.parse makes of them. */
  exactNumbers = true;
  /** The first thing in the value read last that would not be kept as it was sent: "expected ..., got ... at byte 7". */
  flaw: string | undefined;
  #budget: number;

  /** @param budget how many elements, fields and parts of skipped values may be read */
  constructor(bytes: Buffer, budget = Infinity) {
    this.bytes = bytes;
    this.#budget = budget;
  }

  /** What the next value is, by its first byte. */
  kind(): ValueKind {
    switch (this.skipSpace()) {
      case openBrace:
        return 'object';
      case openBracket:
        return 'array';
      case quote:
        return 'string';
      case undefined:
        return 'none';
      default: {
        const byte = this.bytes[this.at] ?? 0;
        return byte === minus || isDigit(byte) ? 'number' : 'literal';
      }
    }
  }

  /** Calls `field` for each key, standing before its value; `field` must move past it. */
  readObject(field: (name: string) => void): void {
    this.expect(openBrace, '{');
    if (this.skipSpace() === closeBrace) {
      this.at++;
      return;
    }
    for (;;) {
      if (--this.#budget < 0) throw new TooManyParts();
      if (this.skipSpace() !== quote) throw this.notJson('a key in quotes');
      const name = this.readString();
      this.expect(colon, ':');
      field(name);
      const next = this.skipSpace();
      this.at++;
      if (next === closeBrace) return;
      if (next !== comma) throw this.notJson(', or }', this.at - 1);
    }
  }

  /**
   * Calls `element` for each element, standing before it; `element` must move past it. Elements from `most` on are counted and skipped.
   * @returns how many elements there are
   */
  readArray(element: (index: number) => void, most = Infinity): number {
    this.expect(openBracket, '[');
    if (this.skipSpace() === closeBracket) {
      this.at++;
      return 0;
    }
    for (let index = 0; ; index++) {
      if (--this.#budget < 0) throw new TooManyParts();
      if (index < most) element(index);
      else this.skipValue();
      const next = this.skipSpace();
      this.at++;
      if (next === closeBracket) return index + 1;
      if (next !== comma) throw this.notJson(', or ]', this.at - 1);
    }
  }

  /** Whether the next value is null, which is read then. */
  skipNull(): boolean {
    if (this.skipSpace() !== letterN || this.bytes.toString('latin1', this.at, this.at + 4) !== 'null') return false;
    this.at += 4;
    return true;
  }

  readString(): string {
    const start = this.at;
    const plain = this.#skipString();
    const end = this.at;
    if (plain) return this.bytes.toString('utf8', start + 1, end - 1);
    return String(this.#parse(start, end));
  }

  /** Any value, by JSON.parse. Whoever keeps it, or looks for it, refuses it when it has a `flaw`. */
  readValue(): unknown {
    this.flaw = undefined;
    this.skipSpace();
    const start = this.at;
    this.skipValue();
    return this.#parse(start, this.at);
  }

  /** Any value whose text has at most `maxBytes`; a longer one is skipped, and its length given. */
  readShortValue(maxBytes: number): { readonly value: unknown } | { readonly bytes: number } {
    this.flaw = undefined;
    this.skipSpace();
    const start = this.at;
    this.skipValue();
    const bytes = this.at - start;
    return bytes > maxBytes ? { bytes } : { value: this.#parse(start, this.at) };
  }

  /** Moves past a value that is not the expected one. @returns how a message shows it: `an array of 3`, `an object`, `"text..."` */
  describeValue(): string {
    const kind = this.kind();
    if (kind === 'array') return `an array of ${this.readArray(() => undefined, 0)}`;
    if (kind === 'none') throw this.notJson('a value');
    const text = this.readShortValue(shownBytes);
    if (kind === 'object') return 'an object';
    if ('bytes' in text) return `a ${kind} of ${text.bytes} bytes`;
    const shown = JSON.stringify(text.value) ?? 'nothing';
    return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
  }

  /**
   * Moves past one value of any kind. Brackets and strings are followed; that the rest is JSON is for JSON.parse to say.
   * @throws VoisinError invalid_argument when it is nested too deep or the text ends in it
   */
  skipValue(): void {
    const { bytes } = this;
    const end = bytes.length;
    const first = this.skipSpace();
    if (first === quote) {
      this.#skipString();
      return;
    }
    if (first !== openBracket && first !== openBrace) {
      this.skipScalar();
      return;
    }
    let depth = 0;
    const partsBefore = this.parts;
    while (this.at < end) {
      const byte = bytes[this.at] ?? 0;
      if (byte === quote) {
        this.#skipString();
        continue;
      }
      if (isDigit(byte) || byte === minus) {
        this.#skipNumber();
        continue;
      }
      this.at++;
      if (byte === openBracket || byte === openBrace) {
        this.parts++;
        if (++depth > maxDepth) throw this.#tooDeep();
      } else if (byte === closeBracket || byte === closeBrace) {
        if (--depth > 0) continue;
        if ((this.#budget -= this.parts - partsBefore) < 0) throw new TooManyParts();
        return;
      } else if (byte === colon) {
        this.parts++;
      } else if (byte === comma) {
        this.commas++;
      }
    }
    throw this.notJson('the end of a value');
  }

  /** Nothing but space may follow. */
  end(): void {
    if (this.skipSpace() !== undefined) throw this.notJson('the end');
  }

  /** @returns the byte after white space, undefined at the end */
  skipSpace(): number | undefined {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.at];
    return byte;
  }

  expect(byte: number, name: string): void {
    if (this.skipSpace() !== byte) throw this.notJson(name);
    this.at++;
  }

  notJson(expected: string, at = this.at): VoisinError {
    const byte = this.bytes[at];
    const got = byte === undefined ? 'its end' : JSON.stringify(this.bytes.toString('utf8', at, Math.min(at + 8, this.bytes.length)));
    return new VoisinError('invalid_argument', `body: not JSON at byte ${at}: expected ${expected}, got ${got}`);
  }

  /** @returns whether the string has neither escapes nor raw control characters */
  #skipString(): boolean {
    const { bytes } = this;
    const end = bytes.length;
    let plain = true;
    for (let at = this.at + 1; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === quote) {
        this.at = at + 1;
        return plain;
      }
      if (byte === backslash) {
        plain = false;
        at++;
        if (bytes[at] === letterU) at = this.#skipUnit(at);
      } else if (byte < 0x20) {
        plain = false;
      }
    }
    this.at = end;
    throw this.notJson('the end of a string');
  }

  /** @returns the last byte of the character whose escape has its `u` at `at` */
  #skipUnit(at: number): number {
    const end = surrogateEnd(this.bytes, at);
    if (end !== undefined) return end;
    const half = this.bytes.toString('latin1', at - 1, at + 5);
    this.flaw ??= `expected whole characters, got half of a surrogate pair, ${half}, at byte ${at - 1}`;
    return at;
  }

  #skipNumber(): void {
    const { bytes, at: start } = this;
    const first = bytes[start] === minus ? start + 1 : start;
    let hasExponent = false;
    let pointAt = -1;
    let at = start + 1;
    for (let byte = bytes[at] ?? 0; ; byte = bytes[++at] ?? 0) {
      if (isDigit(byte)) continue;
      if (byte === point) pointAt = at;
      else if ((byte | 0x20) === letterE || byte === minus || byte === plus) hasExponent = true;
      else break;
    }
    this.at = at;
    if (!this.exactNumbers || this.flaw !== undefined) return;
    const digits = at - first - (pointAt === -1 ? 0 : 1) - (bytes[first] === zero ? 1 : 0);
    // Most numbers need no closer look.
    if (!hasExponent && (digits <= 15 || (digits <= 17 && pointAt !== -1 && pointAt - first <= 15))) return;
    const text = bytes.toString('latin1', start, at);
    if (isExactNumber(text)) return;
    const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
    this.flaw = `expected numbers that a double holds (integers up to 9007199254740991), got ${shown} at byte ${start}; send it as a string`;
  }

  /** Moves past a number or a bare word. */
  skipScalar(): void {
    const start = this.at;
    let byte = this.bytes[this.at];
    while (byte !== undefined && byte > 0x20 && byte !== comma && byte !== colon && byte !== quote && !isBracket(byte))
      byte = this.bytes[++this.at];
    if (this.at === start) throw this.notJson('a value');
  }

  #tooDeep(): VoisinError {
    return new VoisinError('invalid_argument', `body: expected at most ${maxDepth} levels of nesting, got more at byte ${this.at}`);
  }

  #parse(start: number, end: number): unknown {
    try {
      return JSON.parse(this.bytes.toString('utf8', start, end));
    } catch (error) {
      const why = error instanceof Error ? error.message : 'not JSON';
      throw new VoisinError('invalid_argument', `body: not JSON in the value at byte ${start}: ${why.slice(0, 120)}`);
    }
  }
}
