// Brings one file into the cache: from where an earlier try ended, checked before it counts.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { VoisinError } from '../../errors.js';
import { isDiskFull } from '../../store/disk.js';
import { isUnwritable } from './hub-cache.js';
import { reasonOf, type HubClient, type HubFile } from './hub-client.js';

export interface BlobRequest {
  readonly client: HubClient;
  readonly name: string;
  readonly commit: string;
  readonly file: HubFile;
  /** Where the bytes go; beside it lies `{path}.incomplete` while they come. */
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  /** Bytes of the file that are there; smaller than before where it had to begin anew. */
  readonly onBytes: (bytes: number) => void;
  /** Before the first of the tries that follow a failure; doubled for each. Default 500 ms. */
  readonly pauseMs?: number;
}

/** Tries in a row that brought nothing. */
const TRIES = 5;

/** Throws `unavailable` (network, checksum), `resource_exhausted` (disk), or what the client throws. */
export async function downloadBlob(request: BlobRequest): Promise<void> {
  const { file, path, name } = request;
  const incomplete = `${path}.incomplete`;
  const had = await sizeOf(incomplete);
  if (had !== undefined && had > file.size) await rm(incomplete);
  const digest = await untilComplete(request, incomplete);
  if (digest !== file.etag) {
    await rm(incomplete, { force: true });
    const message = `${file.path} of ${name} came damaged: its checksum is ${digest}, ${file.etag} is wanted; it is begun anew next time`;
    throw new VoisinError('unavailable', message, { retryAfterSeconds: 5 });
  }
  await rename(incomplete, path);
}

/** Gives the checksum of the bytes, all of which are in the file then. */
async function untilComplete(request: BlobRequest, incomplete: string): Promise<string> {
  const { signal } = request;
  for (let failures = 0; ;) {
    const before = (await sizeOf(incomplete)) ?? 0;
    try {
      return await receive(request, incomplete);
    } catch (error) {
      if (signal?.aborted)
        throw new VoisinError('deadline_exceeded', `the download of ${request.name} was given up`, undefined, { cause: error });
      if (isDiskFull(error)) throw diskFull(request, error);
      if (isUnwritable(error) || (error instanceof VoisinError && !isPassing(error))) throw error;
      failures = ((await sizeOf(incomplete)) ?? 0) > before ? 1 : failures + 1;
      if (failures >= TRIES) throw broken(request, error);
      const asked = error instanceof VoisinError && error.details?.['status'] === 429 ? (error.details.retryAfterSeconds ?? 0) * 1000 : 0;
      await pause(Math.max(asked, (request.pauseMs ?? 500) * 2 ** (failures - 1)), undefined, signal ? { signal } : {}).catch(
        () => undefined,
      );
    }
  }
}

/** One connection's worth of bytes, appended to what is there; gives the checksum of all. */
async function receive({ client, name, commit, file, signal, onBytes }: BlobRequest, incomplete: string): Promise<string> {
  const hash = hashOf(file);
  const there = await feedExisting(incomplete, hash);
  onBytes(there);
  if (there === file.size) return finish(incomplete, hash);
  const silence = new AbortController();
  const response = await client.bytes(name, commit, file.path, there, signal ? AbortSignal.any([signal, silence.signal]) : silence.signal);
  if (there === 0 || continues(response, there)) return append(incomplete, hash, there);
  // Not the rest: what lies there is of no use.
  await rm(incomplete);
  if (response.ok) return append(incomplete, hashOf(file), 0);
  await response.body?.cancel();
  throw new Error(`the server answered ${response.status} to a request for the bytes from ${there} on`);

  async function append(path: string, checksum: Hash, from: number): Promise<string> {
    let offset = from;
    const target = await open(path, 'a');
    const watch = setTimeout(() => silence.abort(new Error(`nothing came for ${client.silenceMs / 1000} s`)), client.silenceMs);
    try {
      for await (const chunk of response.body ?? []) {
        watch.refresh();
        offset += chunk.length;
        if (offset > file.size) throw new Error(`more than ${file.size} bytes came`);
        checksum.update(chunk);
        await target.writeFile(chunk);
        onBytes(offset);
      }
      if (offset < file.size) throw new Error(`the connection ended after ${offset} of ${file.size} bytes`);
      await target.sync();
    } finally {
      clearTimeout(watch);
      await target.close();
    }
    return checksum.digest('hex');
  }
}

const continues = ({ status, headers }: Response, offset: number): boolean =>
  status === 206 && (headers.get('content-range') ?? '').startsWith(`bytes ${offset}-`);

/** Git names a small file by the SHA-1 of its length and bytes; a large one is named by SHA-256. */
function hashOf({ etag, size }: HubFile): Hash {
  return etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function feedExisting(path: string, hash: Hash): Promise<number> {
  if ((await sizeOf(path)) === undefined) return 0;
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return bytes;
}

async function finish(path: string, hash: Hash): Promise<string> {
  const file = await open(path, 'a');
  await file.sync().finally(() => file.close());
  return hash.digest('hex');
}

export const sizeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.size;

/** Refused for now: too many requests, or a fault of the server. */
const isPassing = ({ code }: VoisinError): boolean => code === 'unavailable';

function broken({ name, file }: BlobRequest, error: unknown): VoisinError {
  const message = `${file.path} of ${name} could not be downloaded: ${reasonOf(error)}; what came is kept, and the next try goes on from there`;
  return new VoisinError('unavailable', message, { retryAfterSeconds: 30 }, { cause: error });
}

export function diskFull({ name, file }: Pick<BlobRequest, 'name' | 'file'>, cause?: unknown): VoisinError {
  return new VoisinError('resource_exhausted', `the disk is full: ${file.path} of ${name} has ${file.size} bytes`, undefined, { cause });
}
