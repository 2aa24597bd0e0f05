// One word for everything that a model's vectors depend on: caches are keyed by it, on this machine and on others.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelToLoad } from './models/model-description.js';

/** Changes where the same files give other tokens or positions than before: vectors of an earlier version are not found in caches then. */
const READING = 2;

/** SHA-256, in hexadecimal, over the contents of the files and over what the small ones say; not over where they lie. */
export async function fingerprint(model: ModelToLoad): Promise<string> {
  const { directory, onnxFile, readFiles, ...meaning } = model;
  const files = [onnxFile, ...readFiles];
  const hashes = await Promise.all(files.map((file) => sha256(join(directory, file))));
  return createHash('sha256')
    .update(JSON.stringify([READING, meaning, hashes]))
    .digest('hex');
}

/**
 * What caches know a loaded model's vectors by. Dynamic int8 gives each token's numbers a scale of their own or each text's, as the processor can
 * (Forward.keepsTextsApart): the two differ in the third digit, and servers on both kinds of processor may share one Redis. In float32 the last digits
 * differ, which nobody minds.
 */
export function cacheHash(fingerprint: string, { oneByOne, keepsTextsApart }: { oneByOne: boolean; keepsTextsApart: boolean }): string {
  return oneByOne && keepsTextsApart ? `${fingerprint}, a scale a token` : fingerprint;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
