import { describe, expect, it } from 'vitest';
import { VoisinError } from '../../../errors.js';
import { isExactNumber } from '../../../formats/index.js';
import { toInput } from './columns.js';
import { TooManyParts } from './json-reader.js';
import { type BodyPlan, parseBody } from './parse-body.js';
import { parseLines } from './parse-lines.js';

const limits = { maxMetadataBytes: 40_960, maxIdBytes: 512, maxItems: 100, maxQueries: 50, maxDimension: 100_000 };
const parse = (text: string, plan: BodyPlan = 'vector') => parseBody(Buffer.from(text), plan, limits);
const complaint = (text: string, plan: BodyPlan = 'vector'): string => {
  try {
    parse(text, plan);
  } catch (error) {
    if (error instanceof VoisinError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
};

/** A small generator with a seed, so that a failure can be seen again. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('numbers', () => {
  it('are what JSON.parse and Math.fround make of every spelling', () => {
    const seed = Date.now() % 2 ** 31;
    const next = random(seed);
    const digits = (n: number): string => Array.from({ length: n }, () => Math.floor(next() * 10)).join('');
    const texts = [
      '0',
      '-0',
      '1',
      '1e0',
      '1E+2',
      '1e-45',
      '7e-46',
      '3.4028235e38',
      '16777217',
      '16777219',
      '0.1',
      '1.00000005960464477539062500001',
    ];
    for (let i = 0; i < 20_000; i++) {
      const whole = next() < 0.5 ? '0' : `${1 + Math.floor(next() * 9)}${digits(Math.floor(next() * 20))}`;
      const part = next() < 0.2 ? '' : `.${digits(1 + Math.floor(next() * 25))}`;
      const power = next() < 0.6 ? '' : `e${Math.floor(next() * 60) - 40}`;
      const text = `${next() < 0.5 ? '-' : ''}${whole}${part}${power}`;
      if (Number.isFinite(Math.fround(Number(text)))) texts.push(text);
    }
    const { vectors } = parse(`{"vector":[${texts.join(' , ')}]}`);
    const wrong = texts.filter((text, i) => !Object.is(vectors['vector']?.[i], Math.fround(Number(text))));
    expect(wrong, `seed ${seed}`).toEqual([]);
  });

  it('round to the nearest float32 beside a tie, by all their digits', () => {
    // Halfway between 1 and the next float32 is 1 + 2^-24.
    const tie = '1.000000059604644775390625';
    const { vectors } = parse(`{"vector":[${tie},${tie}0000000001,1.0000000596046447753906249999]}`);
    const exact = [tie, `${tie}0000000001`, '1.0000000596046447753906249999'].map((text) => Math.fround(Number(text)));
    expect([...(vectors['vector'] ?? [])]).toEqual(exact);
  });

  it.each([
    ['{"vector":[1,1e39]}', 'vector[1]: expected a finite number that fits a float32, got 1e39'],
    ['{"vector":[null]}', 'vector[0]: expected a finite number that fits a float32, got null'],
    ['{"vector":[1,"2"]}', 'vector[1]: expected a finite number that fits a float32, got "2"'],
    ['{"vector":[NaN]}', 'vector[0]: expected a finite number that fits a float32, got NaN'],
    ['{"vector":[1,-Infinity]}', 'vector[1]: expected a finite number that fits a float32, got -Infinity'],
    ['{"vector":[[1]]}', 'vector[0]: expected a finite number that fits a float32, got [1]'],
    ['{"vector":"1,2"}', 'vector: expected an array of numbers, got "1,2"'],
  ])('in %s are refused by name', (text, message) => {
    expect(complaint(text)).toBe(`invalid_argument ${message}`);
  });
});

describe('a body that is no JSON', () => {
  it.each([
    '{"vector":[1,]}',
    '{"vector":[01]}',
    '{"vector":[1.]}',
    '{"vector":[.5]}',
    '{"vector":[+1]}',
    '{"vector":[1e]}',
    '{"vector":[1 2]}',
    '{"vector":[1}',
    '{"vector":[1]',
    '{"vector":[1]}x',
    '{"vector":[1],}',
    '{vector:[1]}',
    "{'vector':[1]}",
    '{"k":tru}',
    '{"k":1,"k2"}',
    '{"k":"a\nb"}',
    '{"a\\":1}',
    '{',
    '{"vector":[--1]}',
    '{"vector":[nul]}',
    '{"k":[1,2}',
    '{"k":}',
    '{"k"::1}',
  ])('is refused: %s', (text) => {
    expect(complaint(text)).toMatch(/^invalid_argument body: not JSON/);
  });

  it('is refused when it is no object, is empty or no UTF-8', () => {
    expect(complaint('[1]')).toContain('body: expected a JSON object, got an array');
    expect(complaint('null')).toContain('body: expected a JSON object, got a literal');
    expect(complaint('  ')).toContain('body: expected a JSON object, got nothing');
    expect(() => parseBody(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'plain', limits)).toThrow('body: expected UTF-8');
  });

  it('is refused when it nests too deep, wherever that is', () => {
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
    expect(complaint(`{"filter":${deep}}`)).toMatch('at most 64 levels of nesting');
    expect(complaint(`{"vector":[${deep}]}`)).toMatch('at most 64 levels of nesting');
    expect(complaint(`{"vectors":[{"id":"a","values":[1],"metadata":{"a":${deep}}}]}`, 'vectors')).toMatch('at most 64 levels of nesting');
    expect(complaint('{"a":'.repeat(100_000), 'plain')).toMatch('at most 64 levels of nesting');
  });
});

describe('fields', () => {
  it('other than vectors are what JSON.parse gives, escapes, spaces and all', () => {
    const text =
      ' { "k" : 5 , "fil\\u0074er" : {"a\\"]}": [1, {"b": "\\ud83d\\ude00é"}], "__proto__": {"x": 1}} , "t":true,"n":null, "vector" : [ 1 , 2 ] } ';
    const { fields } = parse(text);
    const expected: Record<string, unknown> = JSON.parse(text);
    delete expected['vector'];
    expect(JSON.stringify(fields)).toBe(JSON.stringify(expected));
  });

  it('that are too large or too many are refused', () => {
    expect(complaint(`{"filter":"${'x'.repeat(2 ** 21)}"}`)).toContain('filter: expected at most 1048576 bytes');
    expect(complaint(`{"ids":[${'"a",'.repeat(100)}"a"]}`, 'plain')).toContain('ids: expected at most 100 ids, got 101');
    expect(complaint('{"ids":["a","\\u0000"]}', 'plain')).toContain('ids[1]: expected no control characters');
    expect(complaint('{"ids":["a",[1]]}', 'plain')).toContain('ids[1]: expected a string, got an array of 1');
    expect(complaint(`{"filter":{"a":{"$in":[${'1,'.repeat(100_000)}1,2]}}}`)).toContain(
      'filter: expected at most 100000 items in the lists',
    );
  });

  it('of a matrix become rows', () => {
    const input = toInput(parse('{"vectors":[[1,2],[],[3]],"k":1}', 'matrix'));
    expect(input).toMatchObject({ k: 1, vectors: { values: Float32Array.of(1, 2, 3), ends: Uint32Array.of(2, 2, 3) } });
    expect(complaint('{"vectors":[[1],[2,null]]}', 'matrix')).toContain('vectors[1][1]: expected a finite number');
  });
});

describe('lists are counted while they are read', () => {
  const empty = (count: number): string => `{"vectors":[${'{},'.repeat(count - 1)}{}]}`;

  it('and what is beyond their bound is not made', () => {
    expect(complaint(empty(1_000_000), 'vectors')).toContain('vectors: expected at most 100 vectors, got 1000000');
    expect(complaint(`{"vectors":[${'[1],'.repeat(50)}[1]]}`, 'matrix')).toContain('vectors: expected at most 50 queries, got 51');
    expect(complaint(`{"vector":[${'1,'.repeat(100_000)}1]}`)).toContain(
      'vector: expected at most 100000 values (MAX_DIMENSION), got 100001',
    );
    expect(complaint(`{"vectors":[[${'1,'.repeat(100_000)}1]]}`, 'matrix')).toContain('vectors[0]: expected at most 100000 values');
  });

  it('of refused vectors the first thousand are named and all are counted', () => {
    const { columns } = parseBody(Buffer.from(empty(5000)), 'vectors', { ...limits, maxItems: 5000 });
    expect(columns?.refused).toHaveLength(1000);
    expect([...(columns?.refusedAt ?? [])]).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('a vector that is a large list, or has one where an id, metadata or values belong, is refused without making it', () => {
    const large = `[${'1,'.repeat(1_000_000)}1]`;
    const errors = (vector: string) => parse(`{"vectors":[${vector}]}`, 'vectors').columns?.refused.map(({ error }) => error);
    expect(errors(large)).toEqual([': expected {id, values, metadata?, text?}, got an array of 1000001']);
    expect(errors(`{"id":${large},"values":[1]}`)).toEqual([expect.stringContaining('.id: expected a string')]);
    expect(errors(`{"id":"a","values":[1],"metadata":${large}}`)).toEqual(['.metadata: expected an object, got an array of 1000001']);
    expect(errors(`{"id":"a","values":[1],"metadata":{"a":${large}}}`)).toEqual([
      '.metadata: expected at most 40960 bytes of JSON, got 2000009 as they are written',
    ]);
    expect(errors(`{"id":"a","values":{"a":${large}}}`)).toEqual(['.values: expected an array of numbers, got an object']);
    expect(errors(`{"id":"a","values":[1],"text":${large}}`)).toEqual(['.text: expected a string, got an array of 1000001']);
    expect(errors(`{"id":"a","values":${large}}`)).toEqual(['.values: expected at most 100000 values (MAX_DIMENSION), got 1000001']);
  });

  it.each([
    ['vectors', empty(5000)],
    ['plain', `{"ids":[${'"a",'.repeat(5000)}"b"]}`],
    ['texts', `{"texts":[${'"",'.repeat(5000)}""]}`],
    ['texts', `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['plain', `{"filter":{"a":[${'[],'.repeat(5000)}[]]}}`],
    ['vectors', `{"vectors":[{"id":"a","values":[1],"metadata":{${Array.from({ length: 5000 }, (_, i) => `"k${i}":1`).join(',')}}}]}`],
  ] as const)('a small body of many parts is left to the thread: %s', (plan, text) => {
    const roomy = { ...limits, maxItems: 10_000 };
    expect(() => parseBody(Buffer.from(text), plan, roomy, 4000)).toThrow(TooManyParts);
    expect(() => parseBody(Buffer.from(text), plan, roomy, 20_000)).not.toThrow();
  });
});

describe('vectors to add', () => {
  const add = (vectors: string) => parse(`{"vectors":[${vectors}]}`, 'vectors').columns;

  it('become columns, metadata as its own JSON text', () => {
    const columns = add(
      '{"id":"a/\\"😀","values":[1,2],"metadata":{"__proto__": {"y":1}, "b": [1, "two"]}},{"values":[3],"text":"hi","id":"b"}',
    );
    expect(columns).toMatchObject({
      count: 2,
      values: Float32Array.of(1, 2, 3),
      ends: Uint32Array.of(2, 3),
      texts: { text: 'hi', lengths: Int32Array.of(-1, 2) },
      refused: [],
      refusedAt: new Uint32Array(),
    });
    expect(columns?.ids.split('\n')).toEqual(['a/"😀', 'b']);
    expect(columns?.metadata.split('\n')).toEqual(['{"__proto__":{"y":1},"b":[1,"two"]}', '{}']);
  });

  it('are refused one by one, by name and position, and their neighbours go on', () => {
    const columns = add(
      [
        '{"id":"good","values":[1]}',
        '{"id":"","values":[2]}',
        '{"id":5,"values":[2]}',
        '{"values":[2]}',
        '{"id":"n","values":[1,null]}',
        '{"id":"m","values":[1],"metadata":[1]}',
        `{"id":"l","values":[1],"metadata":{"x":"${'y'.repeat(50_000)}"}}`,
        '{"id":"z\\u0000","values":[1]}',
        '{"id":"\\ud800","values":[1]}',
        `{"id":"${'i'.repeat(513)}","values":[1]}`,
        '7',
        '{"id":"v"}',
        '{"id":"s","values":"1"}',
        '{"id":"e","values":[1e39]}',
        '{"id":"f","values":[1],"metadata":{"x":1e400}}',
        '{"id":"last","values":[9]}',
      ].join(','),
    );
    expect(columns?.values).toEqual(Float32Array.of(1, 9));
    expect(columns?.refused.map((one) => [one.position, one.error.split(/[:,]/)[0]])).toEqual([
      [1, '.id'],
      [2, '.id'],
      [3, '.id'],
      [4, '.values[1]'],
      [5, '.metadata'],
      [6, '.metadata'],
      [7, '.id'],
      [8, '.id'],
      [9, '.id'],
      [10, ''],
      [11, '.values'],
      [12, '.values'],
      [13, '.values[0]'],
      [14, '.metadata'],
    ]);
  });

  it('fail together when one has an unknown field', () => {
    expect(complaint('{"vectors":[{"id":"a","values":[1]},{"id":"b","values":[1],"metdata":{}}]}', 'vectors')).toContain(
      'vectors[1].metdata: unknown field',
    );
  });

  it('come as lines too, where a malformed line fails alone', () => {
    const text =
      '{"id":"a","values":[1]}\n\n{"id":"b","values":[2]} x\nnot json\r\n{"id":"c","values":[3],"extra":1}\n{"id":"d","values":[4]}\r\n';
    const { columns, lines } = parseLines(Buffer.from(text), 1, limits);
    expect([...(lines ?? [])]).toEqual([1, 3, 4, 5, 6]);
    expect(columns?.values).toEqual(Float32Array.of(1, 4));
    expect(columns?.refused.map((one) => one.position)).toEqual([1, 2, 3]);
  });
});

it('a vector whose first fields are refused is read to its end: fields may come in any order', () => {
  const vectors = '{"metadata":[1],"values":[1,2],"id":"a"},{"text":7,"values":[3],"id":"b"},{"values":[4],"id":"c"}';
  const columns = parse(`{"vectors":[${vectors}]}`, 'vectors').columns;
  expect(columns?.refused.map(({ position, error }) => [position, error])).toEqual([
    [0, '.metadata: expected an object, got an array of 1'],
    [1, '.text: expected a string, got 7'],
  ]);
  expect(columns?.values).toEqual(Float32Array.of(4));
});

it('numbers that no double holds are refused in metadata and filters, and pass in bodies of texts, whose routes ignore what they do not know', () => {
  const big = '{"user":{"id":9007199254740993},"input":["a",[9007199254740993]]}';
  expect(complaint(big, 'texts')).toBe('accepted');
  expect(complaint(big, 'plain')).toContain('user: expected numbers that a double holds');
  expect(complaint('{"a":{"b":[1,"\\"9007199254740993",12345678901234567890]}}', 'plain')).toContain('got 12345678901234567890 at byte 34');
});

it('a number that the reader lets pass at a glance is one that its closer look lets pass too', () => {
  const seed = Date.now() % 2 ** 31;
  const next = random(seed);
  const digits = (n: number): string => Array.from({ length: n }, () => Math.floor(next() * 10)).join('');
  const wrong: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const whole = next() < 0.3 ? '0' : `${1 + Math.floor(next() * 9)}${digits(Math.floor(next() * 17))}`;
    const part = next() < 0.3 ? '' : `.${digits(1 + Math.floor(next() * 20))}`;
    const power = next() < 0.7 ? '' : `e${Math.floor(next() * 700) - 350}`;
    const text = `${next() < 0.5 ? '-' : ''}${whole}${part}${power}`;
    const isAccepted = complaint(`{"filter":[${text}]}`) === 'accepted';
    if (isAccepted !== isExactNumber(text)) wrong.push(text);
  }
  expect(wrong, `seed ${seed}`).toEqual([]);
});
