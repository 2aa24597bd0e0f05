// What the store keeps of a training: the trained, empty FAISS index, and behind its bytes, which FAISS ignores, what fits it:
//
//   FAISS bytes | JSON of a Fit | u32 length of the JSON | "VOISINF1"
import type { Fit } from './fit.js';

const magic = Buffer.from('VOISINF1');

export function trainingRecord(faiss: Uint8Array, fit: Fit): Uint8Array {
  const json = Buffer.from(JSON.stringify(fit));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([faiss, json, length, magic]);
}

/** undefined: the training is of a version that did not say. */
export function fitOfRecord(record: Uint8Array): Fit | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const end = bytes.length - magic.length - 4;
  if (end < 0 || !bytes.subarray(end + 4).equals(magic)) return undefined;
  const { absolute, relative, trainedAt }: Partial<Fit> = JSON.parse(bytes.subarray(end - bytes.readUInt32LE(end), end).toString());
  if (typeof absolute !== 'number' || typeof relative !== 'number') return undefined;
  return { absolute, relative, ...(typeof trainedAt === 'string' && { trainedAt }) };
}
