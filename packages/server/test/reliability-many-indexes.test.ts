// Many indexes and few file descriptors: a list opens none of them, and too many open files are a state that passes.
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Random, TestHouse } from '../src/indexes/testing.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';

const count = 45;
const dimension = 2;

/** How many LevelDBs of the folder this process has open. */
async function openStores(folder: string): Promise<number> {
  const open = await readdir('/proc/self/fd');
  const links = await Promise.all(open.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
  return new Set(links.filter((link) => link.startsWith(folder)).map((link) => /(.*)\/rows\/level\/LOCK$/.exec(link)?.[1])).size - 1;
}

/** The most LevelDBs that were open at a time while the work ran. */
async function mostOpen(folder: string, work: () => Promise<unknown>): Promise<number> {
  let [most, done] = [0, false];
  const watch = async (): Promise<void> => {
    while (!done) {
      most = Math.max(most, await openStores(folder));
      await new Promise(setImmediate);
    }
  };
  const watching = watch();
  await work();
  done = true;
  await watching;
  return most;
}

describe('a list of many indexes', () => {
  it('opens no index that was closed in order, and a few at a time of those that were not', async () => {
    await using house = await TestHouse.make();
    const random = new Random(1);
    const ids: string[] = [];
    for (let at = 0; at < count; at++) {
      const index = await house.make({ dimension, name: `n${at}` });
      await index.upsert({ ids: names(at), values: random.vectors(at, dimension), metadata: names(at).map(() => '{}') });
      ids.push(index.definition.id);
    }
    await house.restart();
    const list = async (): Promise<unknown> => {
      const { indexes } = await house.indexes.list('default', { limit: 1000 });
      expect(new Map(indexes.map(({ id, vector_count }) => [id, vector_count]))).toEqual(new Map(ids.map((id, at) => [id, at])));
      expect(new Set(indexes.map(({ state }) => state))).toEqual(new Set(['ready']));
      return undefined;
    };
    expect(await mostOpen(house.path, list)).toBeLessThanOrEqual(0);
    await house.close();
    // As after a crash: nobody has counted.
    for (const id of ids) await rm(join(house.directoryOf(id), 'rows', 'count'));
    await house.open();
    const most = await mostOpen(house.path, list);
    expect(most).toBeLessThanOrEqual(8);
    expect(await mostOpen(house.path, list)).toBeLessThanOrEqual(0);
  });
});

const names = (length: number): string[] => Array.from({ length }, (_, at) => `v${at}`);

describe('a server that may open few files', () => {
  let server: ServerProcess | undefined;
  let dataDir: string | undefined;
  afterEach(async () => {
    if (server?.child.exitCode === null) await server.kill();
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });

  it('serves more indexes than it can have open, and shows none of them as damaged', async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'voisin-files-'));
    const env = { MAX_OPEN_INDEXES: '1000', REQUIRED_MODELS: 'none' };
    server = await startServerProcess({ dataDir, env, under: ['prlimit', '--nofile=256:256'] });
    const { client } = server;
    const ids: string[] = [];
    for (let at = 0; at < count; at++) ids.push((await client.post('/v1/index', { name: `n${at}`, dimension })).json.id);
    const statuses = new Map<number, number>();
    for (const id of ids) {
      const { status, headers } = await client.post(`/v1/index/${id}/vectors`, { vectors: [{ id: 'v', values: [1, 2] }] });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 201) expect([status, headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    }
    expect(statuses.get(201)).toBeGreaterThan(count / 2);
    const { json } = await client.get('/v1/index?limit=1000');
    expect(json.indexes.filter(({ state }) => state === 'damaged')).toEqual([]);
    for (const id of ids.slice(0, 5)) expect((await client.post(`/v1/index/${id}/search`, { vector: [1, 2] })).status).toBe(200);
  });
});
