// .fvecs (http://corpus-texmex.irisa.fr): each row is its dimension as a little-endian int32, then that many float32.
import { ByteReader } from './byte-reader.js';
import { malformed, type ReadRowsOptions, type RowBatch, rowBatch, rowsPerBatch, wholeRows } from './row-batches.js';

/** Reads the rows of an .fvecs file in batches of whole rows. Throws invalid_argument. */
export async function* readFvecs(chunks: AsyncIterable<Uint8Array>, options: ReadRowsOptions): AsyncGenerator<RowBatch> {
  const { dimension } = options;
  const stride = dimension + 1;
  const batchRows = rowsPerBatch(options);
  const reader = new ByteReader(chunks);
  try {
    for (let row = 0; ; row += batchRows) {
      const words = new Int32Array(batchRows * stride);
      const filled = await reader.fill(new Uint8Array(words.buffer));
      const rows = Math.floor(filled / (stride * 4));
      const values = new Float32Array(words.buffer);
      const batch = new Float32Array(rows * dimension);
      for (let i = 0; i < Math.ceil(filled / (stride * 4)); i++) {
        const found = words[i * stride] ?? 0;
        // A row that is cut within its first four bytes has no dimension to speak of.
        if (found !== dimension && filled - i * stride * 4 >= 4) {
          throw malformed('fvecs', `has ${found} as the dimension of row ${row + i}; accepted: ${dimension}, the dimension of the index`);
        }
        if (i < rows) batch.set(values.subarray(i * stride + 1, (i + 1) * stride), i * dimension);
      }
      if (rows > 0) yield rowBatch(batch, dimension);
      if (filled % (stride * 4) !== 0) throw malformed('fvecs', `is cut: it ends within row ${row + rows}, at byte ${reader.position}`);
      if (rows < batchRows) return;
    }
  } finally {
    await reader.close();
  }
}

/** Writes an .fvecs file. */
export async function* writeFvecs(
  batches: AsyncIterable<Float32Array>,
  { dimension }: { readonly dimension: number },
): AsyncGenerator<Uint8Array> {
  for await (const values of batches) {
    const rows = wholeRows(values, dimension);
    const words = new Int32Array(rows * (dimension + 1));
    const floats = new Float32Array(words.buffer);
    for (let i = 0; i < rows; i++) {
      words[i * (dimension + 1)] = dimension;
      floats.set(values.subarray(i * dimension, (i + 1) * dimension), i * (dimension + 1) + 1);
    }
    yield new Uint8Array(words.buffer);
  }
}
