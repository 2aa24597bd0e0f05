import { expect, test } from 'vitest';
import { cacheKey } from './cache-key.js';

// Made by Python's hashlib: names in Redis are made of keys, and entries of another version of this server are to be found.
test('a key is the SHA-256 in base64url of model, prompt and input in UTF-16', () => {
  expect(cacheKey('f00d', '', 'how are you?')).toBe('NBL_A2gGlRqxqFbczkHyCF4hYQr1QY9zbH2BQrwoSxo');
  expect(cacheKey('f00d', '', [101, 2129, 102])).toBe('ef7uwwQCIukB7cr59U2FN35fwAC-VEG93OMFXqqZa3I');
  expect(cacheKey('f00d', '', 'lone \ud800')).toBe('0ZSifgYlBUkEGD1Yzgp7mwwHCYtoSkKwGRKFJvCjdv8');
});

test('a key has 43 characters, however long the text, and none of the text', () => {
  for (const text of ['', 'secret', 'secret '.repeat(10_000)]) expect(cacheKey('f00d', '', text)).toMatch(/^(?!.*secret)[\w-]{43}$/);
});

test('a prompt and a text are one: the key is that of the text that the model sees', () => {
  expect(cacheKey('f00d', 'query: ', 'how are you?')).toBe(cacheKey('f00d', '', 'query: how are you?'));
});

test('another model, another text, half a character, and tokens in place of their text make another key', () => {
  const keys = [
    cacheKey('f00d', '', 'how are you?'),
    cacheKey('beef', '', 'how are you?'),
    cacheKey('f00d', '', 'how are you'),
    cacheKey('f00d', '', '101,102'),
    cacheKey('f00d', '', [101, 102]),
    cacheKey('f00d', '', [101_102]),
    cacheKey('f00d', '', '\ud83d'),
    cacheKey('f00d', '', '\ud83e'),
    cacheKey('f00d', '', '\ufffd'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
