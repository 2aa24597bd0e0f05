// Vectors in the formats of others: .npy, .fvecs, JSON lines, raw bytes, base64, and short decimals.
export { base64ToFloat32, bytesToFloat32, float32ToBase64, float32ToBytes } from './float-bytes.js';
export { float32ToJson, shortFloat } from './float-text.js';
export { readFvecs, writeFvecs } from './fvecs.js';
export { isExactNumber, surrogateEnd, utf8Problem } from './i-json.js';
export { inOneLine, writeJsonl } from './jsonl.js';
export { readNpy, writeNpy } from './npy.js';
export { type ReadRowsOptions, type RowBatch, type UnfitValue } from './row-batches.js';
