// The text files of a folder: what is binary, hidden, installed or built is left out.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { VoisinError } from '../errors.js';

export interface TextFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly text: string;
}

const leftOut = new Set(['node_modules', 'dist', 'build', 'target', '__pycache__']);
const largestFile = 2 * 1024 ** 2;
/** A byte 0 among the first of them means binary, as git has it. */
const lookedAt = 8000;

/**
 * @param wanted which names are taken
 * @throws VoisinError not_found when the folder is missing, invalid_argument when it is no folder
 */
export async function* textFiles(folder: string, wanted: (name: string) => boolean = () => true): AsyncGenerator<TextFile> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw new VoisinError('not_found', `there is no folder ${folder}`);
  if (!found.isDirectory()) throw new VoisinError('invalid_argument', `${folder} is not a folder`);
  yield* visit(folder, folder, wanted);
}

async function* visit(root: string, folder: string, wanted: (name: string) => boolean): AsyncGenerator<TextFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || leftOut.has(entry.name)) continue;
    if (entry.isDirectory()) yield* visit(root, path, wanted);
    else if (entry.isFile() && wanted(entry.name)) {
      const text = await readText(path);
      if (text !== undefined && text.trim() !== '') yield { path: relative(root, path), text };
    }
  }
}

/** @returns undefined for what is not UTF-8 text, is too large or cannot be read */
async function readText(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > largestFile) return undefined;
    const bytes = await readFile(path);
    if (bytes.subarray(0, lookedAt).includes(0)) return undefined;
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // One file that this user may not read, or that is no UTF-8, is no reason to stop.
    return undefined;
  }
}
