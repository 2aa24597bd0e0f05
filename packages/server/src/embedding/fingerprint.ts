// One word for everything that a model's vectors depend on: caches are keyed by it, on this machine and on others.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelToLoad } from './models/model-description.js';

/** SHA-256, in hexadecimal, over the contents of the files and over what the small ones say; not over where they lie. */
export async function fingerprint(model: ModelToLoad): Promise<string> {
  const { directory, onnxFile, readFiles, ...meaning } = model;
  const files = [onnxFile, ...(await externalData(directory, onnxFile)), ...readFiles];
  const hashes = await Promise.all(files.map((file) => sha256(join(directory, file))));
  return createHash('sha256')
    .update(JSON.stringify([meaning, hashes]))
    .digest('hex');
}

/** Weights beside a file that would be over 2 GB, or was split anyway: `model.onnx_data`, `model.onnx.data`, `model.onnx_data_1`. */
export async function externalData(directory: string, onnxFile: string): Promise<string[]> {
  const [folder, name] = [dirname(onnxFile), basename(onnxFile)];
  const names = await readdir(join(directory, folder));
  return names
    .filter((other) => isExternalData(other, name))
    .toSorted()
    .map((other) => join(folder, other));
}

export const isExternalData = (name: string, onnxFile: string): boolean =>
  name.startsWith(`${onnxFile}_data`) || name.startsWith(`${onnxFile}.data`);

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
