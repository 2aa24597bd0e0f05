import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot, writeSnapshot } from './snapshot.js';

let folder: string;
let path: string;
const header = { dimension: 4, metric: 'l2', standIn: false, lastRow: 9, changes: 3 };
const faissBytes = Buffer.from('these are bytes of FAISS');
const writeFaiss = async (to: string): Promise<number> => {
  await writeFile(to, faissBytes);
  return faissBytes.length;
};
const write = (rows = Float64Array.of(1, 4, 9)): Promise<unknown> =>
  writeSnapshot(path, { rows, outside: Float64Array.of(4) }, header, writeFaiss);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-snapshot-'));
  path = join(folder, 'index.faiss');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a snapshot', () => {
  it('begins with the bytes of FAISS, and gives its rows back', async () => {
    await write();
    expect((await readFile(path)).subarray(0, faissBytes.length)).toEqual(faissBytes);
    const read = await readSnapshot(path);
    expect(read?.header).toMatchObject({ ...header, positions: 3, faissBytes: faissBytes.length });
    expect(read?.rows).toEqual(Float64Array.of(1, 4, 9));
    expect(await readdir(folder)).toEqual(['index.faiss']);
  });

  it('may hold no rows', async () => {
    await write(new Float64Array(0));
    expect((await readSnapshot(path))?.rows.length).toBe(0);
  });

  it('is undefined where there is none', async () => {
    expect(await readSnapshot(path)).toBeUndefined();
  });

  it('leaves the old one in its place, and no temporary file, when FAISS cannot write', async () => {
    await write();
    const before = await readFile(path);
    const failing = writeSnapshot(path, { rows: Float64Array.of(1), outside: new Float64Array(0) }, header, async (to) => {
      await writeFile(to, 'half');
      throw new Error('No space left on device');
    });
    await expect(failing).rejects.toThrow('No space left');
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(folder)).toEqual(['index.faiss']);
  });

  it('is refused wherever a byte of it was altered', async () => {
    await write();
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x10;
      await writeFile(path, altered);
      await expect(readSnapshot(path), `byte ${at}`).rejects.toThrow(/index\.faiss is damaged: /);
    }
  });

  it('is refused wherever it was cut, and with bytes behind it', async () => {
    await write();
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path, bytes);
      await truncate(path, length);
      await expect(readSnapshot(path), `${length} bytes`).rejects.toThrow(/index\.faiss is damaged: /);
    }
    await writeFile(path, Buffer.concat([bytes, Buffer.from('x')]));
    await expect(readSnapshot(path)).rejects.toThrow(/does not end with its trailer/);
  });

  it('is an error, not a crash, where a directory stands', async () => {
    await mkdir(path);
    await expect(readSnapshot(path)).rejects.toThrow();
  });
});
