// Damage of the store with keys and accounts: the server does not start as if there were none, says what is wrong in one line with the ways out,
// deletes nothing, and serves keys of the environment all the same.
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LevelAccountStore } from '../src/accounts/level-store.js';
import { VoisinError } from '../src/errors.js';
import { newSeed, Random } from '../src/indexes/testing.js';
import { KeyValueStore } from '../src/store/key-value.js';
import { FailingDisk, type Moment } from './support/failing-disk.js';
import { runCommand } from './support/command.js';
import { HttpClient, type Response } from './support/http-client.js';
import { ServerEnded, startServerProcess } from './support/server-process.js';

const seed = Number(process.env['SEED'] ?? newSeed());
const environmentKey = 'key-of-the-environment-0123456789';
/** Damages that are shown to a whole server too. */
const shown = /CURRENT is missing|the log is cut|a record/;
const server = { INFERENCE_WORKERS: '1' };

interface Damage {
  readonly what: string;
  readonly spoil: (dataDir: string) => Promise<void>;
  readonly reason: RegExp;
}

const system = (dataDir: string): string => join(dataDir, '.system');
const acknowledged = (dataDir: string): string => join(dataDir, 'accounts-acknowledged');
const newest = async (dataDir: string, pattern: RegExp): Promise<string> => {
  const name = (await readdir(system(dataDir))).sort().findLast((one) => pattern.test(one));
  if (name === undefined) throw new Error(`no file ${pattern}`);
  return join(system(dataDir), name);
};
const cut = async (path: string): Promise<void> => truncate(path, Math.floor((await stat(path)).size / 2));
const replaceByFile = async (path: string): Promise<void> => {
  await rm(path, { recursive: true });
  await writeFile(path, 'a file');
};

const damages: Damage[] = [
  { what: 'CURRENT is missing', spoil: async (at) => rm(await newest(at, /^CURRENT/)), reason: /CURRENT does not exist/ },
  {
    what: 'CURRENT is empty',
    spoil: async (at) => truncate(await newest(at, /^CURRENT/), 0),
    reason: /CURRENT of .system names no MANIFEST/,
  },
  {
    what: 'CURRENT is garbage',
    spoil: async (at) => writeFile(await newest(at, /^CURRENT/), 'x\0y'),
    reason: /CURRENT of .system names no MANIFEST/,
  },
  { what: 'MANIFEST is missing', spoil: async (at) => rm(await newest(at, /^MANIFEST/)), reason: /missing files: .*MANIFEST/ },
  { what: 'MANIFEST is cut', spoil: async (at) => cut(await newest(at, /^MANIFEST/)), reason: /./ },
  { what: 'MANIFEST is empty', spoil: async (at) => truncate(await newest(at, /^MANIFEST/), 0), reason: /./ },
  { what: 'a table is missing', spoil: async (at) => rm(await newest(at, /\.ldb$/)), reason: /missing files: .*\.ldb/ },
  { what: 'a table is cut', spoil: async (at) => cut(await newest(at, /\.ldb$/)), reason: /\.ldb has \d+ bytes and should have/ },
  {
    what: 'the log is cut',
    spoil: async (at) => cut(await newest(at, /\.log$/)),
    reason: /it ends at change \d+, but change \d+ was answered/,
  },
  {
    what: 'the log is missing',
    spoil: async (at) => rm(await newest(at, /\.log$/)),
    reason: /it ends at change \d+, but change \d+ was answered/,
  },
  { what: '.system is missing', spoil: (at) => rm(system(at), { recursive: true }), reason: /its folder is gone or empty/ },
  { what: '.system is a file', spoil: (at) => replaceByFile(system(at)), reason: /is not a directory/ },
  {
    what: 'CURRENT is a folder',
    spoil: async (at) => {
      await rm(join(system(at), 'CURRENT'));
      await mkdir(join(system(at), 'CURRENT'));
    },
    reason: /EISDIR/,
  },
  { what: 'the count is missing', spoil: (at) => rm(acknowledged(at)), reason: /accounts-acknowledged is gone or empty/ },
  { what: 'the count is empty', spoil: (at) => truncate(acknowledged(at), 0), reason: /accounts-acknowledged is gone or empty/ },
  { what: 'the count is cut', spoil: (at) => truncate(acknowledged(at), 3), reason: /accounts-acknowledged \(3 bytes\)/ },
  { what: 'the count is garbage', spoil: (at) => writeFile(acknowledged(at), 'garbage!'), reason: /accounts-acknowledged \(8 bytes\)/ },
  {
    what: 'a record of a user is altered',
    async spoil(at) {
      const db = new ClassicLevel(system(at));
      for (const key of await db.keys({ gte: 'accounts/user/', lt: 'accounts/user0' }).all()) await db.put(key, '{"id": ');
      await db.close();
    },
    reason: /a record of a user in the accounts store cannot be read/,
  },
];

