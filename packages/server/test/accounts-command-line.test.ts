// voisin users, keys and usage as an operator types them: without a server, beside one, and with an admin key.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresSchema } from '../src/accounts/stores.test-help.js';
import { runCommand } from './support/command.js';
import { HttpClient } from './support/http-client.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';
import { postgresProblem } from './support/services.js';
import { skipped } from './support/skipped.js';

let folder: string;
let server: ServerProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-'));
});
afterEach(async () => {
  await server?.kill();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

const voisin = (line: string, env: Record<string, string> = {}) => runCommand(line.split(' '), { FAISS_DATA_DIR: folder, ...env });
const keyOf = (out: string): string => /fe_[0-9a-f]{16}_[A-Za-z0-9_-]{48}/.exec(out)?.[0] ?? '';
const idOf = (key: string): string => key.split('_')[1] ?? '';

async function serve(env: Record<string, string> = {}): Promise<ServerProcess> {
  server = await startServerProcess({ dataDir: folder, env });
  return server;
}

async function statusWith(url: string, key: string): Promise<number> {
  const client = new HttpClient(url, { 'x-api-key': key });
  const { status } = await client.get('/v1/account');
  client.close();
  return status;
}

describe('without a server', () => {
  it('the store is opened, and what was made there counts in a server that starts afterwards', async () => {
    const made = await voisin('users create Admin@example.com --tier scale');
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).toMatch(
      /^User usr_\w+ \(admin@example\.com\), tier scale, tenant default, an administrator\nKey, shown only this once:\n\n  fe_/,
    );
    const second = keyOf((await voisin('keys create admin@example.com --name laptop --expires 30d')).out);
    expect((await voisin('users create b@example.com --tenant team')).out).toContain('tier free, tenant team\n');
    const listed = await voisin('users list');
    expect(listed.out.split('\n').map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
      ['email', 'tier', 'tenant'],
      ['admin@example.com', 'scale', 'default'],
      ['b@example.com', 'free', 'team'],
      [],
    ]);
    expect((await voisin('keys list admin@example.com')).out).toMatch(/first[^\n]*\n[0-9a-f]{16}  laptop/);
    expect((await voisin(`keys revoke ${second}`)).out).toBe(`Key ${idOf(second)} is revoked\n`);
    expect((await voisin('users set b@example.com --tier pro --disabled true')).out).toMatch(/pro .* disabled/);
    expect((await voisin('usage')).out).toContain('nothing was embedded');
    expect((await voisin('users delete b@example.com')).code).toBe(0);
    const { url } = await serve();
    expect(await statusWith(url, keyOf(made.out))).toBe(200);
    expect(await statusWith(url, second)).toBe(401);
  });

  it('JSON is for programs', async () => {
    const { out } = await voisin('users create a@example.com --json');
    expect(JSON.parse(out)).toMatchObject({ user: { email: 'a@example.com', admin: true, tier: 'free' }, key: keyOf(out) });
    expect(JSON.parse((await voisin('users show a@example.com --json')).out)).toMatchObject([{ email: 'a@example.com' }]);
    expect(JSON.parse((await voisin('keys list a@example.com --json')).out)).toMatchObject([{ id: idOf(keyOf(out)), name: 'first' }]);
  });

  it.each([
    ['users', 'voisin users: nothing was asked for; expected one of create, list, show, set, delete\n'],
    ['users crate a@example.com', 'voisin users: unknown: crate; did you mean create?\n'],
    ['users create', 'voisin users: EMAIL is wanted, nothing came\n'],
    ['users create nobody', 'voisin users: email: expected an e-mail address, got "nobody"\n'],
    ['users create a@example.com --tier gold', 'voisin users: tier: expected one of free, pro, scale, got "gold"\n'],
    ['users set a@example.com', 'voisin users: nothing to change: --tier, --tenant, --admin true|false or --disabled true|false\n'],
    ['keys list', 'voisin keys: name the USER whose keys are meant: an id or an e-mail address\n'],
    [
      'keys create a@example.com --expires soon',
      'voisin keys: --expires: expected 12h, 30d, 8w or a time as 2026-12-31T00:00:00Z, got "soon"\n',
    ],
    [
      'users create a@example.com --expires 2030-02-31',
      'voisin users: --expires: expected 12h, 30d, 8w or a time as 2026-12-31T00:00:00Z, got "2030-02-31"\n',
    ],
    ['usage --from 2026-02-31', 'voisin usage: --from: expected a day as 2026-12-31, got "2026-02-31"\n'],
    ['usage --from yesterday', 'voisin usage: --from: expected a day as 2026-12-31, got "yesterday"\n'],
  ])('%s is a mistake, and says which', async (line, err) => {
    expect(await voisin(line)).toEqual({ code: 2, out: '', err });
  });

  it('a key has no longer a name than a server would take', async () => {
    await voisin('users create a@example.com');
    const { code, err } = await voisin(`keys create a@example.com --name ${'x'.repeat(5000)}`);
    expect([code, err]).toEqual([2, expect.stringContaining('name: expected at most 100 characters')]);
  });

  it('nobody is found by a name that nobody has', async () => {
    expect(await voisin('users show x@example.com')).toMatchObject({ code: 1, err: 'voisin users: no user "x@example.com"\n' });
  });
});

