import { ClassicLevel } from 'classic-level';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeOrphanTables, tablesInService } from './orphan-tables.js';

let directory: string;
let listed: Map<number, number>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'voisin-orphans-'));
  const db = new ClassicLevel<string, string>(directory, { writeBufferSize: 64 * 1024 });
  // So many changes that tables come and go, and that records of the MANIFEST cross the edges of its blocks.
  for (let at = 0; at < 400; at++) {
    await db.batch(
      Array.from({ length: 40 }, (_, i) => ({
        type: 'put',
        key: `${'k'.repeat(300)}${(at * 7919 + i * 104_729) % 9000}`,
        value: `${Math.random()}`.repeat(8),
      })),
    );
  }
  await db.compactRange('a', 'z');
  const property = db.getProperty('leveldb.sstables');
  listed = new Map([...property.matchAll(/^ (\d+):(\d+)\[/gm)].map(([, number, bytes]) => [Number(number), Number(bytes)]));
  await db.close();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('tables that are not in service', () => {
  it('are told by the MANIFEST as LevelDB itself tells them', async () => {
    const manifest = (await readdir(directory)).find((name) => name.startsWith('MANIFEST')) ?? '';
    expect((await stat(join(directory, manifest))).size).toBeGreaterThan(2 * 32 * 1024);
    expect(listed.size).toBeGreaterThan(0);
    expect(tablesInService(directory)).toEqual(listed);
  });

  it('are removed, and no other file', async () => {
    const before = (await readdir(directory)).sort();
    await writeFile(join(directory, '999990.ldb'), 'half a table');
    expect(removeOrphanTables(directory)).toBe('half a table'.length);
    expect((await readdir(directory)).sort()).toEqual(before);
    expect(removeOrphanTables(directory)).toBe(0);
  });

  it('stay when a table in service is missing or has another size', async () => {
    const [number] = [...listed.keys()];
    await writeFile(join(directory, '999990.ldb'), 'half a table');
    await writeFile(join(directory, `${String(number).padStart(6, '0')}.ldb`), 'cut');
    expect(removeOrphanTables(directory)).toBe(0);
    expect(await readdir(directory)).toContain('999990.ldb');
  });
});
