// What LevelDB does not check of its own files when it opens them.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DamageError } from '../errors.js';
import { hasCode } from './disk.js';

const tablePattern = /^ (\d+):(\d+)\[/gm;

/**
 * Tables that are shorter or longer than LevelDB's manifest says. It would find out at the first read of a lost block, which may be weeks later.
 * `tables` is LevelDB's property 'leveldb.sstables': ` 17:2113536['a' @ 1 : 1 .. 'b' @ 2 : 1]` for the table in 000017.ldb.
 */
export function checkTables(directory: string, tables: string): void {
  for (const [, number = '', bytes = ''] of tables.matchAll(tablePattern)) {
    const name = `${number.padStart(6, '0')}.ldb`;
    const size = sizeOf(join(directory, name));
    if (size !== undefined && size !== Number(bytes)) {
      throw new DamageError(`the store's file ${name} has ${size} bytes and should have ${bytes}: it was cut or altered`);
    }
  }
}

/** Bytes of the logs that LevelDB will write into tables when it opens the directory. */
export const logBytes = (directory: string): number => bytesOf(directory, '.log');

export const tableBytes = (directory: string): number => bytesOf(directory, '.ldb');

/** Bytes of the tables in service, by LevelDB's own list. */
export function listedBytes(tables: string): number {
  let sum = 0;
  for (const [, , bytes = ''] of tables.matchAll(tablePattern)) sum += Number(bytes);
  return sum;
}

function bytesOf(directory: string, ending: string): number {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  return names.reduce((sum, name) => sum + (sizeOf(join(directory, name)) ?? 0), 0);
}

/** undefined: a compaction has just removed it (LevelDB itself misses a table that is not there when it opens). */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
