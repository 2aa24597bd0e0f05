// What JSON from outside must be so that every reader reads the same from it (I-JSON, RFC 7493): UTF-8, whole characters, numbers that a double
// holds. What is not so would change on its way through the server, or through the next program. It is refused instead, by place and reason.
import { isUtf8 } from 'node:buffer';

const backslash = 0x5c;
const letterU = 0x75;
/** Of UTF-8 that is looked through at once for its mistake. */
const windowBytes = 64 * 1024;
/** Up to here every decimal has a double of its own. */
const safeDigits = 15;
/** From here on JavaScript writes whole numbers with an exponent. */
const exponentFrom = 1e21;
/** Below, doubles have fewer digits. */
const leastNormal = 2 ** -1022;
/** Number.prototype.toPrecision takes no more. */
const maxPrecision = 100;

/** @returns what is wrong with bytes that should be UTF-8: "expected UTF-8, got ..."; undefined when nothing is */
export function utf8Problem(bytes: Buffer): string | undefined {
  if (isUtf8(bytes)) return undefined;
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(start + windowBytes, bytes.length);
    // A character is not cut: at most three bytes of it follow its first.
    for (let back = 0; back < 3 && end < bytes.length && isContinuation(bytes[end]); back++) end--;
    const window = bytes.subarray(start, end);
    if (!isUtf8(window)) {
      const at = start + firstChanged(window);
      return `expected UTF-8, got the byte 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0').toUpperCase()} at byte ${at}`;
    }
    start = end;
  }
  return 'expected UTF-8, got other bytes';
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Where bytes differ from the UTF-8 that is made of them. */
function firstChanged(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString());
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  return at;
}

/**
 * @param at the `u` of an escape \uXXXX
 * @returns the half of a surrogate pair that has no other half ('\ud83d'); where the pair ends, at its last byte; undefined for other characters
 */
export function surrogateAt(bytes: Buffer, at: number): { readonly half: string } | { readonly end: number } | undefined {
  const unit = escapedUnit(bytes, at);
  if (unit < 0xd800 || unit > 0xdfff) return undefined;
  const isPair = unit < 0xdc00 && bytes[at + 5] === backslash && bytes[at + 6] === letterU && escapedUnit(bytes, at + 6) >= 0xdc00;
  if (isPair && escapedUnit(bytes, at + 6) <= 0xdfff) return { end: at + 10 };
  return { half: bytes.toString('latin1', at - 1, at + 5) };
}

/** 0 for what is no \uDXXX: characters of other blocks are not looked at. */
function escapedUnit(bytes: Buffer, at: number): number {
  if (((bytes[at + 1] ?? 0) | 0x20) !== 0x64) return 0;
  const digits = bytes.toString('latin1', at + 1, at + 5);
  return /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : 0;
}

/**
 * Whether a number of JSON is the same number after JSON.parse and JSON.stringify, and in every program that reads it as a double. Numbers of up
 * to 15 digits are. With more digits they must be those of a double, however many of them are written: 0.30000000000000004 and
 * 0.1000000000000000055511 are, 1.0000000000000000001 is not. An integer must be within 2^53, where each has a double of its own.
 * -0 is 0.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  const digits = significantDigits(text);
  // Not JSON: the parser says so.
  if (Number.isNaN(value)) return true;
  if (value === 0) return digits === '';
  const size = Math.abs(value);
  if (size === Infinity) return false;
  if (digits.length <= safeDigits && size >= leastNormal) return true;
  if (size > Number.MAX_SAFE_INTEGER && (size < exponentFrom || !/[.e]/i.test(text))) return false;
  if (digits === significantDigits(String(value))) return true;
  return digits.length <= maxPrecision && digits === significantDigits(value.toPrecision(digits.length));
}

/** Without sign, point, exponent and the zeros on both sides. */
function significantDigits(text: string): string {
  return text
    .replace(/e.*$/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}
