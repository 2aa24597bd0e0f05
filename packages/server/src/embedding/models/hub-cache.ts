// The Hugging Face hub cache on disk, as huggingface_hub lays it out:
//
//   models--{owner}--{name}/
//     refs/{revision}                 the commit that the revision was when it was last asked for
//     snapshots/{commit}/{path}       links into blobs/
//     blobs/{etag}                    a file's bytes, named by their checksum; {etag}.incomplete while they come
//   .locks/models--{owner}--{name}/{etag}.lock
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VoisinError } from '../../errors.js';
import type { ModelPlace } from './model-places.js';

/** A repository's name: an owner and a name, or, for the oldest, a name alone. */
export const repositoryName = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
export const commitHash = /^[0-9a-f]{40}$/;

const prefix = 'models--';
const folderName = (name: string): string => prefix + name.replaceAll('/', '--');

export interface RepositoryFolders {
  readonly root: string;
  readonly blobs: string;
  readonly refs: string;
  readonly snapshots: string;
  readonly locks: string;
}

export function repositoryFolders(cache: string, name: string): RepositoryFolders {
  const root = join(cache, folderName(name));
  return {
    root,
    blobs: join(root, 'blobs'),
    refs: join(root, 'refs'),
    snapshots: join(root, 'snapshots'),
    locks: join(cache, '.locks', folderName(name)),
  };
}

/** The text models of the cache that can be run: those with an ONNX file. One without is somebody else's download. */
export async function findInHubCache(cache: string): Promise<ModelPlace[]> {
  const folders = (await readdir(cache).catch((): string[] => [])).filter((folder) => folder.startsWith(prefix)).toSorted();
  const places: ModelPlace[] = [];
  for (const folder of folders) {
    const name = folder.slice(prefix.length).replaceAll('--', '/');
    const directory = await snapshotOf(cache, name);
    if (directory !== undefined && (await isTextModel(directory))) places.push({ name, directory, kind: 'hub cache' });
  }
  return places;
}

/** The directory of a repository's current files: those of the commit that `main` was last, else of the newest there is. */
export async function snapshotOf(cache: string, name: string): Promise<string | undefined> {
  const { refs, snapshots } = repositoryFolders(cache, name);
  const commit = (await readFile(join(refs, 'main'), 'utf8').catch(() => '')).trim();
  const commits = (await readdir(snapshots).catch((): string[] => [])).filter((one) => commitHash.test(one));
  if (commits.includes(commit)) return join(snapshots, commit);
  const dated = await Promise.all(commits.map(async (one) => ({ one, time: (await stat(join(snapshots, one))).mtimeMs })));
  const newest = dated.toSorted((a, b) => b.time - a.time)[0];
  return newest && join(snapshots, newest.one);
}

async function isTextModel(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((): string[] => []);
  const inOnnx = await readdir(join(directory, 'onnx')).catch((): string[] => []);
  const hasOnnx = [...names, ...inOnnx].some((name) => name.endsWith('.onnx'));
  return hasOnnx && (names.includes('modules.json') || names.includes('tokenizer.json'));
}

/** Takes a repository out of the cache: its files of every revision. */
export async function removeFromHubCache(cache: string, name: string): Promise<void> {
  const { root, locks } = repositoryFolders(cache, name);
  // The references first: what a crash leaves behind is then no model.
  await writingTo(cache, async () => {
    for (const path of [join(root, 'refs'), join(root, 'snapshots'), root, locks]) await rm(path, { recursive: true, force: true });
  });
}

/** Throws `failed_precondition` that names the cache and its variables where the work fails because a file or folder of it cannot be written. */
export async function writingTo<T>(cache: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    const message = `the hub cache ${cache} cannot be written (${error.code}); HF_HUB_CACHE or HF_HOME names another folder`;
    throw new VoisinError('failed_precondition', message, undefined, { cause: error });
  }
}

const refusals = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG'];

/** A file system's refusal of a path, as against an error of the network. */
export function isUnwritable(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'path' in error && 'code' in error && refusals.includes(String(error.code));
}
