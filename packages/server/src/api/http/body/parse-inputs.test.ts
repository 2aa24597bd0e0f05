import { expect, it } from 'vitest';
import { toInput } from './columns.js';
import { parseBody, type ParseLimits } from './parse-body.js';

const limits = { maxMetadataBytes: 40_960, maxIdBytes: 512, maxItems: 100, maxQueries: 50, maxDimension: 100_000 };
const parse = (text: string, given: ParseLimits = limits) => toInput(parseBody(Buffer.from(text), 'texts', given));

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
  expect(parse(texts(100_000))['texts']).toHaveLength(100_000);
  expect(() => parse(texts(100_001))).toThrow('texts: expected at most 100000 items, got 100001');
  expect(() => parse(texts(100_001), { ...limits, texts: { most: 32, setting: 'MAX_BATCH_SIZE' } })).toThrow(
    'texts: expected at most 32 items (MAX_BATCH_SIZE), got 100001',
  );
  const ids = (count: number): string => `{"input":[${'7,'.repeat(count - 1)}7]}`;
  expect(parse(ids(1_000_000))['input']).toHaveLength(1_000_000);
  expect(() => parse(ids(1_000_001))).toThrow('input: expected at most 1000000 token ids, got more');
  const list = `[${'7,'.repeat(600_000)}7]`;
  expect(() => parse(`{"input":[${list},${list}]}`)).toThrow('input: expected at most 1000000 token ids, got more');
  expect(() => parse(`{"extra":${list},"input":${list}}`)).toThrow('input: expected at most 1000000 token ids, got more');
});

it('nothing else is large or deep', () => {
  expect(() => parse(`{"extra":{"a":"${'x'.repeat(1_100_000)}"}}`)).toThrow('extra: expected at most 1048576 bytes');
  expect(() => parse(`{"input":[{"a":"${'x'.repeat(1_100_000)}"}]}`)).toThrow('input[0]: expected at most 1048576 bytes');
  const half = `"${'x'.repeat(600_000)}"`;
  expect(() => parse(`{"a":{"a":${half}},"b":[${half}],"c":[[${half}]],"d":{"a":${half}}}`)).toThrow(
    'd: expected at most 1048576 bytes, got 1200016 with the fields before it',
  );
  expect(() => parse('{"input":[[1,[2]]]}')).toThrow('input[0][1]: expected a token id, got an array');
  expect(() => parse('{"input":["a",[{}]]}')).toThrow('input[1][0]: expected a token id, got an object');
  expect(() => parse(`{"input":[${'['.repeat(100)}${']'.repeat(100)}]}`)).toThrow('levels of nesting');
});

it('what a body holds beside its texts has few fields, objects and lists', () => {
  const fields = (count: number): string => Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',');
  const refused = 'expected at most 10000 fields, objects and lists in a body beside its vectors, got more';
  expect(Object.keys(parse(`{${fields(10_000)}}`))).toHaveLength(10_000);
  expect(() => parse(`{${fields(10_001)}}`)).toThrow(`k10000: ${refused}`);
  expect(Object.keys(Object(parse(`{"extra":{${fields(9_998)}}}`)['extra']))).toHaveLength(9_998);
  expect(() => parse(`{"extra":{${fields(9_999)}}}`)).toThrow(`extra: ${refused}`);
  expect(() => parse(`{"a":{${fields(5000)}},"b":{${fields(5000)}}}`)).toThrow(`b: ${refused}`);
  expect(() => parse(`{"input":["x",${'{"a":1},'.repeat(5000)}"y"]}`)).toThrow(`input[5000]: ${refused}`);
  expect(() => parseBody(Buffer.from(`{"filter":[${'[],'.repeat(10_000)}1]}`), 'vector', limits)).toThrow(`filter: ${refused}`);
});
