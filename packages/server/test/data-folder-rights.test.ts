// The data folder is its user's alone, and what keeps it from being used is named.
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectory } from '../src/store/data-directory.js';
import { startServerProcess } from './support/server-process.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-rights-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

describe('the rights of the data folder', () => {
  it("are its user's alone, for each file and folder that a server makes", async () => {
    const dataDir = join(folder, 'data');
    const server = await startServerProcess({ dataDir, env: { INFERENCE_WORKERS: '1' } });
    const { id } = (await server.client.post('/v1/index', { name: 'a', dimension: 2 })).json;
    await server.client.post(`/v1/index/${id}/vectors`, { vectors: [{ id: 'v', values: [1, 2] }] });
    await server.client.post('/v1/users', { email: 'a@example.org', admin: true });
    expect(await server.stop()).toBe(0);
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const paths = entries.map((entry) => join(entry.parentPath, entry.name));
    for (const name of ['index.faiss', 'definition.json', 'acknowledged', 'CURRENT']) expect(paths.join('\n')).toContain(name);
    expect(await modeOf(dataDir)).toBe('700');
    for (const [at, entry] of entries.entries()) expect(await modeOf(paths[at] ?? ''), paths[at]).toBe(entry.isDirectory() ? '700' : '600');
  });

  it('are taken from others where an earlier version gave them, and where the folder is empty', async () => {
    for (const files of [['lock'], []]) {
      const dataDir = join(folder, `data ${files.length}`);
      await mkdir(dataDir);
      for (const name of files) await writeFile(join(dataDir, name), '');
      await chmod(dataDir, 0o755);
      await (await DataDirectory.open(dataDir)).close();
      expect(await modeOf(dataDir)).toBe('700');
    }
  });

  it('of a folder that is not ours alone stay', async () => {
    const shared = join(folder, 'shared');
    await mkdir(shared);
    await writeFile(join(shared, 'of others'), '');
    await chmod(shared, 0o755);
    await (await DataDirectory.open(shared)).close();
    expect(await modeOf(shared)).toBe('755');
    const sticky = join(folder, 'sticky');
    await mkdir(sticky);
    await chmod(sticky, 0o1777);
    await (await DataDirectory.open(sticky)).close();
    expect(await modeOf(sticky)).toBe('1777');
  });
});

describe('a lock that cannot be taken', () => {
  const module = new URL('../src/store/data-directory.js', import.meta.url).href;
  const open = `const { DataDirectory } = await import(${JSON.stringify(module)});
    await DataDirectory.open(process.argv[1]).then(() => console.log('held'), (error) => console.log(error.message));`;
  /** Opens the data folder where `flock` is this script; undefined: where there is none. */
  async function openWith(script: string | undefined): Promise<string> {
    const programs = join(folder, 'programs');
    await mkdir(programs, { recursive: true });
    if (script !== undefined) {
      await writeFile(join(programs, 'flock'), `#!/bin/sh\n${script}\n`);
      await chmod(join(programs, 'flock'), 0o755);
    }
    const path = script === undefined ? programs : [programs, process.env['PATH']].join(delimiter);
    const args = ['--input-type=module', '-e', open, join(folder, 'data')];
    return spawnSync(process.execPath, args, {
      env: { PATH: path },
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    }).stdout.trim();
  }

  it.each([
    ['file systems without locks', 'echo "flock: 3: No locks available" >&2; exit 71', /No locks available; its file system has no locks/],
    ['missing rights', 'echo "flock: 3: Permission denied" >&2; exit 65', /the lock cannot be taken: Permission denied/],
    ['an end by a signal', 'kill -9 $$', /flock ended with signal SIGKILL/],
    ['an end without a word', 'exit 64', /flock ended with status 64/],
    [
      'a program that cannot be linked',
      'echo "error while loading shared libraries" >&2; exit 127',
      /error while loading shared libraries/,
    ],
  ])('for %s says so, and not that it is in use', async (_what, script, reason) => {
    const message = await openWith(script);
    expect(message).toMatch(reason);
    expect(message).toContain('FAISS_DATA_DIR');
    expect(message).not.toContain('in use');
  });

  it('because there is no flock says what to install', async () => {
    expect(await openWith(undefined)).toMatch(/the command flock is missing; install the package util-linux/);
  });

  it('because another process holds it says who', async () => {
    const held = await DataDirectory.open(join(folder, 'data'));
    expect(await openWith('exit 1')).toContain(`is in use by process ${process.pid}`);
    await held.close();
  });
});
