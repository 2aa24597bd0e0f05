// Whether files are still those that they were, without reading them.
import { stat } from 'node:fs/promises';

/** Equal for the same files with the same contents, as far as size, time of change and place on the disk tell. */
export async function fileIdentity(paths: readonly string[]): Promise<string> {
  const found = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return found.map((file) => (file ? [file.dev, file.ino, file.size, file.mtimeNs].join(':') : 'none')).join(' ');
}
