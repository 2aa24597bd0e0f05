// Small truths about files: what makes a rename durable, and how a full disk announces itself.
import { lstat, mkdir, open, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes what was done to the entries of `path` (or to the file `path`) survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and those above it. Node's own recursive mkdir never ends where a file system refuses with ENOENT although
 * the parent is there, as /proc does (seen in Node 20.20): this one goes up only while the parent is missing.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (hasCode(error, 'EEXIST') && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    const parentMissing = await stat(parent).then(
      () => false,
      (reason: unknown) => hasCode(reason, 'ENOENT'),
    );
    if (!hasCode(error, 'ENOENT') || parent === path) throw error;
    if (parentMissing) await makeDirectory(parent);
    // Somebody else may make the same directories at this moment.
    await mkdir(path).catch((reason: unknown) => {
      if (!hasCode(reason, 'EEXIST')) throw reason;
    });
  }
}

/** The messages of an error and of its causes. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${errorText(error.cause)}`;
}

/** LevelDB reports errno by its text alone, Node by a code, FAISS by the text of its C++ exception. */
export function isDiskFull(error: unknown): boolean {
  return (
    /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(errorText(error)) ||
    hasCode(error, 'ENOSPC') ||
    hasCode(error, 'EDQUOT')
  );
}

/** The process, or the machine, has as many files open as it may. Said as a full disk is. */
export function isTooManyFiles(error: unknown): boolean {
  return /EMFILE|ENFILE|[Tt]oo many open files/.test(errorText(error)) || hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE');
}

/** Whether there is anything at `path`. */
export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: unknown) => !hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR'),
  );

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Bytes that an unprivileged process may still write where `path` lies. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Bytes on disk of all files below `directory`. A file that goes away meanwhile counts nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isFile()) return 0;
      try {
        return (await stat(join(entry.parentPath, entry.name))).size;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return 0;
        throw error;
      }
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