describe('beside a server', () => {
  it('VOISIN_URL and an admin key reach it', async () => {
    const admin = keyOf((await voisin('users create admin@example.com')).out);
    const { url, client } = await serve();
    const there = { VOISIN_URL: url, VOISIN_API_KEY: admin, FAISS_DATA_DIR: '/nowhere' };
    const made = await voisin('users create b@example.com --tier pro', there);
    expect(made).toMatchObject({ code: 0, err: '' });
    const key = keyOf(made.out);
    expect(await statusWith(url, key)).toBe(200);
    await client.post('/v1/embed', { text: 'how to reset password' }, { 'x-api-key': key });
    expect((await voisin('usage b@example.com', there)).out).toMatch(/all-MiniLM-L6-v2 +1 +1 +0 +4 +1\n/);
    const own = { ...there, VOISIN_API_KEY: key };
    expect((await voisin('keys list', own)).out).toContain(idOf(key));
    expect(await voisin('users list', own)).toMatchObject({ code: 1, err: expect.stringContaining('an admin key is needed here') });
    expect((await voisin(`keys revoke ${idOf(key)}`, there)).code).toBe(0);
    expect(await statusWith(url, key)).toBe(401);
    expect(await voisin('keys list', own)).toMatchObject({ code: 1, err: expect.stringContaining('401') });
  });

  it('that has the data folder it is spoken to where HOST and PORT say, without VOISIN_URL', async () => {
    const admin = keyOf((await voisin('users create admin@example.com')).out);
    const { url } = await serve();
    const { port } = new URL(url);
    expect((await voisin('users list', { PORT: port, VOISIN_API_KEY: admin })).out).toContain('admin@example.com');
    expect(await voisin('users list', { PORT: port })).toMatchObject({ code: 1, err: expect.stringContaining('VOISIN_API_KEY') });
    expect(await voisin('users list', { PORT: '1' })).toMatchObject({ code: 1, err: expect.stringContaining('no server answers') });
  });

  it('that others can reach, the admin key of its first start makes users who are none', async () => {
    const started = await startServerProcess({ dataDir: folder, env: { HOST: '0.0.0.0' } });
    server = started;
    const admin = keyOf(started.printed());
    const made = await voisin('users create first@example.com --json', { VOISIN_URL: started.url, VOISIN_API_KEY: admin });
    expect(JSON.parse(made.out)).toMatchObject({ user: { admin: false, tier: 'free' } });
  });
});

const problem = await postgresProblem();

describe.skipIf(problem !== undefined)(`with accounts in PostgreSQL${skipped(problem)}`, () => {
  let env: Record<string, string>;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    const schema = await postgresSchema();
    env = { DATABASE_URL: schema.url, HOST: '0.0.0.0' };
    remove = schema.remove;
  });
  afterEach(async () => {
    await server?.kill();
    await remove();
  });
  const isAdmin = async (email: string): Promise<boolean> => (await voisin(`users create ${email}`, env)).out.includes('an administrator');

  it('the first user is an administrator before the server was ever started', async () => {
    expect([await isAdmin('admin@example.com'), await isAdmin('b@example.com')]).toEqual([true, false]);
  });

  it('no user is one unasked beside a server that made an admin key, nor after it stopped', async () => {
    const { stop } = await serve(env);
    expect(await isAdmin('ana@example.com')).toBe(false);
    await stop();
    expect(await isAdmin('b@example.com')).toBe(false);
    expect((await voisin('users create c@example.com --admin', env)).out).toContain('an administrator');
  });
});
