// NumPy's .npy, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): two-dimensional floats in C order.
import { VoisinError } from '../errors.js';
import { ByteReader } from './byte-reader.js';
import { float32ToBytes } from './float-bytes.js';
import { utf8Problem } from './i-json.js';
import { malformed, type ReadRowsOptions, type RowBatch, rowBatch, rowsPerBatch, wholeRows } from './row-batches.js';

const magic = Buffer.from('\x93NUMPY', 'latin1');
const maxHeaderBytes = 64 * 1024;

/** Reads the rows of an .npy file in batches of whole rows, '<f8' made float32. Throws invalid_argument. */
export async function* readNpy(chunks: AsyncIterable<Uint8Array>, options: ReadRowsOptions): AsyncGenerator<RowBatch> {
  const reader = new ByteReader(chunks);
  try {
    const { rows, bytesPerValue } = await readHeader(reader, options.dimension);
    const batchRows = rowsPerBatch(options);
    for (let row = 0; row < rows; row += batchRows) {
      const count = Math.min(batchRows, rows - row) * options.dimension;
      const values = bytesPerValue === 4 ? new Float32Array(count) : new Float64Array(count);
      const filled = await reader.fill(new Uint8Array(values.buffer));
      if (filled < values.byteLength) {
        const whole = row + Math.floor(filled / (options.dimension * bytesPerValue));
        throw malformed('npy', `is cut: its shape says ${rows} rows, and it ends after ${whole} whole ones, at byte ${reader.position}`);
      }
      yield rowBatch(values instanceof Float64Array ? Float32Array.from(values) : values, options.dimension, values);
    }
    if (!(await reader.atEnd())) throw malformed('npy', `goes on after the ${rows} rows of its shape, at byte ${reader.position}`);
  } finally {
    await reader.close();
  }
}

async function readHeader(reader: ByteReader, dimension: number): Promise<{ rows: number; bytesPerValue: 4 | 8 }> {
  const start = Buffer.alloc(8);
  if ((await reader.fill(start)) < start.length || !start.subarray(0, 6).equals(magic)) {
    throw malformed('npy', 'does not begin with the bytes \\x93NUMPY and a version: it is no .npy file, or it is cut');
  }
  const version = start[6] ?? 0;
  if (version < 1 || version > 3) throw malformed('npy', `has version ${version}.${start[7]}; accepted: 1, 2 and 3`);
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if ((await reader.fill(size)) < size.length) throw malformed('npy', 'is cut in its header');
  const length = size.readUIntLE(0, size.length);
  if (length > maxHeaderBytes) throw malformed('npy', `has a header of ${length} bytes; at most ${maxHeaderBytes} are accepted`);
  const header = Buffer.alloc(length);
  if ((await reader.fill(header)) < length) throw malformed('npy', 'is cut in its header');
  const problem = version === 3 ? utf8Problem(header) : undefined;
  if (problem !== undefined) throw malformed('npy', `has a header that cannot be read: ${problem}`);
  return parseHeader(header.toString(version === 3 ? 'utf8' : 'latin1'), dimension);
}

// The header is the text of a Python dict with exactly these three keys.
function parseHeader(header: string, dimension: number): { rows: number; bytesPerValue: 4 | 8 } {
  const shown = header.trim().slice(0, 200);
  const descr = /(['"])descr\1\s*:\s*(?:(['"])(.*?)\2|(\[))/.exec(header);
  const order = /(['"])fortran_order\1\s*:\s*(True|False)/.exec(header)?.[2];
  const shape = /(['"])shape\1\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[2];
  if (!descr || order === undefined || shape === undefined) {
    throw malformed('npy', `has a header without descr, fortran_order and shape; got ${JSON.stringify(shown)}`);
  }
  const type = descr[4] ? 'a structure of several fields' : `'${descr[3]}'`;
  if (type !== "'<f4'" && type !== "'<f8'") throw malformed('npy', `holds values of type ${type}; accepted: '<f4' and '<f8'`);
  if (order === 'True') throw malformed('npy', 'is in Fortran order; accepted: C order (numpy.ascontiguousarray makes it)');
  const sizes = [...shape.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const [rows = 0, columns = 0] = sizes;
  if (sizes.length !== 2) throw malformed('npy', `has the shape (${shape.trim()}); accepted: two dimensions, (rows, ${dimension})`);
  if (columns !== dimension) throw malformed('npy', `has rows of ${columns} values; accepted: ${dimension}, the dimension of the index`);
  if (!Number.isSafeInteger(rows * columns * 8)) throw malformed('npy', `has the impossible shape (${shape.trim()})`);
  return { rows, bytesPerValue: type === "'<f4'" ? 4 : 8 };
}

/** Writes an .npy file of '<f4'. `rows` is their number, which the header must know; another number of rows is `unavailable`. */
export async function* writeNpy(
  batches: AsyncIterable<Float32Array>,
  { rows, dimension }: { readonly rows: number; readonly dimension: number },
): AsyncGenerator<Uint8Array> {
  yield npyHeader(rows, dimension);
  let written = 0;
  for await (const values of batches) {
    written += wholeRows(values, dimension);
    if (written > rows) break;
    yield float32ToBytes(values);
  }
  if (written !== rows) {
    const came = written > rows ? 'more' : String(written);
    throw new VoisinError('unavailable', `the index changed during its export: the npy file was begun for ${rows} rows, and ${came} came`);
  }
}

// Padded with spaces so that the values begin at a multiple of 64 bytes.
function npyHeader(rows: number, dimension: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`;
  const size = Math.ceil((magic.length + 4 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(size, ' ');
  magic.copy(header);
  header.writeUInt8(1, 6);
  header.writeUInt8(0, 7);
  header.writeUInt16LE(size - 10, 8);
  header.write(`${text.padEnd(size - 11)}\n`, 10, 'latin1');
  return header;
}
