import { expect, it } from 'vitest';
import { tokenPlaces } from './token-places.js';

const shown = (text: string, tokens: readonly string[]): (string | undefined)[] =>
  tokenPlaces(text, tokens).map(
    (place) =>
      place &&
      Array.from(text)
        .slice(...place)
        .join(''),
  );

it('finds tokens in their order, whatever their case and accents', () => {
  expect(tokenPlaces('The Café, the café', ['the', 'cafe', ',', 'the', 'cafe'])).toEqual([
    [0, 3],
    [4, 8],
    [8, 9],
    [10, 13],
    [14, 18],
  ]);
});

it('finds the pieces of a word, in the marks of each kind of tokenizer', () => {
  expect(shown('Embeddings here', ['em', '##bed', '##ding', '##s', 'here'])).toEqual(['Em', 'bed', 'ding', 's', 'here']);
  expect(shown('Hello world', ['▁Hello', '▁wor', 'ld'])).toEqual(['Hello', 'wor', 'ld']);
  expect(shown('Hello world', ['Hello', 'Ġworld'])).toEqual(['Hello', 'world']);
});

it('counts characters, not UTF-16 units', () => {
  expect(tokenPlaces('😀 cat', ['😀', 'cat'])).toEqual([
    [0, 1],
    [2, 5],
  ]);
});

it('leaves out what stands for letters that the vocabulary lacks, and goes on behind it', () => {
  expect(shown('a 🜁🜂 cat', ['a', '[UNK]', 'cat'])).toEqual(['a', undefined, 'cat']);
  expect(tokenPlaces('cat', ['', 'cat', ''])).toEqual([undefined, [0, 3], undefined]);
  expect(tokenPlaces('', ['x'])).toEqual([undefined]);
});
