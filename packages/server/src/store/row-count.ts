// How many rows a closed store has, in a file beside its LevelDB, so that a list of indexes opens none of them.
//
// It is written when the store is closed in order, and removed, durably, before the first change after that: after a crash it is missing, never wrong.
// It names the change that it belongs to as well, which must be the last one that was acknowledged.
import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, syncPath } from './disk.js';
import type { StoreState } from './store-state.js';

const pathIn = (directory: string): string => join(directory, 'count');
const bytes = 16;

/** undefined: nobody knows without opening the store. `directory`: the store's own. */
export async function readRowCount(directory: string): Promise<number | undefined> {
  const [count, acknowledged] = await Promise.all([numbersIn(pathIn(directory)), numbersIn(join(directory, 'acknowledged'))]);
  const [changes, rows] = count;
  return count.length * 8 === bytes && changes === acknowledged[0] ? rows : undefined;
}

/** A count that cannot be written is missing: the next one who wants it opens the store. */
export function writeRowCount(directory: string, { changes, rows }: StoreState): void {
  const count = Buffer.alloc(bytes);
  count.writeDoubleLE(changes, 0);
  count.writeDoubleLE(rows, 8);
  try {
    writeFileSync(pathIn(directory), count, { mode: 0o600 });
  } catch {
    // The directory may be gone, the disk full, or all descriptors in use.
  }
}

export async function removeRowCount(directory: string): Promise<void> {
  try {
    await rm(pathIn(directory));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await syncPath(directory);
}

async function numbersIn(path: string): Promise<number[]> {
  const found = await readFile(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return Buffer.alloc(0);
    throw error;
  });
  return Array.from({ length: Math.floor(found.length / 8) }, (_, at) => found.readDoubleLE(at * 8));
}
