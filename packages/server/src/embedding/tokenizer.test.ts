import { expect, test } from 'vitest';
import { readModelDirectory } from './models/model-directory.js';
import { readReference, miniLm, miniLmName } from './testing.js';
import { Tokenizer } from './tokenizer.js';

const description = await readModelDirectory(miniLmName, miniLm);
const tokenizer = await Tokenizer.read(description);
const unlimited = await Tokenizer.read({ ...description, maxTokens: 1_000_000 });

test('word pieces are counted without the special tokens', () => {
  expect(tokenizer.encode('how to reset password')).toMatchObject({ tokens: 4, truncated: false });
  expect([...tokenizer.encode('how to reset password').ids]).toEqual([101, 2129, 2000, 25141, 20786, 102]);
});

test('the counts are those of Python’s tokenizer', async () => {
  const { texts, tokens } = await readReference();
  expect(texts.map((text) => tokenizer.encode(text).ids.length)).toEqual(tokens);
});

test('a long text is cut to the model’s length with its last special token kept', () => {
  const { ids, tokens, truncated } = tokenizer.encode('word '.repeat(300));
  expect([ids.length, tokens, truncated, ids[0], ids[255]]).toEqual([256, 254, true, 101, 102]);
  expect(tokenizer.encode('word '.repeat(254)).truncated).toBe(false);
});

test('read in chunks, a long text gives the same tokens as read at once', () => {
  const word = (i: number): string => ['naïve', 'x'.repeat(i % 130), '你好', 'it’s', '\u0000z', '—', 'embedding'][i % 7] ?? '';
  const separators = [' ', '\n', '\t', '  ', '\u000b', '\u00a0'];
  const words = Array.from({ length: 4000 }, (_, i) => word(i) + (separators[i % 6] ?? ''));
  const text = words.join('');
  const { ids } = unlimited.encode(text);
  const piecewise = words
    .join('')
    .split(/(?<=[ \n\t])/)
    .flatMap((part) => Array.from(unlimited.encode(part).ids).slice(1, -1));
  expect(Array.from(ids).slice(1, -1)).toEqual(piecewise);
});

test('a megabyte of words costs no more than its first tokens', () => {
  expect(tokenizer.encode('two words '.repeat(100_000))).toMatchObject({ tokens: 254, truncated: true });
});
