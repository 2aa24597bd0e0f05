// Files that were cut, altered, lost or put in the wrong place: the server starts, the other indexes serve, the answers and the log say what is wrong.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/indexes/testing.js';
import { type HttpClient } from './support/http-client.js';
import { ServerEnded, type ServerProcess, startServerProcess } from './support/server-process.js';

const dimension = 64;
const rows = 300;
const env = { INFERENCE_WORKERS: '1' };

interface Fault {
  readonly what: string;
  /** `index` is the index's folder. */
  readonly spoil: (index: string) => Promise<void>;
  /** In the answers and in the log. */
  readonly reason: RegExp;
}

const file = async (index: string, pattern: RegExp): Promise<string> => {
  const level = join(index, 'rows', 'level');
  const name = (await readdir(level)).sort().findLast((name) => pattern.test(name));
  if (name === undefined) throw new Error(`no file ${pattern} in ${level}`);
  return join(level, name);
};
const cutInHalf = async (path: string): Promise<void> => truncate(path, Math.floor((await readFile(path)).length / 2));
async function alter(path: string, at: (length: number) => number): Promise<void> {
  const bytes = await readFile(path);
  for (let place = Math.floor(at(bytes.length)), end = place + 50; place < end; place++) bytes[place] = (bytes[place] ?? 0) ^ 0x55;
  await writeFile(path, bytes);
}
async function replaceByFile(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await writeFile(path, 'not a directory');
}

/** The index cannot be served. */
const damages: Fault[] = [
  {
    what: 'a cut log',
    spoil: async (index) => cutInHalf(await file(index, /\.log$/)),
    reason: /store ends at change \d+, but change \d+ was answered/,
  },
  {
    what: 'an altered log',
    spoil: async (index) => alter(await file(index, /\.log$/), (length) => length / 3),
    reason: /the store (lost a change|ends at change)/,
  },
  { what: 'a lost log', spoil: async (index) => rm(await file(index, /\.log$/)), reason: /store ends at change \d+/ },
  {
    what: 'a cut table',
    spoil: async (index) => cutInHalf(await file(index, /\.ldb$/)),
    reason: /\.ldb has \d+ bytes and should have \d+/,
  },
  { what: 'a lost table', spoil: async (index) => rm(await file(index, /\.ldb$/)), reason: /missing files/ },
  {
    what: 'a table whose index is altered',
    spoil: async (index) => alter(await file(index, /\.ldb$/), (length) => length - 120),
    reason: /./,
  },
  { what: 'a cut MANIFEST', spoil: async (index) => cutInHalf(await file(index, /^MANIFEST/)), reason: /./ },
  { what: 'an altered MANIFEST', spoil: async (index) => alter(await file(index, /^MANIFEST/), () => 10), reason: /./ },
  { what: 'an empty CURRENT', spoil: async (index) => truncate(await file(index, /^CURRENT/), 0), reason: /CURRENT/ },
  { what: 'a lost CURRENT', spoil: async (index) => rm(await file(index, /^CURRENT/)), reason: /does not exist/ },
  { what: 'a file where LevelDB should be', spoil: (index) => replaceByFile(join(index, 'rows', 'level')), reason: /./ },
  { what: 'a file where rows/ should be', spoil: (index) => replaceByFile(join(index, 'rows')), reason: /EEXIST|ENOTDIR/ },
  { what: 'lost rows/', spoil: (index) => rm(join(index, 'rows'), { recursive: true }), reason: /the files in rows\/ are gone/ },
  {
    what: 'lost rows/ without a snapshot',
    spoil: async (index) => {
      for (const name of ['rows', 'index.faiss']) await rm(join(index, name), { recursive: true });
    },
    reason: /the files in rows\/ are gone/,
  },
  {
    what: 'a lost CURRENT and a lost count of changes',
    spoil: async (index) => {
      await rm(await file(index, /^CURRENT/));
      await rm(join(index, 'rows', 'acknowledged'));
    },
    reason: /does not exist/,
  },
  {
    what: 'a count of changes that is none',
    spoil: (index) => writeFile(join(index, 'rows', 'acknowledged'), 'garbage!'),
    reason: /rows\/acknowledged \(8 bytes\) does not hold a number/,
  },
  { what: 'a file where the index should be', spoil: replaceByFile, reason: /is not a directory/ },
  { what: 'a cut definition', spoil: (index) => truncate(join(index, 'definition.json'), 20), reason: /definition\.json cannot be read/ },
  { what: 'a lost definition', spoil: (index) => rm(join(index, 'definition.json')), reason: /definition\.json cannot be read: ENOENT/ },
  {
    what: 'a definition of something else',
    spoil: (index) => writeFile(join(index, 'definition.json'), '{"a": 1}'),
    reason: /definition\.json lacks/,
  },
];

