import { expect, test } from 'vitest';
import { VoisinError } from '../errors.js';
import { checkTexts, tooManyTokens } from './check-texts.js';
import type { Input } from './types.js';

function problem(inputs: readonly Input[], maxTextLength = 10): VoisinError | undefined {
  try {
    checkTexts(inputs, maxTextLength);
    return undefined;
  } catch (error) {
    if (error instanceof VoisinError) return error;
    throw error;
  }
}

test('whatever can be read is accepted: control characters, lone surrogates, one token', () => {
  expect(problem(['a', '\u0000', '\ud800', '\u200b', '🚀', [0], [101, 102]])).toBeUndefined();
});

test('the first text without a character to read is named', () => {
  for (const [blank, came] of [
    ['', 'is empty'],
    [' \t\r\n\u00a0\u3000', 'holds white space alone'],
  ] as const) {
    expect(problem(['fine', blank, ''])?.message).toBe(`texts[1] ${came}; a text needs a character to read`);
  }
  expect(problem(['', 'fine'])).toMatchObject({ code: 'invalid_argument', details: { field: 'texts[0]', position: 0 } });
});

test('length is counted in characters: an emoji is one, and so is half of one', () => {
  expect(problem(['🚀'.repeat(10), '\ud800'.repeat(10), 'x'.repeat(10)])).toBeUndefined();
  for (const text of ['🚀'.repeat(11), '\ud800'.repeat(11), 'x'.repeat(11)]) {
    expect(problem([text])?.message).toBe('texts[0] has 11 characters; at most 10 are accepted');
  }
  expect(problem(['x'.repeat(11)])?.details).toEqual({ field: 'texts[0]', position: 0, limit: 10 });
});

test('a list of tokens needs one, and has no length in characters', () => {
  expect(problem([Array.from({ length: 100 }, () => 7)])).toBeUndefined();
  expect(problem(['fine', []])?.message).toBe('texts[1] has no tokens; at least one is needed');
});

test('a text with more tokens than the model reads is named with both numbers, the first a lower bound', () => {
  expect(tooManyTokens(3, 254, 46)).toMatchObject({
    code: 'invalid_argument',
    message: 'texts[3] has at least 300 tokens; the model reads 254 of a text, and truncate: false forbids to cut it',
    details: { field: 'texts[3]', position: 3, limit: 254 },
  });
});
