// The vectors of an export as bytes of a format.

import { writeFvecs, writeJsonl, writeNpy } from '../../formats/index.js';
import type { Export } from '../../operations/index-export.js';
import type { Format } from './import-body.js';

export const contentTypes: Readonly<Record<Format, string>> = {
  jsonl: 'application/x-ndjson; charset=utf-8',
  npy: 'application/octet-stream',
  fvecs: 'application/octet-stream',
};

const batchRows = 256;

/** JSON lines carry everything; .npy and .fvecs carry the values alone, in the order in which GET /vectors lists their ids. */
export function exportBytes({ vectors, count, dimension }: Export, format: Format): AsyncIterable<Uint8Array> {
  if (format === 'jsonl') return writeJsonl(vectors);
  const rows = batches(vectors, dimension);
  return format === 'npy' ? writeNpy(rows, { rows: count, dimension }) : writeFvecs(rows, { dimension });
}

async function* batches(vectors: Export['vectors'], dimension: number): AsyncGenerator<Float32Array> {
  let batch = new Float32Array(batchRows * dimension);
  let filled = 0;
  for await (const { values } of vectors) {
    batch.set(values, filled);
    filled += dimension;
    if (filled < batch.length) continue;
    yield batch;
    batch = new Float32Array(batchRows * dimension);
    filled = 0;
  }
  if (filled > 0) yield batch.subarray(0, filled);
}