/** The index serves all the same: the store has everything. */
const mended: Fault[] = [
  { what: 'a cut snapshot', spoil: (index) => cutInHalf(join(index, 'index.faiss')), reason: /does not end with its trailer/ },
  {
    what: 'an altered snapshot',
    spoil: (index) => alter(join(index, 'index.faiss'), (length) => length / 2),
    reason: /checksum does not fit/,
  },
  {
    what: 'a directory where the snapshot should be',
    spoil: async (index) => {
      await rm(join(index, 'index.faiss'));
      await mkdir(join(index, 'index.faiss', 'folder'), { recursive: true });
    },
    reason: /EISDIR|directory/,
  },
  {
    what: 'half a snapshot that was being written',
    spoil: (index) => cp(join(index, 'index.faiss'), join(index, 'index.faiss.new')),
    reason: /(?:)/,
  },
];

const vectorsOf = (seed: number, from: number): object[] => {
  const random = new Random(seed);
  return Array.from({ length: rows }, (_, at) => ({ id: `v${from + at}`, values: [...random.vectors(1, dimension)], metadata: { at } }));
};
const query = { vector: [...new Random(7).vectors(1, dimension)], k: 5 };

describe('damaged files', () => {
  let dataDir: string;
  let server: ServerProcess;
  const indexes = new Map<string, string>();
  let wanted: unknown;
  const start = async (): Promise<void> => void (server = await startServerProcess({ dataDir, env }));
  const idOf = (what: string): string => indexes.get(what) ?? 'none';
  const add = async (client: HttpClient, index: string, from: number): Promise<void> => {
    const { status, text } = await client.post(`/v1/index/${index}/vectors`, { vectors: vectorsOf(from, from) });
    expect(status, text).toBe(201);
  };
  const logOf = (index: string): string => server.log.filter((line) => line.includes(index)).join('\n');

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'voisin-faults-'));
    await start();
    for (const what of ['healthy', 'values', ...[...damages, ...mended].map(({ what }) => what)]) {
      const { json } = await server.client.post('/v1/index', { name: what, dimension });
      indexes.set(what, json.id);
      await add(server.client, json.id, 0);
    }
    await server.stop();
    // The second start writes the first one's log into a table; a new log and a second table, and a snapshot of all, follow.
    await start();
    for (const index of indexes.values()) for (const from of [rows, 2 * rows]) await add(server.client, index, from);
    wanted = (await server.client.post(`/v1/index/${idOf('healthy')}/search`, query)).json.results;
    await server.stop();
    for (const { what, spoil } of [...damages, ...mended]) await spoil(join(dataDir, 'default', idOf(what)));
    await alter(await file(join(dataDir, 'default', idOf('values')), /\.ldb$/), (length) => length / 2);
    for (const leftover of ['.new-x', '.gone-y/rows']) await mkdir(join(dataDir, 'default', leftover), { recursive: true });
    await start();
  });
  afterAll(async () => {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('stop neither the start nor the other indexes', async () => {
    expect((await server.client.get('/v1/health')).status).toBe(200);
    const { json } = await server.client.post(`/v1/index/${idOf('healthy')}/search`, query);
    expect(json.results).toEqual(wanted);
    expect((await server.client.get('/v1/index?limit=1000')).json.indexes.length).toBe(indexes.size);
    expect((await readdir(join(dataDir, 'default'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each(damages)('$what is said by the index, by a search and by the log', async ({ what, reason }) => {
    const id = idOf(what);
    const info = (await server.client.get(`/v1/index/${id}`)).json;
    const search = await server.client.post(`/v1/index/${id}/search`, query);
    expect(search.json.error).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/is damaged: /) });
    expect(search.json.error.message).toMatch(reason);
    expect(`${search.text} ${JSON.stringify(info)}`).not.toContain(dataDir);
    const after = (await server.client.get(`/v1/index/${id}`)).json;
    expect(after).toMatchObject({ id, state: 'damaged', reason: expect.stringMatching(reason) });
    // What needs no loading to be seen is said before the first use.
    if (!/index is altered|lost rows/.test(what)) expect(info).toMatchObject({ state: 'damaged' });
    expect(logOf(id)).toMatch(reason);
  });

  it('of a few values leave the rest of an index in service, and are said', async () => {
    const id = idOf('values');
    const statuses = new Map<number, number>();
    let message = '';
    for (let at = 0; at < rows; at++) {
      const { status, json } = await server.client.get(`/v1/index/${id}/vectors/v${at}`);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 200) message = json.error.message;
    }
    expect(statuses.get(200)).toBeGreaterThan(rows / 2);
    expect(message).toMatch(/damaged on disk|[Cc]orrupt/);
    expect((await server.client.get(`/v1/index/${id}`)).json).toMatchObject({
      state: 'damaged',
      reason: expect.stringMatching(/damaged on disk|[Cc]orrupt/),
    });
    expect((await server.client.post(`/v1/index/${id}/search`, query)).json.results).toEqual(wanted);
  });

  it.each(mended)('$what costs nothing but time', async ({ what, reason }) => {
    const id = idOf(what);
    const { json } = await server.client.post(`/v1/index/${id}/search`, query);
    expect(json.results).toEqual(wanted);
    expect((await server.client.get(`/v1/index/${id}`)).json).toMatchObject({ state: 'ready', vector_count: 3 * rows });
    expect(logOf(id)).toMatch(reason);
    const names = await readdir(join(dataDir, 'default', id));
    expect(names.includes('index.faiss.damaged')).toBe(!what.startsWith('half'));
    expect(names).not.toContain('index.faiss.new');
  });

  it('are gone when the index is deleted, and serve again when the files are brought back', async () => {
    for (const what of ['a cut log', 'a lost definition', 'a file where the index should be']) {
      expect((await server.client.delete(`/v1/index/${idOf(what)}`)).status).toBe(204);
      indexes.delete(what);
    }
    const { client } = server;
    const rowsPath = join(dataDir, 'default', idOf('lost rows/'), 'rows');
    await server.stop();
    await rm(rowsPath, { recursive: true, force: true });
    await cp(join(dataDir, 'default', idOf('healthy'), 'rows'), rowsPath, { recursive: true });
    await start();
    expect(client).not.toBe(server.client);
    expect((await server.client.get('/v1/index?limit=1000')).json.indexes.length).toBe(indexes.size);
    expect((await server.client.post(`/v1/index/${idOf('lost rows/')}/search`, query)).json.results).toEqual(wanted);
  });

  it('a second server on the same directory ends with 1 and says who holds it', async () => {
    const ended: unknown = await startServerProcess({ dataDir, env }).catch((error: unknown) => error);
    expect(ended).toBeInstanceOf(ServerEnded);
    expect(ended).toMatchObject({ exitCode: 1, output: expect.stringContaining(`process ${server.child.pid} on`) });
    expect((await server.client.get('/v1/health')).status).toBe(200);
  });

  it('a data directory that cannot be made ends the start with a line that says why', async () => {
    const path = join(dataDir, 'lock', 'below a file');
    await expect(startServerProcess({ dataDir: path, env })).rejects.toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('FAISS_DATA_DIR'),
    });
  });
});
