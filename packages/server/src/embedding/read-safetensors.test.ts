import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromBfloat16, fromFloat16 } from './half-floats.js';
import { readSafetensors } from './read-safetensors.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-safetensors-'));
  file = join(folder, 'model.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

async function write(header: unknown, data: Uint8Array): Promise<void> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(file, Buffer.concat([length, json, data]));
}

// From IEEE 754: 1, -2, the largest, the smallest normal, the smallest subnormal, -0, infinity.
const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00);
const numbers = [1, -2, 65_504, 2 ** -14, 2 ** -24, -0, Infinity];

test('float16 numbers are those of IEEE 754', () => {
  expect([...fromFloat16(halves)]).toEqual(numbers);
  expect(Number.isNaN(fromFloat16(Uint16Array.of(0x7e00))[0])).toBe(true);
});

test('bfloat16 numbers are the upper half of a float32', () => {
  expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x4049))]).toEqual([1, -2, Infinity, 3.140625]);
});

test('tensors of each accepted kind are read from anywhere in the file', async () => {
  const floats = Float32Array.of(0.5, -1, 3, 4, 5, 6);
  const data = Buffer.concat([Buffer.from(halves.buffer, 0, 2), Buffer.from(floats.buffer), Buffer.from(Uint16Array.of(0x3f80).buffer)]);
  await write(
    {
      __metadata__: { format: 'pt' },
      half: { dtype: 'F16', shape: [1], data_offsets: [0, 2] },
      whole: { dtype: 'F32', shape: [2, 3], data_offsets: [2, 26] },
      brain: { dtype: 'BF16', shape: [1], data_offsets: [26, 28] },
    },
    data,
  );
  expect(await readSafetensors(file)).toEqual(
    new Map([
      ['half', { shape: [1], values: Float32Array.of(1) }],
      ['whole', { shape: [2, 3], values: floats }],
      ['brain', { shape: [1], values: Float32Array.of(1) }],
    ]),
  );
});

test.each([
  ['{', 'is no safetensors file: its header is not JSON'],
  [{ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 'holds a as I64; F32, F16, BF16 are accepted'],
  [{ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 'has 4 bytes for a of shape 2'],
  [{ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 'has a wrong header for a'],
  [{ a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } }, 'is cut short: a ends at byte 16 of its values, and there are 8'],
  [{ a: null }, 'holds a as undefined'],
])('a header %j is refused: %s', async (header, words) => {
  await write(header, Buffer.alloc(8));
  await expect(readSafetensors(file)).rejects.toThrow(words);
});

test('a file shorter than its header is refused', async () => {
  for (const bytes of [Buffer.alloc(3), Buffer.from('ffffffff00000000aa', 'hex')]) {
    await writeFile(file, bytes);
    await expect(readSafetensors(file)).rejects.toThrow('is cut short: its header is not there');
  }
});
