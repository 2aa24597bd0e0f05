// Accounts over REST: users, keys, what is left, what was used.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgresSchema } from '../src/accounts/stores.test-help.js';
import type { HttpClient, Response } from './support/http-client.js';
import { startTestServer, type TestServer } from './support/server.js';
import { postgresProblem } from './support/services.js';

let folder: string;
let tiersFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-tiers-'));
  tiersFile = join(folder, 'tiers.yaml');
  await writeFile(
    tiersFile,
    'free: {per_month: 20000, per_minute: 60, cache_hit: 0.1}\nmonth: {per_month: 50, per_minute: 10000}\ntiny: {per_month: 1, per_minute: 10}\nbig: {per_month: 1000000, per_minute: 100000}\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

const problem = await postgresProblem();
const stores = [
  ['LevelDB', undefined],
  ['PostgreSQL', problem],
] as const;

/** The text at a path into an answer. */
function field(response: Response, ...path: string[]): string {
  let value: unknown = response.json;
  for (const name of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return String(value);
}

describe.each(stores)('accounts in %s', (name, skipped) => {
  let server: TestServer;
  let admin: HttpClient;
  let dropSchema = async (): Promise<void> => undefined;
  beforeEach(async (context) => {
    if (skipped !== undefined) context.skip(skipped);
    const env: Record<string, string> = { TIERS_FILE: tiersFile, CORS_ORIGINS: 'https://app.example' };
    if (name === 'PostgreSQL') {
      const { url, remove } = await postgresSchema();
      env['DATABASE_URL'] = url;
      dropSchema = remove;
    }
    server = await startTestServer({ env });
    const made = await server.client.post('/v1/users', { email: 'admin@example.com', tier: 'big' });
    expect([made.status, made.json['user']]).toMatchObject([
      201,
      { email: 'admin@example.com', admin: true, tenant: 'default', tier: 'big' },
    ]);
    admin = server.as({ authorization: `Bearer ${field(made, 'key')}` });
  });
  afterEach(async () => {
    if (skipped !== undefined) return;
    await server.close();
    await dropSchema();
  });

  async function makeUser(email: string, tier: string): Promise<{ id: string; key: string; client: HttpClient; keyId: string }> {
    const made = await admin.post('/v1/users', { email, tier });
    expect(made.status).toBe(201);
    const key = field(made, 'key');
    return { id: field(made, 'user', 'id'), keyId: field(made, 'key_info', 'id'), key, client: server.as({ 'x-api-key': key }) };
  }

  it('with the first account everyone needs a key, and an account manages its own', async () => {
    expect((await server.client.get('/v1/index')).status).toBe(401);
    const one = await makeUser('one@example.com', 'free');
    expect((await one.client.get('/v1/account')).json).toMatchObject({
      tenant: one.id,
      admin: false,
      key_id: one.keyId,
      user: { id: one.id, email: 'one@example.com' },
      tier: { name: 'free', per_month: 20_000, per_minute: 60, cache_hit: 0.1 },
      month: { used: 0, remaining: 20_000, resets_at: expect.stringMatching(/-01T00:00:00.000Z$/) },
    });
    const second = await one.client.post('/v1/keys', { name: 'laptop', expires_at: '2999-01-01T00:00:00Z' });
    expect(second.json).toMatchObject({ name: 'laptop', user_id: one.id, expires_at: '2999-01-01T00:00:00.000Z' });
    const listed = await one.client.get('/v1/keys');
    expect(listed.json['keys']).toMatchObject([
      { id: one.keyId, name: 'first' },
      { id: second.json.id, name: 'laptop' },
    ]);
    expect(listed.text).not.toMatch(/hash|\$2b|fe_/);
    expect((await one.client.post('/v1/keys')).status).toBe(201);
  });

  it('nobody slips in without a key while the first account is new', async () => {
    const answers = await Promise.all([...Array(50).keys()].map(() => server.client.get('/v1/users')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });

  it('with the first account it answers to every name, as behind a proxy', async () => {
    expect((await server.client.get('/health', undefined, { host: 'api.example.com' })).status).toBe(200);
    expect((await admin.get('/v1/account', undefined, { host: 'api.example.com' })).status).toBe(200);
  });

  it('with the first account the pages of CORS_ORIGINS may call', async () => {
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
    const { headers } = await server.client.send('OPTIONS', '/v1/account', undefined, preflight);
    expect(headers['access-control-allow-origin']).toBe('https://app.example');
  });

  it('gives each account a tenant of its own', async () => {
    const [one, two] = [await makeUser('one@example.com', 'free'), await makeUser('two@example.com', 'free')];
    const made = await one.client.post('/v1/index', { name: 'x', dimension: 3 });
    expect(made.json.tenant_id).toBe(one.id);
    expect((await two.client.get(`/v1/index/${made.json.id}`)).status).toBe(404);
    expect((await two.client.get('/v1/index')).json.indexes).toEqual([]);
  });

  it('lets nobody manage the accounts of others but an administrator', async () => {
    const [one, two] = [await makeUser('one@example.com', 'free'), await makeUser('two@example.com', 'free')];
    const refused = await Promise.all([
      one.client.get('/v1/users'),
      one.client.post('/v1/users', { email: 'x@example.com' }),
      one.client.get(`/v1/users/${one.id}`),
      one.client.patch(`/v1/users/${one.id}`, { tier: 'big' }),
      one.client.patch(`/v1/users/${one.id}`, { admin: true }),
      one.client.delete(`/v1/users/${two.id}`),
      one.client.get(`/v1/keys?user=${two.id}`),
      one.client.get('/v1/keys?user=two@example.com'),
      one.client.post('/v1/keys', { user: two.id }),
      one.client.get(`/v1/usage?user=${two.id}`),
      one.client.get('/v1/keys?user=nobody@example.com'),
    ]);
    expect(refused.map(({ status, json }) => [status, json.error.code])).toEqual(refused.map(() => [403, 'permission_denied']));
    expect((await one.client.delete(`/v1/keys/${two.keyId}`)).status).toBe(404);
    expect((await two.client.get('/v1/account')).status).toBe(200);
    expect((await one.client.get('/v1/keys?user=ONE@example.com')).status).toBe(200);
    expect((await admin.get('/v1/keys?user=one%40example.com')).json['keys']).toMatchObject([{ id: one.keyId }]);
    expect((await admin.get('/v1/users?limit=2')).json).toMatchObject({
      users: [{ email: 'admin@example.com' }, { id: one.id }],
      next_cursor: one.id,
    });
    expect((await admin.get('/v1/users/one%40example.com')).json.id).toBe(one.id);
  });

  it('a key that embeds nothing has a last use too, and one that was never sent has none', async () => {
    const one = await makeUser('one@example.com', 'free');
    await one.client.post('/v1/keys', { name: 'never sent' });
    await server.context.account.usage.write();
    const { json } = await one.client.get('/v1/keys');
    expect(json['keys']).toMatchObject([{ id: one.keyId, last_used_at: expect.any(String) }, { name: 'never sent' }]);
    expect(Reflect.get(Object(json['keys']), 1)).not.toHaveProperty('last_used_at');
    expect((await admin.get('/v1/keys')).json['keys']).toMatchObject([{ last_used_at: expect.any(String) }]);
  });

  it('a revoked key, a disabled and a deleted user are refused with the next request', async () => {
    const one = await makeUser('one@example.com', 'free');
    const made = await one.client.post('/v1/keys', {});
    const other = server.as({ 'x-api-key': field(made, 'key') });
    expect((await other.get('/v1/account')).status).toBe(200);
    expect((await one.client.delete(`/v1/keys/${made.json.id}`)).json['revoked_at']).toBeDefined();
    expect((await other.get('/v1/account')).status).toBe(401);
    expect((await other.post('/v1/embed', { text: 'x' })).status).toBe(401);
    expect((await admin.patch(`/v1/users/${one.id}`, { disabled: true })).json['disabled']).toBe(true);
    expect((await one.client.get('/v1/account')).status).toBe(401);
    await admin.patch(`/v1/users/${one.id}`, { disabled: false });
    expect((await one.client.get('/v1/account')).status).toBe(200);
    expect((await admin.delete(`/v1/users/${one.id}`)).status).toBe(204);
    expect((await one.client.get('/v1/account')).status).toBe(401);
    expect((await admin.delete(`/v1/users/${one.id}`)).status).toBe(404);
  });

  it('what is wrong is named', async () => {
    const answers = await Promise.all([
      admin.post('/v1/users', { email: 'admin@example.com' }),
      admin.post('/v1/users', { email: 'nobody' }),
      admin.post('/v1/users', { email: 'x@example.com', tier: 'gold' }),
      admin.post('/v1/users', { email: 'x@example.com', teir: 'free' }),
      admin.post('/v1/keys', { expires_at: 'tomorrow' }),
      admin.post('/v1/keys', { expires_at: '2001-01-01T00:00:00Z' }),
      admin.post('/v1/keys', { user: 'nobody@example.com' }),
      admin.get('/v1/usage?from=yesterday'),
      admin.get('/v1/users/usr_x'),
      admin.delete('/v1/keys/0000000000000000'),
    ]);
    expect(answers.map(({ status, json }) => [status, json.error.code, json.error.details['field']])).toEqual([
      [409, 'already_exists', 'email'],
      [400, 'invalid_argument', 'email'],
      [400, 'invalid_argument', 'tier'],
      [400, 'invalid_argument', 'teir'],
      [400, 'invalid_argument', 'expires_at'],
      [400, 'invalid_argument', 'expires_at'],
      [404, 'not_found', 'user'],
      [400, 'invalid_argument', 'from'],
      [404, 'not_found', 'user'],
      [404, 'not_found', 'key'],
    ]);
  });

  it('a name, an id or a cursor that cannot be one is a mistake of the caller, whatever keeps the accounts', async () => {
    const answers = await Promise.all([
      admin.post('/v1/keys', { name: 'a\0b' }),
      admin.post('/v1/keys', { name: 'x'.repeat(101) }),
      admin.post('/v1/keys', { expires_at: '2999-02-31T00:00:00Z' }),
      admin.post('/v1/users', { email: 'x@example.com', key_name: '\0' }),
      admin.post('/v1/users', { email: '\ud800@example.com' }),
      admin.get('/v1/users/%00'),
      admin.get('/v1/users/%00@'),
      admin.delete('/v1/keys/%00'),
      admin.get('/v1/keys?cursor=garbage'),
      admin.get('/v1/keys?cursor=2026-01-01/%00'),
      admin.get('/v1/users?cursor=%00'),
      admin.get('/v1/usage?cursor=%00'),
      admin.get('/v1/usage?user=%00'),
      admin.get('/v1/usage?from=2026-02-31'),
    ]);
    expect(answers.map(({ status, json }) => [status, json.error.details['field']])).toEqual([
      [400, 'name'],
      [400, 'name'],
      [400, 'expires_at'],
      [400, 'key_name'],
      [400, 'email'],
      [404, 'user'],
      [404, 'user'],
      [404, 'key'],
      [400, 'cursor'],
      [400, 'cursor'],
      [400, 'cursor'],
      [400, 'cursor'],
      [404, 'user'],
      [400, 'from'],
    ]);
    expect((await admin.get('/v1/users')).json['users']).toHaveLength(1);
  });

  it('usage adds up by key, model and day; a cache hit counts a tenth, a failure nothing', async () => {
    const one = await makeUser('one@example.com', 'big');
    const first = await one.client.post('/v1/embed', { text: 'how to reset password' });
    expect(first.json).toMatchObject({ tokens: 4, cached: false });
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '100000', 'x-ratelimit-remaining': '99999' });
    expect((await one.client.post('/v1/embed', { text: 'how to reset password' })).json['cached']).toBe(true);
    expect((await one.client.post('/v1/embed', { text: 'x', model: 'no-such-model' })).status).toBe(404);
    await one.client.post('/v1/index', { name: 'x', metric: 'cosine', embedding: { model: 'all-MiniLM-L6-v2' } }).then(async ({ json }) => {
      const texts = ['one', 'two', 'three'].map((text) => ({ id: text, text }));
      expect((await one.client.post(`/v1/index/${json.id}/vectors`, { vectors: texts })).status).toBe(201);
      expect((await one.client.post(`/v1/index/${json.id}/search`, { text: 'four' })).status).toBe(200);
    });
    const { json } = await one.client.get('/v1/usage');
    expect(json['usage']).toEqual([
      {
        user_id: one.id,
        key_id: one.keyId,
        model: 'sentence-transformers/all-MiniLM-L6-v2',
        day: new Date().toISOString().slice(0, 10),
        requests: 4,
        embeddings: 6,
        cache_hits: 1,
        tokens: 12,
        counted: 5.1,
      },
    ]);
    expect((await one.client.get('/v1/account')).json['month']).toMatchObject({ used: 5.1, remaining: 999_994.9 });
    expect((await admin.get('/v1/usage')).json['usage']).toHaveLength(1);
    expect((await admin.get('/v1/usage?user=admin@example.com')).json['usage']).toEqual([]);
    expect((await one.client.get('/v1/keys')).json['keys']).toMatchObject([{ last_used_at: expect.any(String) }]);
  });

  it('the usage of a deleted user is there under their id, as in the list of all', async () => {
    const one = await makeUser('one@example.com', 'free');
    await one.client.post('/v1/embed', { text: 'x' });
    expect((await admin.delete(`/v1/users/${one.id}`)).status).toBe(204);
    const { json } = await admin.get(`/v1/usage?user=${one.id}`);
    expect(json['usage']).toMatchObject([{ user_id: one.id, key_id: one.keyId, embeddings: 1 }]);
    expect((await admin.get('/v1/usage')).json['usage']).toEqual(json['usage']);
    expect((await admin.get('/v1/usage?user=usr_never')).status).toBe(404);
    expect((await admin.get('/v1/usage?user=one@example.com')).status).toBe(404);
  });

  it('of 200 requests at once the minute’s 60 are served, and 140 are told when to come back', async () => {
    const one = await makeUser('one@example.com', 'free');
    const answers = await Promise.all([...Array(200).keys()].map((i) => one.client.post('/v1/embed', { text: `text ${i}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(140);
    for (const { headers, json } of refused) {
      expect(json.error).toMatchObject({ code: 'rate_limited', message: expect.stringContaining('60 embeddings a minute') });
      expect(headers).toMatchObject({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0' });
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThan(Date.now() / 1000);
    }
    expect((await one.client.get('/v1/account')).json['month']).toMatchObject({ used: 60 });
  });

  it('of 200 requests at once the month’s 50 are served; texts that are known cost a tenth', async () => {
    const one = await makeUser('one@example.com', 'month');
    const answers = await Promise.all([...Array(200).keys()].map((i) => one.client.post('/v1/embed', { text: `other ${i}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json.error).toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringContaining('50 embeddings a month: 0 are left'),
    });
    expect(refused?.headers).toMatchObject({ 'x-ratelimit-limit': '50', 'x-ratelimit-remaining': '0' });
    const known = await makeUser('two@example.com', 'month');
    await admin.post('/v1/embed', { text: 'known' });
    const hits = await Promise.all([...Array(200).keys()].map(() => known.client.post('/v1/embed', { text: 'known' })));
    expect(hits.filter(({ status }) => status === 200)).toHaveLength(200);
    expect((await known.client.get('/v1/account')).json['month']).toMatchObject({ used: 20, remaining: 30 });
  });

  it('the quota outlives a stop', async () => {
    const one = await makeUser('one@example.com', 'tiny');
    expect((await one.client.post('/v1/embed', { text: 'only' })).status).toBe(200);
    await server.stop();
    const env = { TIERS_FILE: tiersFile, DATABASE_URL: server.context.config.databaseUrl ?? '' };
    const again = await startTestServer({ env, dataDir: server.dataDir });
    const answer = await again.as({ 'x-api-key': one.key }).post('/v1/embed', { text: 'another' });
    expect([answer.status, answer.json.error.code]).toEqual([429, 'quota_exceeded']);
    await again.stop();
  });
});
