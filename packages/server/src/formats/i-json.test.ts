import { describe, expect, it } from 'vitest';
import { isExactNumber, surrogateEnd, utf8Problem } from './i-json.js';

describe('a number', () => {
  it.each([
    '0', '-0', '-0.0', '0e5', '1', '-17', '9007199254740991', '-9007199254740991', '0.1', '0.30000000000000004', '1733058402.1234567',
    '0.10000000000000001',
    '4.3333333333333333',
    '0.12345678901234567',
    '-1733058402123456.7', '0.1000000000000000055511', '0.1000000000000000055511151231257827021181583404541015625', '1e23', '6.02214076e23',
    '100000000000000000000', '5e-324', '1.7976931348623157e308', '1E+2', '1.50000000000000000000000', '2.2250738585072014e-308', '3.33333333333333348136',
  ])('%s is kept', (text) => {
    expect(isExactNumber(text)).toBe(true);
  }); // prettier-ignore

  it.each([
    '9007199254740992', '9007199254740993', '-9007199254740993', '9007199254740992.0', '9223372036854775807', '18446744073709551615', '12345678901234567890',
    '1208925819614629174706176', '1e400', '-1e400', '1e-400', '1.0000000000000000001', '0.33333333333333333333',  '1.2345e-320',
    `1${'0'.repeat(200)}1`, `0.${'1'.repeat(200)}`, '9007199254740991.5',
  ])('%s is not', (text) => {
    expect(isExactNumber(text)).toBe(false);
  }); // prettier-ignore

  it('that JavaScript writes is kept, so that an export can be imported; so is every way of printing a double', () => {
    const seed = Date.now() % 2 ** 31;
    let state = seed;
    const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
    const double = new Float64Array(1);
    const words = new Uint32Array(double.buffer);
    const lost: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      words[0] = next();
      words[1] = i % 2 === 0 ? next() : (next() & 0x800fffff) | ((990 + (next() % 80)) << 20);
      const value = double[0] ?? 0;
      // Beyond 2^53 some are written as integers, which look exact and are not.
      if (!Number.isFinite(value) || (Math.abs(value) > 2 ** 53 - 1 && Math.abs(value) < 1e25)) continue;
      for (const text of [JSON.stringify(value), value.toPrecision(17), value.toPrecision(21)]) if (!isExactNumber(text)) lost.push(text);
      const short = JSON.stringify(Number(value.toPrecision(15)));
      if (!isExactNumber(short)) lost.push(short);
    }
    expect(lost, `seed ${seed}`).toEqual([]);
  });

  it('that was accepted is accepted as it is written afterwards', () => {
    for (const text of ['1e16', '123456789012345e5', '1e20', '-1e20', '1.5e17', '999999999999999e6']) {
      expect([text, isExactNumber(text), isExactNumber(JSON.stringify(Number(text)))]).toEqual([text, true, true]);
    }
  });
});

describe('text that is no UTF-8', () => {
  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

  it.each<[string, Buffer, string | undefined]>([
    ['plain text', Buffer.from('Müller 😀'), undefined],
    ['Latin-1', latin1('{"id":"Müller"}'), 'the byte 0xFC at byte 8'],
    ['a surrogate as three bytes', Buffer.from([0x61, 0xed, 0xa0, 0xbd, 0x62]), 'the byte 0xED at byte 1'],
    ['a character that is cut', Buffer.from('é').subarray(0, 1), 'the byte 0xC3 at byte 0'],
    ['an overlong form', Buffer.from([0x2f, 0xc0, 0xaf]), 'the byte 0xC0 at byte 1'],
    ['UTF-16', Buffer.from('\ufeffa', 'utf16le'), 'the byte 0xFF at byte 0'],
    ['far into a text whose windows cut characters', Buffer.concat([Buffer.from(`a${'😀'.repeat(50_000)}`), latin1('é')]), 'the byte 0xE9 at byte 200001'],
  ])('is named by its byte: %s', (_, bytes, place) => {
    expect(utf8Problem(bytes)).toBe(place === undefined ? undefined : `expected UTF-8, got ${place}`);
  }); // prettier-ignore
});

it('an escape is a whole character, a pair, or half of one', () => {
  const end = (text: string) => surrogateEnd(Buffer.from(text), 1);
  expect([end('\\u00e9'), end('\\ud7ff'), end('\\ue000'), end('\\udz00'), end('\\ud')]).toEqual([1, 1, 1, 1, 1]);
  expect([end('\\ud83d\\ude00'), end('\\uD83D\\uDE00'), end('\\udbff\\udfff')]).toEqual([11, 11, 11]);
  const halves = ['\\ud83d', '\\ud83d\\ud83d', '\\ud83d\\u0041', '\\ud83d\\n', '\\ud83d😀', '\\ud83d\\ue000', '\\uDE00\\ud83d', '\\uDFFF'];
  for (const half of halves) expect([half, end(half)]).toEqual([half, undefined]);
});

it('a number of a million digits is judged like others, without a pattern that would take the square of its length', () => {
  const zeros = '0'.repeat(1_000_000);
  expect(isExactNumber(`1${zeros}1`)).toBe(false);
  expect(isExactNumber(`0.${zeros}1`)).toBe(false);
  expect(isExactNumber(`1.${zeros}1`)).toBe(false);
  expect(isExactNumber(`1.${zeros}`)).toBe(true);
});
