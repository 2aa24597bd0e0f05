// The folder of a LevelDB before it is opened. LevelDB takes a folder without CURRENT for a new store and removes the tables that it finds there; and
// where its MANIFEST was cut, it removes those that only the lost part names. So what is there is looked at first, and a new store is made elsewhere
// and renamed in: a folder with files is a whole store, or it is damaged.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { DamageError } from '../errors.js';
import { hasCode, isThere, syncPath } from './disk.js';
import { readManifest } from './orphan-tables.js';

/** Whether there is a store. false: there is no folder, or it is empty. Errors: DamageError when files are there, but not all of a store. */
export async function hasLevel(directory: string): Promise<boolean> {
  const names = await namesIn(directory);
  if (names.length === 0) return false;
  const name = basename(directory);
  if (!names.includes('CURRENT'))
    throw new DamageError(`the file CURRENT does not exist in ${name}, and ${names.length} other files do: it was lost`);
  const current = await readFile(join(directory, 'CURRENT'), 'utf8');
  if (!/^MANIFEST-\d+\n$/.test(current)) throw new DamageError(`the file CURRENT of ${name} names no MANIFEST: it was cut or altered`);
  const manifest = current.trim();
  if (!names.includes(manifest)) throw new DamageError(`missing files: ${name}/${manifest} is lost`);
  await requireTables(directory, manifest, names);
  return true;
}

async function requireTables(directory: string, manifest: string, names: readonly string[]): Promise<void> {
  const version = readManifest(await readFile(join(directory, manifest)));
  // LevelDB itself judges what we do not understand.
  if (version === undefined) return;
  const orphans = names.filter((name) => /^\d+\.ldb$/.test(name) && !version.tables.has(Number.parseInt(name, 10)));
  const lost = [...version.tables.keys()].map((number) => fileName(number, 'ldb')).filter((name) => !names.includes(name));
  if (lost.length > 0)
    throw new DamageError(`missing files: ${lost.slice(0, 3).join(', ')} of ${basename(directory)}, ${lost.length} in all`);
  // A table that is not in service is an unfinished one, or the MANIFEST was cut before its name. Then the log from before is gone.
  if (orphans.length === 0 || version.log === undefined || version.log === 0 || names.includes(fileName(version.log, 'log'))) return;
  throw new DamageError(
    `${manifest} of ${basename(directory)} does not name ${orphans.join(', ')} and names a log that is lost (${fileName(version.log, 'log')}): it was cut or altered`,
  );
}

const fileName = (number: number, ending: string): string => `${String(number).padStart(6, '0')}.${ending}`;

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    if (hasCode(error, 'ENOTDIR')) throw new DamageError(`${basename(directory)} is not a directory (ENOTDIR)`, { cause: error });
    throw error;
  }
}

/** Makes an empty store. A crash leaves all of it or none. */
export async function makeLevel(directory: string): Promise<void> {
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  const db = new ClassicLevel(draft);
  await db.open({ createIfMissing: true });
  await db.close();
  await syncPath(draft);
  await rename(draft, directory);
  await syncPath(dirname(directory));
}

/** Moves what is at `path`, whatever it is, to another name beside it. @returns that name's path; undefined: there was nothing */
export async function moveAside(path: string, ending: string): Promise<string | undefined> {
  if (!(await isThere(path))) return undefined;
  const aside = `${path}.${ending}`;
  await rename(path, aside);
  return aside;
}

/** Makes an empty store where none ever was. `answered`: changes of it that were answered. Errors: DamageError where one is gone, or a part of its files. */
export async function requireLevel(directory: string, answered: number, whatToDo: string): Promise<void> {
  if (await hasLevel(directory)) return;
  if (answered > 0)
    throw new DamageError(`${basename(directory)} does not exist or is empty, but change ${answered} was answered; ${whatToDo}`);
  await makeLevel(directory);
}
