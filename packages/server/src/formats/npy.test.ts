import { describe, expect, it } from 'vitest';
import { VoisinError } from '../errors.js';
import { readNpy, writeNpy } from './npy.js';
import { bytesOf, each, listOf, streamOf } from './streams.test-help.js';

interface Parts {
  version?: number;
  header?: string;
  values?: Float32Array | Float64Array | Uint8Array;
}

function npy({ version = 1, header = dict(), values = new Float32Array(6) }: Parts = {}): Buffer {
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  size.writeUIntLE(Buffer.byteLength(header), 0, size.length);
  const body = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), size, Buffer.from(header), body]);
}

function dict(descr = "'<f4'", order = 'False', shape = '(2, 3)'): string {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
}

const read = (bytes: Uint8Array, batchRows?: number) => listOf(readNpy(streamOf(bytes), { dimension: 3, ...(batchRows && { batchRows }) }));

describe('readNpy', () => {
  it.each([1, 2, 3])('reads version %i in batches of whole rows', async (version) => {
    const values = Float32Array.from({ length: 15 }, (_, i) => i / 3);
    const batches = await read(npy({ version, header: dict("'<f4'", 'False', '(5, 3)'), values }), 2);
    expect(batches.map((batch) => batch.values.length)).toEqual([6, 6, 3]);
    expect(batches.flatMap((batch) => [...batch.values])).toEqual([...values]);
  });

  it('makes float32 of float64', async () => {
    const values = Float64Array.of(0.1, -2, 3, 1e-50, 3.4028235e38, 6);
    expect(await read(npy({ header: dict("'<f8'"), values }))).toEqual([{ values: Float32Array.from(values), unfit: [] }]);
  });

  it.each([NaN, Infinity, -Infinity, 1e39, -1e39, 3.4028236e38, 1e300])(
    'names the row with %d, as it is in the file, and gives the others',
    async (value) => {
      const header = dict("'<f8'", 'False', '(5, 3)');
      const values = Float64Array.from({ length: 15 }, (_, i) => (i === 4 || i === 12 ? value : i));
      const batches = await read(npy({ header, values }), 4);
      expect(batches.map(({ unfit }) => unfit)).toEqual([[{ row: 1, column: 1, value }], [{ row: 0, column: 0, value }]]);
      expect(batches.flatMap((batch) => [...batch.values])).toEqual([...Float32Array.from(values)]);
    },
  );

  it('finds rows whose sum alone overflows whole', async () => {
    const values = new Float32Array(6).fill(3.4e38);
    expect(await read(npy({ values }))).toEqual([{ values, unfit: [] }]);
  });

  it('reads headers as other writers make them', async () => {
    const header = '{"shape":(2L,3L),"descr":"<f4","fortran_order":False}';
    expect(await read(npy({ header }))).toEqual([{ values: new Float32Array(6), unfit: [] }]);
    expect(await read(npy({ header: dict("'<f4'", 'False', '(0, 3)'), values: new Uint8Array(0) }))).toEqual([]);
  });

  it('keeps a batch to some megabytes, however many rows were asked for', async () => {
    const values = new Float32Array(3 * 500_000);
    const sizes = (
      await listOf(
        readNpy(streamOf(npy({ header: dict("'<f4'", 'False', '(500000, 3)'), values }), 65_536), { dimension: 3, batchRows: 1e9 }),
      )
    ).map((batch) => batch.values.byteLength);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(values.byteLength);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['another file', Buffer.from('PK\x03\x04 a zip file'), /does not begin with/],
    ['an empty file', Buffer.alloc(0), /does not begin with/],
    ['version 4', npy({ version: 4 }), /version 4\.0; accepted: 1, 2 and 3/],
    ['a cut header', npy().subarray(0, 30), /cut in its header/],
    ['a header size that is cut', npy().subarray(0, 9), /cut in its header/],
    ['a huge header', npy({ version: 2, header: ' '.repeat(70_000) }), /header of 70000 bytes; at most 65536/],
    ['a header that is no dict', npy({ header: 'hello' }), /without descr.*hello/],
    ['big-endian values', npy({ header: dict("'>f4'") }), /type '>f4'; accepted: '<f4' and '<f8'/],
    ['integers', npy({ header: dict("'<i8'") }), /type '<i8'/],
    ['structures', npy({ header: dict("[('a', '<f4')]") }), /a structure of several fields/],
    ['pickled objects', npy({ header: dict("'|O'") }), /type '\|O'/],
    ['Fortran order', npy({ header: dict("'<f4'", 'True') }), /Fortran order; accepted: C order/],
    ['one dimension', npy({ header: dict("'<f4'", 'False', '(6,)') }), /shape \(6,\); accepted: two dimensions, \(rows, 3\)/],
    ['no dimension', npy({ header: dict("'<f4'", 'False', '()') }), /shape \(\)/],
    ['three dimensions', npy({ header: dict("'<f4'", 'False', '(2, 3, 1)') }), /shape \(2, 3, 1\)/],
    ['rows of another size', npy({ header: dict("'<f4'", 'False', '(3, 2)') }), /rows of 2 values; accepted: 3/],
    ['an impossible shape', npy({ header: dict("'<f4'", 'False', '(99999999999999999999, 3)') }), /impossible shape/],
    ['a cut file', npy().subarray(0, -1), /is cut: its shape says 2 rows, and it ends after 1 whole ones/],
    ['a file that goes on', Buffer.concat([npy(), Buffer.of(0)]), /goes on after the 2 rows/],
    [
      'a header that is no UTF-8',
      Buffer.from(
        npy({ version: 3, header: `{'\xff'${dict()}` })
          .toString('latin1')
          .replace('\xc3\xbf', '\xff\xff'),
        'latin1',
      ),
      /expected UTF-8, got the byte 0xFF at byte 2/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const stream = streamOf(bytes);
    const error: unknown = await listOf(readNpy(stream, { dimension: 3 })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VoisinError);
    expect(error).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) });
    expect(stream.closed || stream.taken === 0).toBe(true);
  });

  it('takes no more from its source than it was asked for, and lets it go when it is left', async () => {
    const stream = streamOf(npy({ header: dict("'<f4'", 'False', '(1000, 3)'), values: new Float32Array(3000) }), 64);
    for await (const batch of readNpy(stream, { dimension: 3, batchRows: 10 })) {
      expect(batch.values.length).toBe(30);
      break;
    }
    expect(stream.taken).toBeLessThan(512);
    expect(stream.closed).toBe(true);
  });
});

describe('writeNpy', () => {
  it('writes what readNpy reads, with the values at a multiple of 64 bytes', async () => {
    const rows = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9)];
    const bytes = await bytesOf(writeNpy(each(rows), { rows: 3, dimension: 3 }));
    expect((bytes.length - 36) % 64).toBe(0);
    expect(bytes.subarray(10, 70).toString('latin1')).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), } ".slice(0, 60));
    expect(await read(bytes)).toEqual([{ values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), unfit: [] }]);
  });

  it.each([1, 3])('does not hide it when %i rows come instead of 2', async (count) => {
    const rows = Array.from({ length: count }, () => new Float32Array(3));
    await expect(bytesOf(writeNpy(each(rows), { rows: 2, dimension: 3 }))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