describe('a damaged accounts store', () => {
  let folder: string;
  let whole: string;
  let dataDir: string;
  let userKey: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-store-'));
    whole = join(folder, 'whole');
    // The second opening writes the log of the first into a table; a new log follows.
    for (const email of ['a@example.org', 'b@example.org']) {
      const { out: output, err, code } = await runCommand(['users', 'create', email, '--json', '--data-dir', whole]);
      expect(code, err).toBe(0);
      userKey = JSON.parse(output).key;
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    dataDir = join(folder, 'data');
    await cp(whole, dataDir, { recursive: true });
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  /** What the start says that finds the store so. */
  const refusal = async (): Promise<string> => {
    const store = new KeyValueStore(system(dataDir), acknowledged(dataDir));
    const error: unknown = await new LevelAccountStore(store).hasAdmin().catch((reason: unknown) => reason);
    await store.close();
    expect(error).toBeInstanceOf(VoisinError);
    return error instanceof Error ? error.message : '';
  };
  const expectWaysOut = (line: string, reason: RegExp): void => {
    expect(line).not.toContain('\n');
    expect(line).toMatch(reason);
    expect(line).toContain('.system');
    expect(line).toContain('voisin accounts set-aside');
    expect(line).toContain('backup');
  };

  it.each(damages)('is named with the ways out when $what, and no table goes', async ({ what, spoil, reason }) => {
    await spoil(dataDir);
    const tables = async (): Promise<string[]> =>
      (await readdir(system(dataDir)).catch((): string[] => [])).filter((name) => name.endsWith('.ldb'));
    const before = await tables();
    expectWaysOut(await refusal(), reason);
    const left = await tables();
    expect(before.filter((name) => !left.includes(name))).toEqual([]);
    // Looking twice does not make it a new one.
    expectWaysOut(await refusal(), what.includes('log') ? /it ends at change/ : reason);
  });

  it.each(damages.filter(({ what }) => shown.test(what)))('stops the start with one line when $what', async ({ spoil, reason }) => {
    await spoil(dataDir);
    const ended: unknown = await startServerProcess({ dataDir, env: server }).catch((error: unknown) => error);
    if (!(ended instanceof ServerEnded)) throw new Error('the server started');
    expect(ended.exitCode).toBe(1);
    const lines = ended.output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(lines.length, ended.output).toBe(1);
    expect(lines[0]).toMatch(/^voisin serve: /);
    expectWaysOut(lines[0] ?? '', reason);
  });

  it.each(damages.filter(({ what }) => shown.test(what)))(
    'leaves keys of the environment working when $what, and no others',
    async ({ spoil }) => {
      await spoil(dataDir);
      const running = await startServerProcess({ dataDir, env: { ...server, FAISS_PROXY_API_KEYS: `${environmentKey}:default` } });
      try {
        const ask = async (key?: string): Promise<Response> => {
          const client = new HttpClient(running.url);
          return client.send('GET', '/v1/index', undefined, key === undefined ? {} : { 'x-api-key': key }).finally(() => client.close());
        };
        expect((await ask(environmentKey)).status).toBe(200);
        expect((await ask()).status).toBe(401);
        const refused = await ask(userKey);
        expect(refused.status).toBe(503);
        expect(refused.text).not.toContain(dataDir);
        expect(running.log.join('\n')).toContain('voisin accounts set-aside');
      } finally {
        expect(await running.stop()).toBe(0);
      }
    },
  );

  it('is set aside by a command, and the files come back by renaming them', async () => {
    await rm(join(system(dataDir), 'CURRENT'));
    const { out: output, err, code } = await runCommand(['accounts', 'set-aside', '--json', '--data-dir', dataDir]);
    expect(code, err).toBe(0);
    const paths: string[] = JSON.parse(output).set_aside;
    expect(paths.length).toBe(2);
    for (const path of paths) await stat(path);
    const running = await startServerProcess({ dataDir, env: server });
    expect((await running.client.get('/v1/index')).status).toBe(200);
    expect(await running.stop()).toBe(0);
    const again = await runCommand(['accounts', 'set-aside', '--data-dir', join(folder, 'nothing')]);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('there is no accounts store') });
  });

  it.skipIf(process.getuid?.() !== 0)('says so when the server may not read it (run as root only)', async () => {
    await chmod(folder, 0o755);
    process.seteuid?.(65534);
    try {
      await expect(new KeyValueStore(system(dataDir), acknowledged(dataDir)).get('a')).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^the accounts store .*\.system cannot be opened: .*EACCES.*voisin accounts set-aside/),
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  it('of a version that did not count its changes is taken as it is, and counts from then on', async () => {
    await rm(acknowledged(dataDir));
    const db = new ClassicLevel(system(dataDir));
    await db.clear({ gte: '~changes/', lt: '~changes/~' });
    await db.close();
    const store = new KeyValueStore(system(dataDir), acknowledged(dataDir));
    expect((await new LevelAccountStore(store).users({ limit: 10 })).items.length).toBe(2);
    await store.put('a', '1');
    await store.close();
    await rm(acknowledged(dataDir));
    await expect(new KeyValueStore(system(dataDir), acknowledged(dataDir)).get('a')).rejects.toThrow(/gone or empty/);
  });
});

describe(`writes of the accounts that fail (SEED=${seed})`, () => {
  it('say whether they were done, and leave the store as that says, whatever fails', async () => {
    const random = new Random(seed);
    const folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-store-'));
    try {
      let failsOften = 0;
      const sites = new Set<string>();
      using disk = new FailingDisk(folder, ({ site }) => {
        sites.add(site);
        return site === 'level open' || random.next() >= failsOften ? undefined : random.pick<Moment>(['before', 'after']);
      });
      expect(disk).toBeDefined();
      const open = (): KeyValueStore => new KeyValueStore(join(folder, '.system'), join(folder, 'accounts-acknowledged'));
      let store = open();
      const model = new Map<string, string>();
      for (let at = 0; at < 60; at++) {
        const [key, value] = [`k${random.below(20)}`, `${at}`];
        failsOften = 0.4;
        const done = await store
          .write([
            { type: 'put', key, value },
            { type: 'put', key: `${key}/twin`, value },
          ])
          .then(
            () => true,
            (error: unknown) => {
              expect(error).toMatchObject({ code: 'unavailable' });
              return false;
            },
          );
        failsOften = 0;
        if (done) for (const one of [key, `${key}/twin`]) model.set(one, value);
        if (random.next() < 0.2) {
          await store.close();
          store = open();
        }
        expect(new Map(await store.range({ gte: '', lt: '~' })), `write ${at}`).toEqual(new Map([...model].sort()));
      }
      await store.close();
      expect([...sites].sort()).toEqual(['level batch', 'level open', 'rename', 'sync', 'write']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('count usage once, though a batch whose writing failed is sent again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-store-'));
    try {
      let fails: ((site: string) => boolean) | undefined;
      using disk = new FailingDisk(folder, ({ site }) => (fails?.(site) === true ? 'after' : undefined));
      expect(disk).toBeDefined();
      const records = new KeyValueStore(join(folder, '.system'));
      const store = new LevelAccountStore(records);
      const row = { userId: 'u', keyId: 'k', model: 'm', day: '2026-05-01', requests: 1, embeddings: 2, cacheHits: 0, tokens: 3, cost: 1 };
      for (const id of ['one', 'two']) {
        // The write and the reopening that would tell that it was done.
        fails = (site) => site === 'level batch' || site === 'level open';
        await expect(store.addUsage({ id, rows: [row], lastUsed: new Map() })).rejects.toMatchObject({ code: 'unavailable' });
        fails = undefined;
        await store.addUsage({ id, rows: [row], lastUsed: new Map() });
      }
      expect((await store.usage({ userId: 'u', from: '2026-05-01', to: '2026-05-01' }, { limit: 9 })).items).toMatchObject([
        { requests: 2, tokens: 6 },
      ]);
      await records.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

it('the count of changes is a file of the data directory, beside the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-store-'));
  const store = new KeyValueStore(join(folder, '.system'), join(folder, 'accounts-acknowledged'));
  await store.put('a', '1');
  await store.put('a', '2');
  await store.close();
  expect((await readFile(join(folder, 'accounts-acknowledged'))).readDoubleLE()).toBe(2);
  await rm(folder, { recursive: true });
});
