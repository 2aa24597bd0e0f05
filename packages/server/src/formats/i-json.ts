// What JSON from outside must be so that every reader reads the same from it (I-JSON, RFC 7493): UTF-8, whole characters, numbers that a double
// holds. What is not so would change on its way through the server, or through the next program. It is refused instead, by place and reason.
import { isUtf8 } from 'node:buffer';

const backslash = 0x5c;
const letterU = 0x75;
/** Of UTF-8 that is looked through at once for its mistake. */
const windowBytes = 64 * 1024;
/** Up to here every decimal has a double of its own. */
const safeDigits = 15;
/** So many digits tell a double from its neighbours. */
const doubleDigits = 17;
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
 * @returns the last byte of a surrogate pair that begins there, `at` itself for another character; undefined: it is half of a pair
 */
export function surrogateEnd(bytes: Buffer, at: number): number | undefined {
  const unit = escapedUnit(bytes, at);
  if (unit < 0xd800 || unit > 0xdfff) return at;
  if (unit > 0xdbff || bytes[at + 5] !== backslash || bytes[at + 6] !== letterU) return undefined;
  const next = escapedUnit(bytes, at + 6);
  return next >= 0xdc00 && next <= 0xdfff ? at + 10 : undefined;
}

/** -1 for what has no four hexadecimal digits. */
function escapedUnit(bytes: Buffer, at: number): number {
  let unit = 0;
  for (let i = at + 1; i <= at + 4; i++) {
    const byte = bytes[i] ?? 0;
    const letter = (byte | 0x20) - 0x57;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (letter >= 10 && letter <= 15) unit = unit * 16 + letter;
    else return -1;
  }
  return unit;
}

/**
 * Whether a number of JSON keeps its digits in a double: what JSON.parse reads, and JSON.stringify writes again. Up to 15 digits are always
 * kept. Fractions have up to 17, which name a double; with more they must be the digits of one, however many are written:
 * 0.1000000000000000055511 is, 1.0000000000000000001 is not. Integers must be within 2^53, where each has a double of its own. -0 is 0.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  // Not JSON: the parser says so.
  if (Number.isNaN(value)) return true;
  const size = Math.abs(value);
  if (size === Infinity) return false;
  const digits = significantDigits(text);
  if (value === 0) return digits === '';
  if (size >= leastNormal && digits.length <= (size <= Number.MAX_SAFE_INTEGER ? doubleDigits : safeDigits)) return true;
  if (size > Number.MAX_SAFE_INTEGER && (size < exponentFrom || !/[.e]/i.test(text))) return false;
  if (digits === significantDigits(String(value))) return true;
  return digits.length <= maxPrecision && digits === significantDigits(value.toPrecision(digits.length));
}

/** Without sign, point, exponent and the zeros on both sides. In loops: a pattern for the zeros at the end takes the square of a long text's time. */
function significantDigits(text: string): string {
  const exponent = text.search(/e/i);
  const digits = (exponent === -1 ? text : text.slice(0, exponent)).replace(/[-.]/g, '');
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  return digits.slice(start, end);
}
