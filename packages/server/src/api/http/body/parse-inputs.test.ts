import { expect, it } from 'vitest';
import { parseBody } from './parse-body.js';

const limits = { maxMetadataBytes: 40_960, maxIdBytes: 512, maxItems: 100 };
const parse = (text: string) => parseBody(Buffer.from(text), 'texts', limits).fields;

it('a body of texts has texts of any length, lists of them, and token ids', () => {
  const long = 'x'.repeat(3_000_000);
  expect(parse(`{"text":"${long}"}`)).toEqual({ text: long });
  const body = {
    input: ['a', [1, 2], 3, null],
    inputs: [1, 2, 3],
    texts: [],
    model: 'm',
    normalize: false,
    dimensions: 8,
    vector: ['not one here'],
  };
  expect(parse(JSON.stringify(body))).toEqual(body);
});

it('as many texts and token ids as may be, and no more', () => {
  const texts = (count: number): string => JSON.stringify({ texts: Array(count).fill('x') });
  expect(parse(texts(100))['texts']).toHaveLength(100);
  expect(() => parse(texts(101))).toThrow('texts: expected at most 100 items, got more');
  const ids = (count: number): string => `{"input":[${'7,'.repeat(count - 1)}7]}`;
  expect(parse(ids(1_000_000))['input']).toHaveLength(1_000_000);
  expect(() => parse(ids(1_000_001))).toThrow('input: expected at most 1000000 token ids, got more');
  const lists = `{"input":[[${'7,'.repeat(600_000)}7],[${'7,'.repeat(600_000)}7]]}`;
  expect(() => parse(lists)).toThrow('input: expected at most 1000000 token ids, got more');
});

it('nothing else is large or deep', () => {
  expect(() => parse(`{"extra":{"a":"${'x'.repeat(1_100_000)}"}}`)).toThrow('extra: expected at most 1048576 bytes');
  expect(() => parse(`{"input":[{"a":"${'x'.repeat(1_100_000)}"}]}`)).toThrow('input[0]: expected at most 1048576 bytes');
  expect(() => parse('{"input":[[1,[2]]]}')).toThrow('input[0][1]: expected a token id, got an array');
  expect(() => parse('{"input":["a",[{}]]}')).toThrow('input[1][0]: expected a token id, got an object');
  expect(() => parse(`{"input":[${'['.repeat(100)}${']'.repeat(100)}]}`)).toThrow('levels of nesting');
});
