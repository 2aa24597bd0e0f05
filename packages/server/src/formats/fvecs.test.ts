import { describe, expect, it } from 'vitest';
import { readFvecs, writeFvecs } from './fvecs.js';
import { bytesOf, each, listOf, streamOf } from './streams.test-help.js';

const values = Float32Array.from({ length: 15 }, (_, i) => i / 7);
const file = () => bytesOf(writeFvecs(each([values.subarray(0, 6), values.subarray(6)]), { dimension: 3 }));

describe('fvecs', () => {
  it('write the dimension before each row', async () => {
    const bytes = await file();
    expect(bytes.length).toBe(5 * 16);
    expect([0, 16, 32, 48, 64].map((at) => bytes.readInt32LE(at))).toEqual([3, 3, 3, 3, 3]);
    expect(bytes.readFloatLE(20)).toBe(values[3]);
  });

  it.each([1, 2, 5, 1000])('come back in batches of at most %i rows', async (batchRows) => {
    const batches = await listOf(readFvecs(streamOf(await file()), { dimension: 3, batchRows }));
    expect(batches.every(({ values: { length } }) => length > 0 && length <= batchRows * 3)).toBe(true);
    expect(batches.flatMap((batch) => [...batch.values])).toEqual([...values]);
  });

  it('name the rows that are no finite float32, and give the others', async () => {
    const bytes = await file();
    bytes.writeFloatLE(-Infinity, 20);
    bytes.writeFloatLE(NaN, 64 + 12);
    const batches = await listOf(readFvecs(streamOf(bytes), { dimension: 3, batchRows: 2 }));
    expect(batches.map(({ unfit }) => unfit)).toEqual([[{ row: 1, column: 0, value: -Infinity }], [], [{ row: 0, column: 2, value: NaN }]]);
    expect(batches[1]?.values).toEqual(values.subarray(6, 12));
  });

  it('are empty without rows', async () => {
    expect(await listOf(readFvecs(streamOf(Buffer.alloc(0)), { dimension: 3 }))).toEqual([]);
  });

  it.each([1, 5, 15])('are refused when %i bytes are missing, after the whole rows were given', async (missing) => {
    const given: number[] = [];
    const reading = async () => {
      for await (const batch of readFvecs(streamOf((await file()).subarray(0, -missing)), { dimension: 3 }))
        given.push(batch.values.length);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('ends within row 4') });
    expect(given).toEqual([12]);
  });

  it('are refused when a row has another dimension', async () => {
    const bytes = await file();
    bytes.writeInt32LE(-7, 32);
    const stream = streamOf(bytes);
    await expect(listOf(readFvecs(stream, { dimension: 3, batchRows: 2 }))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('has -7 as the dimension of row 2; accepted: 3'),
    });
    expect(stream.closed).toBe(true);
  });
});
