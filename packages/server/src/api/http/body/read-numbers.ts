// Arrays of numbers from JSON text straight into float32, each what Math.fround(JSON.parse(text)) gives.

import type { FloatSink } from './float-sink.js';
import type { JsonReader } from './json-reader.js';

const comma = 0x2c;
const minus = 0x2d;
const plus = 0x2b;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** What is wrong with an array of numbers, as the end of a message behind the array's name. */
export type NumbersProblem = string;

/**
 * An array of numbers into the sink. Each is what Math.fround(JSON.parse(text)) gives.
 * @param most numbers that any vector has: further ones are counted, and go nowhere
 * @returns the first element that is no float32 (null, "1", 1e39, NaN), or that there are too many, after moving past the whole array
 */
export function readNumbers(reader: JsonReader, sink: FloatSink, most: number): NumbersProblem | undefined {
  let problem: NumbersProblem | undefined;
  const { bytes } = reader;
  reader.expect(openBracket, '[');
  if (reader.skipSpace() === closeBracket) {
    reader.at++;
    return undefined;
  }
  for (let index = 0; ; index++) {
    reader.skipSpace();
    const start = reader.at;
    const value = readFloat(reader);
    if (index >= most) {
      if (value === undefined) reader.skipValue();
    } else if (value === undefined) {
      const kind = reader.kind();
      if (kind === 'literal' || kind === 'number') skipWord(reader);
      else reader.skipValue();
      problem ??= notFinite(index, shown(reader, start));
      sink.push(0);
    } else {
      if (value - value !== 0) problem ??= notFinite(index, shown(reader, start));
      sink.push(value);
    }
    let next = bytes[reader.at];
    if (next !== comma && next !== closeBracket) next = reader.skipSpace();
    reader.at++;
    if (next === closeBracket) return index < most ? problem : `: expected at most ${most} values (MAX_DIMENSION), got ${index + 1}`;
    if (next !== comma) throw reader.notJson(', or ]', reader.at - 1);
  }
}

const notFinite = (index: number, got: string): NumbersProblem => `[${index}]: expected a finite number that fits a float32, got ${got}`;

function shown({ bytes, at }: JsonReader, start: number): string {
  const text = bytes.toString('utf8', start, Math.min(at, start + 40));
  return at - start > 40 ? `${text}...` : text;
}

/** A bare word such as null or NaN: what JSON does not know is named as the value that it is not. */
function skipWord(reader: JsonReader): void {
  const start = reader.at;
  reader.skipScalar();
  const word = reader.bytes.toString('latin1', start, reader.at);
  if (!/^(null|true|false|[+-]?NaN|[+-]?Infinity)$/.test(word)) throw reader.notJson('a number', start);
}

/** @returns the float32 at the reader, Infinity when it is too large for one, undefined (and no move) when there is no number */
function readFloat(reader: JsonReader): number | undefined {
  const { bytes } = reader;
  const start = reader.at;
  let at = start;
  let byte = bytes[at] ?? 0;
  const negative = byte === minus;
  if (negative) byte = bytes[++at] ?? 0;
  if (byte < zero || byte > nine) return undefined;
  let digits = 0;
  let mantissa = 0;
  let exponent = 0;
  let dropped = false;
  if (byte === zero) {
    byte = bytes[++at] ?? 0;
    if (byte >= zero && byte <= nine) throw reader.notJson('a number without leading zeros');
  } else {
    do {
      if (digits < 15) {
        mantissa = mantissa * 10 + (byte - zero);
        digits++;
      } else {
        exponent++;
        dropped = true;
      }
      byte = bytes[++at] ?? 0;
    } while (byte >= zero && byte <= nine);
  }
  if (byte === point) {
    byte = bytes[++at] ?? 0;
    if (byte < zero || byte > nine) throw reader.notJson('a digit after the point', at);
    do {
      if (digits < 15) {
        mantissa = mantissa * 10 + (byte - zero);
        if (mantissa !== 0) digits++;
        exponent--;
      } else {
        dropped = true;
      }
      byte = bytes[++at] ?? 0;
    } while (byte >= zero && byte <= nine);
  }
  if (byte === 0x65 || byte === 0x45) {
    byte = bytes[++at] ?? 0;
    const down = byte === minus;
    if (down || byte === plus) byte = bytes[++at] ?? 0;
    if (byte < zero || byte > nine) throw reader.notJson('a digit in the exponent', at);
    let power = 0;
    do {
      if (power < 100_000) power = power * 10 + (byte - zero);
      byte = bytes[++at] ?? 0;
    } while (byte >= zero && byte <= nine);
    exponent += down ? -power : power;
  }
  reader.at = at;
  if (exponent >= -22 && exponent <= 22) {
    // Clinger's fast path: 15 digits and these powers are exact doubles, so one operation rounds once.
    const value = exponent < 0 ? mantissa / (powers[-exponent] ?? 1) : mantissa * (powers[exponent] ?? 1);
    const single = Math.fround(value);
    // Digits beyond the fifteenth move the value by at most 1e-14 of itself: that matters only beside a float32 tie.
    if (!dropped || Math.fround(value * (1 - 2e-14)) === Math.fround(value * (1 + 2e-14))) return negative ? -single : single;
  }
  return Math.fround(Number(bytes.toString('latin1', start, at)));
}
