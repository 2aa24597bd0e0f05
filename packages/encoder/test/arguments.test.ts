// No argument ends the process, and an error says what is accepted.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Encoder } from '../src/index.js';
import { openEncoder } from './models.test-help.js';
import { random, seed } from './random.test-help.js';
import { longest, onnxBytes, tinyBert, vocabulary } from './tiny-bert.test-help.js';

let folder: string;
let file: string;
let encoder: Encoder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-encoder-'));
  file = join(folder, 'model.onnx');
  await writeFile(file, onnxBytes(tinyBert({}, random(seed))));
  encoder = await openEncoder(file);
});
afterAll(() => rm(folder, { recursive: true }));

const ints = (...values: number[]): Int32Array => Int32Array.from(values);

test.each([0, -1, 257, 1.5, NaN, Infinity, '2', null, undefined, {}, [2]])('%o threads are refused', async (threads) => {
  await expect(Encoder.open(file, { threads: threads as number })).rejects.toThrow(
    expect.objectContaining({ name: 'RangeError', message: expect.stringContaining('threads must be a whole number from 1 to 256, not ') }),
  );
});

test('a file that is not there is an error of the file system', async () => {
  await expect(Encoder.open(join(folder, 'missing'), { threads: 1 })).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(Encoder.open(folder, { threads: 1 })).rejects.toMatchObject({ code: 'EISDIR' });
});

const noText = `1 to ${longest} are accepted`;
const noId = `is none of 0 to ${vocabulary - 1}`;

test.each<[string, Int32Array, Int32Array, string]>([
  ['an id below 0', ints(1, -1), ints(2), `the id -1 ${noId}`],
  ['the lowest id', ints(-(2 ** 31)), ints(1), `the id ${-(2 ** 31)} ${noId}`],
  ['an id behind the vocabulary', ints(vocabulary), ints(1), `the id ${vocabulary} ${noId}`],
  ['the highest id', ints(2 ** 31 - 1), ints(1), `the id ${2 ** 31 - 1} ${noId}`],
  ['a text without ids', ints(1, 2), ints(2, 0), `a text has 0 ids; ${noText}`],
  ['a text of fewer than no ids', ints(1, 2), ints(3, -1), `a text has -1 ids; ${noText}`],
  ['a text that is too long', new Int32Array(longest + 1), ints(longest + 1), `a text has ${longest + 1} ids; ${noText}`],
  ['texts that want more ids', ints(1, 2), ints(1, 2), 'lengths add up to 3, but there are 2 ids'],
  ['texts that leave ids over', ints(1, 2, 3), ints(1, 1), 'lengths add up to 2, but there are 3 ids'],
  ['no texts', ints(1), ints(), 'lengths add up to 0, but there are 1 ids'],
  ['no ids', ints(), ints(1), 'lengths add up to 1, but there are 0 ids'],
])('%s: the message says what is accepted', (_, ids, lengths, message) => {
  expect(() => encoder.run(ids, lengths)).toThrow(expect.objectContaining({ name: 'RangeError', message }));
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an array', [1]],
  ['a number', 1],
  ['a text', 'x'],
  ['an object with a length', { length: 1, 0: 1, [Symbol.iterator]: () => [1].values() }],
  ['a Float32Array', Float32Array.of(1)],
  ['a Float64Array', Float64Array.of(1)],
  ['a Uint8Array', Uint8Array.of(1)],
  ['a Uint32Array', Uint32Array.of(1)],
  ['a BigInt64Array', BigInt64Array.of(1n)],
  ['an ArrayBuffer', new ArrayBuffer(4)],
  ['an object with the prototype of an Int32Array', Object.create(Int32Array.prototype)],
])('%s in the place of an Int32Array is a TypeError', (_, value) => {
  const given = value as Int32Array;
  expect(() => encoder.run(given, ints(1))).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(/^ids must be an Int32Array, not /) }),
  );
  expect(() => encoder.run(ints(1), given)).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(/^lengths must be an Int32Array, not /) }),
  );
});

test('an array that lies about its length or its ids has no more to say than its memory', () => {
  const long = Object.defineProperty(ints(1, 2), 'length', { value: longest });
  expect(() => encoder.run(long, ints(longest))).toThrow(RangeError);
  const other = Object.defineProperty(ints(vocabulary), Symbol.iterator, { value: () => [1].values() });
  expect(() => encoder.run(other, ints(1))).toThrow(RangeError);
  expect(() => encoder.run(ints(1), Object.defineProperty(ints(longest), Symbol.iterator, { value: () => [1].values() }))).toThrow(
    RangeError,
  );
});

test('arrays are read where they are in a larger buffer, and after it was transferred they are empty', () => {
  const ids = ints(-1, 3, 4, -1).subarray(1, 3);
  expect(encoder.run(ids, ints(9, 2).subarray(1))).toEqual(encoder.run(ints(3, 4), ints(2)));
  structuredClone(ids.buffer, { transfer: [ids.buffer as ArrayBuffer] });
  expect(() => encoder.run(ids, ints(2))).toThrow('lengths add up to 2, but there are 0 ids');
});

test('vectors are written into a room that is given, which may be larger but not smaller', () => {
  const fresh = encoder.run(ints(3, 4), ints(2));
  const room = new Float32Array(fresh.length + 1).fill(7);
  const vectors = encoder.run(ints(3, 4), ints(2), room);
  expect(vectors).toEqual(fresh);
  expect(vectors.buffer).toBe(room.buffer);
  expect(room.at(-1)).toBe(7);
  expect(() => encoder.run(ints(3, 4), ints(2), room.subarray(2))).toThrow(
    expect.objectContaining({ name: 'RangeError', message: 'there is no room for the vectors' }),
  );
  const wrong = new Float64Array(fresh.length) as unknown as Float32Array;
  expect(() => encoder.run(ints(3, 4), ints(2), wrong)).toThrow('room must be a Float32Array, not [object Float64Array]');
});

test('after all these it computes as before', async () => {
  const again = await openEncoder(file);
  expect(encoder.run(ints(1, 2, 3), ints(3))).toEqual(again.run(ints(1, 2, 3), ints(3)));
});
