// A model from the hub into the cache. Until its last file is there and checked, no reference leads to it.
import { closeSync, openSync } from 'node:fs';
import { readlink, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VoisinError } from '../../errors.js';
import { makeDirectory } from '../../store/disk.js';
import { flock } from '../../store/flock.js';
import { chooseHubFiles, type Wanted } from './choose-hub-files.js';
import { diskFull, downloadBlob, sizeOf } from './download-blob.js';
import { dataFilesOf } from './find-onnx-files.js';
import { repositoryFolders, repositoryName, writingTo, type RepositoryFolders } from './hub-cache.js';
import type { HubClient, HubFile } from './hub-client.js';
import { ModelFiles } from './model-files.js';
import { outlineOf } from './onnx-outline.js';

export interface Progress {
  /** The file under way, relative to the model's directory. */
  readonly file: string;
  /** Bytes of all files that are there, and of all that are wanted. */
  readonly received: number;
  readonly total: number;
}

export interface DownloadRequest {
  readonly client: HubClient;
  /** The cache's folder. */
  readonly cache: string;
  readonly name: string;
  /** A branch, a tag or a commit. Default main. */
  readonly revision?: string | undefined;
  readonly wanted: Wanted;
  /** Larger models are refused. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly pauseMs?: number | undefined;
}

/**
 * Gives the model's directory in the cache; what is there already is not asked for again.
 * Throws `invalid_argument` (a name that no repository can have), `not_found`, `permission_denied`, `failed_precondition` (no model that can be
 * run, a cache that cannot be written), `resource_exhausted` (too large, no room), `unavailable` (network, checksum).
 */
export async function downloadModel(request: DownloadRequest): Promise<string> {
  const { client, cache, name, revision = 'main', wanted, signal } = request;
  if (!repositoryName.test(name) || /--|\.\./.test(name)) {
    throw new VoisinError('invalid_argument', `${JSON.stringify(name)} is no name on the hub, such as BAAI/bge-small-en-v1.5`, {
      field: 'model',
    });
  }
  const { commit, files } = await client.list(name, revision, signal);
  const chosen = chooseHubFiles(name, files, wanted);
  const folders = repositoryFolders(cache, name);
  await writingTo(cache, async () => {
    for (const folder of [folders.blobs, folders.refs, folders.locks]) await makeDirectory(folder);
    await checkRoom(request, chosen, folders);
    await downloadAll(request, { commit, chosen, folders });
    const whole = [...chosen, ...(await foundInside(name, join(folders.snapshots, commit), { files, chosen }))];
    if (whole.length > chosen.length) {
      await checkRoom(request, whole, folders);
      await downloadAll(request, { commit, chosen: whole, folders });
    }
    await replaceFile(join(folders.refs, encodeRef(revision)), commit);
  });
  return join(folders.snapshots, commit);
}

interface Plan {
  readonly commit: string;
  readonly chosen: readonly HubFile[];
  readonly folders: RepositoryFolders;
}

async function downloadAll(request: DownloadRequest, { commit, chosen, folders }: Plan): Promise<void> {
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  const snapshot = join(folders.snapshots, commit);
  let before = 0;
  for (const file of chosen) {
    const blob = join(folders.blobs, file.etag);
    const onBytes = (bytes: number): void => request.onProgress?.({ file: file.path, received: before + bytes, total });
    await whileLocked(join(folders.locks, `${file.etag}.lock`), request.signal, async () => {
      if ((await sizeOf(blob)) === file.size) return;
      const { client, name, signal, pauseMs } = request;
      await downloadBlob({ client, name, commit, file, path: blob, signal, onBytes, ...(pauseMs === undefined ? {} : { pauseMs }) });
    });
    onBytes(file.size);
    before += file.size;
    await link(blob, join(snapshot, file.path));
  }
}

/** Files with weights that no name tells: the ONNX files that have come say where they are. */
async function foundInside(
  name: string,
  directory: string,
  { files, chosen }: { readonly files: readonly HubFile[]; readonly chosen: readonly HubFile[] },
): Promise<HubFile[]> {
  const model = new ModelFiles(name, directory);
  const named = new Set<string>();
  for (const { path } of chosen.filter((file) => file.path.endsWith('.onnx'))) {
    for (const data of dataFilesOf(model, path, await outlineOf(model.path(path)))) named.add(data);
  }
  return files.filter((file) => named.has(file.path) && !chosen.includes(file));
}

async function checkRoom(
  { name, maxBytes, cache }: DownloadRequest,
  chosen: readonly HubFile[],
  { blobs }: RepositoryFolders,
): Promise<void> {
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    const message = `${name} has ${total} bytes; at most ${maxBytes} are downloaded (MAX_MODEL_MB)`;
    throw new VoisinError('resource_exhausted', message, { field: 'model' });
  }
  const { bavail, bsize } = await statfs(cache);
  for (const file of chosen) {
    const there = (await sizeOf(join(blobs, file.etag))) ?? (await sizeOf(join(blobs, `${file.etag}.incomplete`))) ?? 0;
    if (file.size - there > bavail * bsize) throw diskFull({ name, file });
  }
}

/** The lock that huggingface_hub takes for the same file, so that the two do not write into it at once. */
async function whileLocked(path: string, signal: AbortSignal | undefined, work: () => Promise<void>): Promise<void> {
  const descriptor = openSync(path, 'a');
  try {
    while (flock(descriptor) === 'taken') {
      signal?.throwIfAborted();
      await pause(500);
    }
    await work();
  } finally {
    closeSync(descriptor);
  }
}

/** As huggingface_hub does: relative, so that the cache can be moved. */
async function link(blob: string, path: string): Promise<void> {
  await makeDirectory(dirname(path));
  const target = relative(dirname(path), blob);
  if ((await readlink(path).catch(() => undefined)) === target) return;
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await symlink(target, draft);
  await rename(draft, path);
}

async function replaceFile(path: string, content: string): Promise<void> {
  await makeDirectory(dirname(path));
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/** A revision may have slashes, `refs/pr/1`, and stays within refs/ all the same. */
const encodeRef = (revision: string): string =>
  revision
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/');
