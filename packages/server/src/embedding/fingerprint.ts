// One word for everything that a model's vectors depend on: caches are keyed by it, on this machine and on others.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelToLoad } from './models/model-description.js';

/** SHA-256, in hexadecimal, over the contents of the files and over what the small ones say; not over where they lie. */
export async function fingerprint(model: ModelToLoad): Promise<string> {
  const { directory, onnxFile, readFiles, ...meaning } = model;
  const files = [onnxFile, ...readFiles];
  const hashes = await Promise.all(files.map((file) => sha256(join(directory, file))));
  return createHash('sha256')
    .update(JSON.stringify([meaning, hashes]))
    .digest('hex');
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
