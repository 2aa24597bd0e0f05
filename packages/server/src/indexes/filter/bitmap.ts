// Bitmaps over positions: position i is bit i&7 of byte i>>3. Positions past the end are not members.
// The machine is little-endian (every platform of Node is), so four bytes are also one Uint32 word with position i at bit i&31.

/** A zeroed bitmap for `n` positions as words. */
export function wordsFor(n: number): Uint32Array {
  return new Uint32Array((n + 31) >>> 5);
}

/** The same memory as bytes, ceil(n/8) of them. */
export function bytesOf(words: Uint32Array, n: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, (n + 7) >>> 3);
}

/** A bitmap with all of the first `n` positions. */
export function fullBitmap(n: number): Uint8Array {
  return bytesOf(clearTail(wordsFor(n).fill(0xffffffff), n), n);
}

/** Clears, in place, what lies in the words past position n - 1. */
export function clearTail(words: Uint32Array, n: number): Uint32Array {
  words.fill(0, (n + 31) >>> 5);
  const rest = n & 31;
  const last = n >>> 5;
  if (rest !== 0) words[last] = (words[last] ?? 0) & ((1 << rest) - 1);
  return words;
}

export function andInto(words: Uint32Array, other: Uint32Array): void {
  for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) & (other[i] ?? 0);
}

export function orInto(words: Uint32Array, other: Uint32Array): void {
  for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) | (other[i] ?? 0);
}

/** Inverts, in place, the first `n` positions. */
export function invert(words: Uint32Array, n: number): Uint32Array {
  for (let i = 0; i < words.length; i++) words[i] = ~(words[i] ?? 0);
  return clearTail(words, n);
}

export function hasBit(bitmap: Uint8Array, position: number): boolean {
  return (((bitmap[position >>> 3] ?? 0) >>> (position & 7)) & 1) === 1;
}

/** How many of the first `n` positions (all of them when left out) are members. */
export function countBits(bitmap: Uint8Array, n: number = bitmap.length * 8): number {
  const whole = Math.min(n >>> 3, bitmap.length);
  const { words, rest } = split(bitmap, whole);
  let count = 0;
  for (let i = 0; i < words.length; i++) count += popcount(words[i] ?? 0);
  for (const byte of rest) count += popcount(byte);
  if (whole < bitmap.length && (n & 7) !== 0) count += popcount((bitmap[whole] ?? 0) & ((1 << (n & 7)) - 1));
  return count;
}

/** A new bitmap with the positions that are in both; as long as the shorter one. */
export function andBitmaps(a: Uint8Array, b: Uint8Array): Uint8Array {
  const length = Math.min(a.length, b.length);
  const result = wordsFor(length * 8);
  const left = split(a, length);
  const right = split(b, length);
  for (let i = 0; i < left.words.length; i++) result[i] = (left.words[i] ?? 0) & (right.words[i] ?? 0);
  const bytes = bytesOf(result, length * 8);
  for (let i = left.words.length * 4; i < length; i++) bytes[i] = (a[i] ?? 0) & (b[i] ?? 0);
  return bytes;
}

/** The members in ascending order, at most `limit` of them. */
export function positionsOf(bitmap: Uint8Array, limit = Infinity): Uint32Array {
  const result = new Uint32Array(Math.min(countBits(bitmap), limit));
  let found = 0;
  for (let i = 0; i < bitmap.length && found < result.length; i++) {
    for (let bits = bitmap[i] ?? 0; bits !== 0 && found < result.length; bits &= bits - 1) {
      result[found++] = i * 8 + 31 - Math.clz32(bits & -bits);
    }
  }
  return result;
}

// Words over the first `length` bytes (copied when the bytes do not lie on a word's edge) and the bytes that are left.
function split(bitmap: Uint8Array, length: number): { words: Uint32Array; rest: Uint8Array } {
  const count = length >>> 2;
  const rest = bitmap.subarray(count * 4, length);
  if (bitmap.byteOffset % 4 === 0) return { words: new Uint32Array(bitmap.buffer, bitmap.byteOffset, count), rest };
  return { words: new Uint32Array(bitmap.slice(0, count * 4).buffer), rest };
}

// Hacker's Delight, figure 5-2: bits summed in pairs, fours, eights, then all bytes by one multiplication.
function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
