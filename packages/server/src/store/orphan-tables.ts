// Tables that a compaction of LevelDB wrote and could not put into service, because the disk was full. LevelDB removes them at the end of the next
// opening, but opening wants to write too: without us, a disk that they fill stays full, and the store closed, for good.
//
// Which tables are in service stands in the MANIFEST, a log of changes. Formats: leveldb/doc/log_format.md, leveldb/db/version_edit.cc.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [blockBytes, headerBytes] = [32 * 1024, 7];
const parts = { full: 1, last: 4 } as const;
const tags = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

/** Removes them and says how many bytes that freed. The store must be closed. Nothing is removed unless all tables in service are there, whole. */
export function removeOrphanTables(directory: string): number {
  const tables = tablesInService(directory);
  const found = readdirSync(directory).filter((name) => /^\d+\.ldb$/.test(name));
  const sizes = new Map(found.map((name) => [Number.parseInt(name, 10), statSync(join(directory, name)).size]));
  if (tables === undefined || [...tables].some(([number, bytes]) => sizes.get(number) !== bytes)) return 0;
  let freed = 0;
  for (const name of found) {
    const number = Number.parseInt(name, 10);
    if (tables.has(number)) continue;
    rmSync(join(directory, name));
    freed += sizes.get(number) ?? 0;
  }
  return freed;
}

/** Number and bytes of each table; undefined when the MANIFEST holds anything that is not understood. */
export function tablesInService(directory: string): Map<number, number> | undefined {
  return readManifest(readFileSync(join(directory, readFileSync(join(directory, 'CURRENT'), 'utf8').trim())))?.tables;
}

export interface Version {
  /** Number and bytes of each table in service. */
  readonly tables: Map<number, number>;
  /** The number of the oldest log whose records are in no table. */
  readonly log: number | undefined;
}

/** What a MANIFEST says in the end; undefined when it holds anything that is not understood. */
export function readManifest(manifest: Buffer): Version | undefined {
  let log: number | undefined;
  const tables = new Map<number, number>();
  for (const record of records(manifest)) {
    const reader = new Reader(record);
    while (!reader.atEnd) {
      const tag = reader.number();
      if (tag === tags.comparator) reader.bytes();
      else if (tag === tags.logNumber) log = reader.number();
      else if (tag === tags.nextFile || tag === tags.lastSequence || tag === tags.previousLog) reader.number();
      else if (tag === tags.compactPointer) {
        reader.number();
        reader.bytes();
      } else if (tag === tags.deletedFile) {
        reader.number();
        tables.delete(reader.number());
      } else if (tag === tags.newFile) {
        reader.number();
        tables.set(reader.number(), reader.number());
        reader.bytes();
        reader.bytes();
      } else return undefined;
      if (reader.isPastEnd) return undefined;
    }
  }
  return { tables, log };
}

/** The whole records of a log; one that a crash cut at the end is no record, as for LevelDB. */
function* records(log: Buffer): Generator<Buffer> {
  let open: Buffer[] = [];
  for (let at = 0; at + headerBytes <= log.length;) {
    const left = blockBytes - (at % blockBytes);
    if (left < headerBytes) {
      at += left;
      continue;
    }
    const length = log.readUInt16LE(at + 4);
    const part = log[at + 6] ?? 0;
    const end = at + headerBytes + length;
    if (part < parts.full || part > parts.last || end > log.length) return;
    open.push(log.subarray(at + headerBytes, end));
    if (part === parts.full || part === parts.last) {
      yield Buffer.concat(open);
      open = [];
    }
    at = end;
  }
}

/** Varints and length-prefixed bytes. */
class Reader {
  readonly #from: Buffer;
  #at = 0;

  constructor(from: Buffer) {
    this.#from = from;
  }

  get atEnd(): boolean {
    return this.#at >= this.#from.length;
  }

  get isPastEnd(): boolean {
    return this.#at > this.#from.length;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#from[this.#at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  bytes(): void {
    const length = this.number();
    this.#at += length;
  }
}
