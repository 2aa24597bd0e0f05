import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectory } from './data-directory.js';

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'voisin-data-'));
});
afterEach(() => rm(path, { recursive: true, force: true }));

const noTrouble = (path: string, error: unknown): never => {
  throw new Error(`trouble with ${path}`, { cause: error });
};

describe('the lock of a data directory', () => {
  it('is refused to a second one, and says which process holds it', async () => {
    const first = await DataDirectory.open(path);
    await expect(DataDirectory.open(path)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(new RegExp(`is in use by process ${process.pid} on \\S+ since \\d{4}-`)),
    });
    await first.close();
    await (await DataDirectory.open(path)).close();
  });

  it('names another process that holds it, and is free when that one is killed', async () => {
    const script = `const { DataDirectory } = await import(${JSON.stringify(new URL('data-directory.js', import.meta.url).href)});
      await DataDirectory.open(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      await expect(DataDirectory.open(path)).rejects.toThrow(`process ${holder.pid} on`);
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    await (await DataDirectory.open(path)).close();
  });

  it('says what is wrong when the directory cannot be made', async () => {
    const file = join(path, 'file');
    await writeFile(file, '');
    await expect(DataDirectory.open(join(file, 'data'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('FAISS_DATA_DIR'),
    });
  });
});

describe('the indexes of a data directory', () => {
  it('are found again with their definitions', async () => {
    const directory = await DataDirectory.open(path);
    await directory.create('a', 'one', { name: 'first' });
    await directory.create('b', 'two', { name: 'second' });
    await directory.remove('b', 'two');
    expect(await directory.scan(noTrouble)).toEqual([{ tenant: 'a', id: 'one', definition: { name: 'first' } }]);
    expect(await readdir(join(path, 'b'))).toEqual([]);
    await directory.close();
  });

  it('are none that a crash left half made or half removed, and their files go', async () => {
    for (const leftover of ['.new-x', '.gone-y/rows/level']) await mkdir(join(path, 'a', leftover), { recursive: true });
    await writeFile(join(path, 'a', '.new-file'), 'a file');
    const directory = await DataDirectory.open(path);
    expect(await directory.scan(noTrouble)).toEqual([]);
    expect(await readdir(join(path, 'a'))).toEqual([]);
    await directory.close();
  });

  it('are told apart from what does not belong there, and a broken one says what is wrong', async () => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
    await mkdir(join(path, 'a', 'no-definition'), { recursive: true });
    await mkdir(join(path, 'a', 'cut'));
    await writeFile(join(path, 'a', 'cut', 'definition.json'), '{"name": "x');
    await writeFile(join(path, 'a', id), 'a file where a directory should be');
    await writeFile(join(path, 'a', 'notes.txt'), '');
    await writeFile(join(path, 'notes.txt'), '');
    await mkdir(join(path, '.system'));
    const directory = await DataDirectory.open(path);
    const found = await directory.scan(noTrouble);
    expect(Object.fromEntries(found.map((entry) => [entry.id, 'damaged' in entry ? entry.damaged : entry.definition]))).toEqual({
      'no-definition': expect.stringContaining('definition.json cannot be read: ENOENT'),
      cut: expect.stringContaining('definition.json cannot be read: '),
      [id]: expect.stringContaining('is not a directory'),
    });
    await directory.close();
  });

  it('are not there in part when making one fails', async () => {
    const directory = await DataDirectory.open(path);
    await mkdir(join(path, 'a', '.new-one'), { recursive: true });
    await expect(directory.create('a', 'one', {})).rejects.toThrow(/EEXIST/);
    expect(await directory.scan(noTrouble)).toEqual([]);
    await directory.close();
  });
});

it('the records of the server itself survive a restart', async () => {
  const first = await DataDirectory.open(path);
  expect(await first.system.get('key')).toBeUndefined();
  await first.system.put('key', 'value');
  await first.close();
  const second = await DataDirectory.open(path);
  expect(await second.system.get('key')).toBe('value');
  await second.close();
  expect(await readFile(join(path, 'lock'), 'utf8')).toContain(`process ${process.pid}`);
});
