// Float32 values as the shortest decimal text that comes back as the same float32: 0.1, not 0.10000000149011612.
//
// A decimal m / 10^k with m < 2^53 and k <= 22 is one correctly rounded division away from the double that any JSON reader makes of its text,
// so a candidate is tried with a multiplication, a rounding and a division. Six digits come first (every decimal of six digits is told apart by
// float32), then seven, eight and nine (nine always suffice). Numbers outside the common range take the slow way through toPrecision.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const fastLow = 1e-13;
// Below, JavaScript writes an exponent.
const plainLow = 1e-6;
const fastHigh = 2 ** 24;
const minusZero = 0x80000000;
/** Below, float32 has fewer digits. */
const leastNormal = 2 ** -126;
// For each biased exponent of a float32: the k that gives the smallest number with that exponent six digits before the point.
const scales = Int8Array.from({ length: 256 }, (_, exponent) => 5 - Math.floor(Math.log10(2 ** (exponent - 127)) + 1e-12));
// For each biased exponent, half the distance between neighbours.
const halfSteps = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 127 - 24));

// What the fast way found: the number is mantissa / 10^scale.
let mantissa = 0;
let scale = 0;

/**
 * The double whose usual text, `String(x)` or `JSON.stringify(x)`, is the shortest decimal that is nearest to the float32 `x` alone.
 * Anything that reads that text as a double or as a float32 has the same float32. NaN and infinities come back as they are.
 */
export function shortFloat(x: number): number {
  float[0] = x;
  const value = float[0] ?? 0;
  if (!findShort(Math.abs(value))) return slowShort(value);
  const short = mantissa / (powers[scale] ?? 1);
  return value < 0 ? -short : short;
}

/** The values as the text of a JSON array of short decimals; NaN and infinities, which JSON lacks, as null. */
export function float32ToJson(values: Float32Array): string {
  // The longest text: a sign, 21 digits, a comma.
  const buffer = Buffer.allocUnsafe(values.length * 24 + 2);
  let end = 0;
  buffer[end++] = 0x5b;
  for (let i = 0; i < values.length; i++) {
    if (i > 0) buffer[end++] = 0x2c;
    const value = values[i] ?? 0;
    float[0] = value;
    const size = Math.abs(value);
    if (findShort(size) && (size >= plainLow || size === 0)) {
      if (value < 0) buffer[end++] = 0x2d;
      end = writeDigits(buffer, end);
    } else {
      end += buffer.write(slowText(value), end, 'latin1');
    }
  }
  buffer[end++] = 0x5d;
  return buffer.toString('latin1', 0, end);
}

// Looks for the shortest decimal of `value`, which is positive or zero and lies in `float` too but for its sign. False: the slow way is needed.
function findShort(value: number): boolean {
  const word = bits[0] ?? 0;
  if (Number.isInteger(value) && value < fastHigh && word !== minusZero) {
    mantissa = value;
    scale = 0;
    return true;
  }
  if (!(value >= fastLow && value < fastHigh)) return false;
  const exponent = (word >>> 23) & 0xff;
  // Half the distance to the next float32: what lies strictly within is nearest to this one. Below a power of two the next one is closer.
  const isPower = (word & 0x7fffff) === 0;
  const half = (halfSteps[exponent] ?? 0) / (isPower ? 2 : 1);
  let k = scales[exponent] ?? 0;
  if (value * (powers[k] ?? 1) >= 1e6) k--;
  for (let digits = 6; digits <= 9; digits++, k++) {
    if (k < 0) continue;
    const power = powers[k] ?? 1;
    const m = Math.round(value * power);
    if (Math.abs(m / power - value) < half) {
      mantissa = m;
      scale = k;
      if (digits === 6) stripZeros();
      return true;
    }
    // With halves of two widths the nearest candidate is not always the one that fits.
    if (isPower) return false;
  }
  return false;
}

function stripZeros(): void {
  while (scale > 0 && mantissa % 10 === 0) {
    mantissa = (mantissa / 10) | 0;
    scale--;
  }
}

// Writes mantissa / 10^scale without an exponent; the last digit first.
function writeDigits(buffer: Buffer, start: number): number {
  let rest = mantissa;
  const whole = scale === 0 ? rest : Math.floor(rest / (powers[scale] ?? 1));
  const wholeDigits = digitsOf(whole);
  const end = start + wholeDigits + (scale === 0 ? 0 : scale + 1);
  let at = end;
  for (let i = 0; i < scale; i++) {
    const next = (rest / 10) | 0;
    buffer[--at] = 0x30 + rest - next * 10;
    rest = next;
  }
  if (scale > 0) buffer[--at] = 0x2e;
  for (let i = 0; i < wholeDigits; i++) {
    const next = (rest / 10) | 0;
    buffer[--at] = 0x30 + rest - next * 10;
    rest = next;
  }
  return end;
}

function digitsOf(whole: number): number {
  let digits = 1;
  while (digits < 9 && whole >= (powers[digits] ?? Infinity)) digits++;
  return digits;
}

function slowText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Object.is(value, -0) ? '-0' : String(shortFloat(value));
}

function slowShort(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const low = (value + neighbour(value, -1)) / 2;
  const high = (value + neighbour(value, 1)) / 2;
  // As on the fast way. A model's vectors have such numbers in every row: a dimension that was trained to nothing, 1e-33.
  const size = Math.abs(value);
  if (size >= leastNormal && size < fastLow && value - low === high - value) {
    for (let digits = 6; digits <= 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (short > low && short < high) return short;
    }
  }
  for (let digits = 1; digits <= 9; digits++) {
    const nearest = value.toPrecision(digits);
    const step = Number(`1e${Math.floor(Math.log10(Math.abs(Number(nearest)))) - digits + 1}`);
    for (const candidate of [nearest, (Number(nearest) + step).toPrecision(digits), (Number(nearest) - step).toPrecision(digits)]) {
      const short = Number(candidate);
      // A whole number half-way is exact as a double: it goes to the even float32, for every reader.
      if ((short > low && short < high) || (Number.isSafeInteger(short) && Math.fround(short) === value)) return short;
    }
  }
  return value;
}

/** The float32 next to a finite one that is not zero, in the direction given; past the largest, the number that would come next. */
function neighbour(value: number, direction: 1 | -1): number {
  float[0] = value;
  bits[0] = (bits[0] ?? 0) + (value > 0 ? direction : -direction);
  const next = float[0] ?? 0;
  return Number.isFinite(next) ? next : Math.sign(next) * 2 ** 128;
}
