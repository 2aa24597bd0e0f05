import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpClient } from './support/http-client.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

describe('a server with keys', () => {
  let server: TestServer;
  let one: HttpClient;
  let two: HttpClient;
  let index: string;
  beforeAll(async () => {
    server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'key1:tenant1,key2:tenant2', CORS_ORIGINS: 'https://app.example' } });
    one = server.as({ 'x-api-key': 'key1' });
    two = server.as({ authorization: 'Bearer key2' });
    index = await makeIndex(one, { name: 'of one' });
    await one.post(`/v1/index/${index}/vectors`, { vectors: [{ id: 'a', values: [1, 2, 3] }] });
  });
  afterAll(() => server.close());

  it('asks for one everywhere but at the doors', async () => {
    for (const path of ['/', '/health', '/v1/health', '/docs', '/docs/page.js'])
      expect([path, (await server.client.get(path)).status]).toEqual([path, 200]);
    for (const path of ['/v1/index', '/v1/metrics', '/metrics', '/openapi.json', '/no/such/route']) {
      const answer = await server.client.get(path);
      expect([path, answer.status, answer.json.error.code]).toEqual([path, 401, 'unauthenticated']);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
    for (const headers of [
      { 'x-api-key': 'key3' },
      { authorization: 'Bearer nope' },
      { authorization: 'Basic a2V5MQ==' },
      { 'x-api-key': '' },
    ]) {
      expect((await server.client.get('/v1/index', undefined, headers)).status).toBe(401);
    }
    expect((await server.client.post('/v1/embed', 'not json')).status).toBe(401);
  });

  it('takes the key in either header', async () => {
    expect((await server.client.get('/v1/index', undefined, { authorization: 'bearer key1' })).status).toBe(200);
    expect((await server.client.get('/v1/index', undefined, { 'x-api-key': 'key2' })).status).toBe(200);
  });

  it('gives each tenant its own things, and hides the others’', async () => {
    expect((await one.get('/v1/index')).json.indexes.map(({ id }: { id: string }) => id)).toEqual([index]);
    expect((await two.get('/v1/index')).json.indexes).toEqual([]);
    const path = `/v1/index/${index}`;
    const answers = await Promise.all([
      two.get(path),
      two.delete(path),
      two.get(`${path}/stats`),
      two.post(`${path}/vectors`, { vectors: [{ id: 'x', values: [1, 2, 3] }] }),
      two.get(`${path}/vectors`),
      two.get(`${path}/vectors/a`),
      two.put(`${path}/vectors/a`, { values: [9, 9, 9] }),
      two.patch(`${path}/vectors/a`, { metadata: { x: 1 } }),
      two.delete(`${path}/vectors/a`),
      two.post(`${path}/vectors/delete`, { ids: ['a'] }),
      two.post(`${path}/vectors/count`, {}),
      two.post(`${path}/search`, { vector: [1, 2, 3] }),
      two.get(`${path}/search`, { vector: [1, 2, 3] }),
      two.post(`${path}/search/batch`, { vectors: [[1, 2, 3]] }),
      two.post(`${path}/train`),
      two.post(`${path}/compact`),
      two.post(`${path}/import`, '{"id":"x","values":[1,2,3]}'),
      two.get(`${path}/export`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    const missing = await two.get('/v1/index/00000000-0000-0000-0000-000000000000');
    expect(answers[0]?.json.error.message.replace(index, '')).toBe(
      missing.json.error.message.replace('00000000-0000-0000-0000-000000000000', ''),
    );
    expect((await one.get(`${path}/vectors/a`)).json.values).toEqual([1, 2, 3]);
  });

  it('refuses another tenant’s tenant_id, and takes one’s own', async () => {
    const refused = await one.post('/v1/index', { name: 'x', dimension: 3, tenant_id: 'tenant2' });
    expect([refused.status, refused.json.error.code]).toEqual([403, 'permission_denied']);
    expect((await two.get('/v1/index')).json.indexes).toEqual([]);
    const own = await one.post('/v1/index', { name: 'x', dimension: 3, tenant_id: 'tenant1' });
    expect([own.status, own.json.tenant_id]).toEqual([201, 'tenant1']);
    expect((await one.post('/v1/index', { name: 'y', dimension: 3 })).json.tenant_id).toBe('tenant1');
    expect((await one.post(`/v1/index/${index}/search`, { vector: [1, 2, 3], tenant_id: 'tenant2' })).status).toBe(403);
    expect((await one.get('/v1/index?tenant_id=tenant2')).status).toBe(403);
  });

  it('answers pages of the origins that it was told, and no others', async () => {
    const allowed = await one.get('/v1/index', undefined, { origin: 'https://app.example' });
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example');
    const other = await one.get('/v1/index', undefined, { origin: 'https://evil.example' });
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const preflight = {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    };
    const answer = await server.client.send('OPTIONS', '/v1/index', undefined, preflight);
    expect([answer.status, answer.headers['access-control-allow-headers']]).toEqual([204, expect.stringContaining('x-api-key')]);
    const foreign = await server.client.send('OPTIONS', '/v1/index', undefined, { ...preflight, origin: 'https://evil.example' });
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('a server without keys', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { CORS_ORIGINS: '*' } });
  });
  afterAll(() => server.close());

  it('ignores a key that is sent anyway, and shows every tenant’s things', async () => {
    const { client } = server;
    const a = await makeIndex(client, { tenant_id: 'a' });
    const b = await makeIndex(server.as({ 'x-api-key': 'whatever' }), { tenant_id: 'b' });
    expect((await client.get('/v1/index')).json.indexes.map(({ id }: { id: string }) => id)).toEqual([a, b]);
    expect((await client.get('/v1/index?tenant_id=b')).json.indexes.map(({ id }: { id: string }) => id)).toEqual([b]);
    expect((await client.get(`/v1/index/${a}`, undefined, { authorization: 'Bearer fe_nonsense' })).json.tenant_id).toBe('a');
  });

  it('is driven by no web page of another origin', async () => {
    const { client, http } = server;
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${http.port + 1}` },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      { host: 'evil.example' },
      { host: `rebound.example:${http.port}`, origin: `http://rebound.example:${http.port}` },
    ];
    for (const headers of foreign) {
      const answer = await client.post('/v1/index', { name: 'x', dimension: 3 }, headers);
      expect([headers, answer.status, answer.headers['access-control-allow-origin']]).toEqual([headers, 403, undefined]);
    }
    const preflight = await client.send('OPTIONS', '/v1/index', undefined, {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
    });
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
    for (const headers of [
      { origin: `http://127.0.0.1:${http.port}` },
      { host: `localhost:${http.port}` },
      { host: `localhost.:${http.port}`, origin: `http://localhost.:${http.port}` },
      { host: `[::1]:${http.port}` },
    ]) {
      expect((await client.get('/v1/index', undefined, headers)).status).toBe(200);
    }
  });
});

it('HEAD is answered as GET is, but for the body, and needs a key where GET does', async () => {
  const server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'k:t' } });
  const keyed = server.as({ 'x-api-key': 'k' });
  const index = await makeIndex(keyed);
  for (const path of ['/', '/health', '/v1/health', '/docs']) {
    const { status, bytes } = await server.client.send('HEAD', path);
    expect([path, status, bytes.length]).toEqual([path, 200, 0]);
  }
  for (const path of ['/models', '/v1/models', '/metrics', '/openapi.json', `/v1/index/${index}`]) {
    expect([path, (await server.client.send('HEAD', path)).status]).toEqual([path, 401]);
    const { status, bytes, headers } = await keyed.send('HEAD', path);
    expect([path, status, bytes.length]).toEqual([path, 200, 0]);
    expect(headers['content-type']).toBe((await keyed.get(path)).headers['content-type']);
  }
  const missing = await keyed.send('HEAD', '/v1/index/nope');
  expect([missing.status, missing.bytes.length]).toEqual([404, 0]);
  const exported = await keyed.send('HEAD', `/v1/index/${index}/export`);
  expect([exported.status, exported.headers.allow]).toEqual([405, 'GET']);
  await server.close();
});

describe('indexes in /metrics', () => {
  const tenantsIn = (text: string): string[] =>
    [...new Set([...text.matchAll(/^voisin_index_\w+\{tenant="(\w+)"/gm)].map(([, tenant = '']) => tenant))].toSorted();
  const keys = { FAISS_PROXY_API_KEYS: 'key1:one,key2:two' };

  async function withTwoTenants(env: Record<string, string>, check: (server: TestServer) => Promise<void>): Promise<void> {
    const server = await startTestServer({ env });
    try {
      for (const key of ['key1', 'key2']) {
        const id = await makeIndex(server.as({ 'x-api-key': key }));
        await server.as({ 'x-api-key': key }).post(`/v1/index/${id}/vectors`, { vectors: [{ id: 'a', values: [1, 2, 3] }] });
      }
      await check(server);
    } finally {
      await server.close();
    }
  }
  const seen = async (server: TestServer, headers: Record<string, string> = {}): Promise<string[]> =>
    tenantsIn((await server.as(headers).get('/metrics')).text);

  it('are those of the key’s tenant; an administrator sees all', () =>
    withTwoTenants(keys, async (server) => {
      expect(await seen(server, { 'x-api-key': 'key1' })).toEqual(['one']);
      expect(await seen(server, { 'x-api-key': 'key2' })).toEqual(['two']);
      const { text: admin } = await server.context.account.administration.createUser({ email: 'a@example.com', admin: true });
      expect(await seen(server, { 'x-api-key': admin })).toEqual(['one', 'two']);
    }));

  it('are none for a scraper without a key, and its own for one that sends a key, where the route is public', () =>
    withTwoTenants({ ...keys, METRICS_PUBLIC: 'true' }, async (server) => {
      expect(await seen(server)).toEqual([]);
      expect(await seen(server, { 'x-api-key': 'wrong' })).toEqual([]);
      expect(await seen(server, { 'x-api-key': 'key2' })).toEqual(['two']);
    }));

  it('are all of them on a server without keys', async () => {
    const server = await startTestServer();
    try {
      for (const tenant_id of ['one', 'two']) {
        const id = await makeIndex(server.client, { tenant_id });
        await server.client.post(`/v1/index/${id}/vectors`, { vectors: [{ id: 'a', values: [1, 2, 3] }] });
      }
      expect(await seen(server)).toEqual(['one', 'two']);
    } finally {
      await server.close();
    }
  });
});

describe('a text that another tenant embedded', () => {
  it.each([
    ['false', true],
    ['true', false],
  ])('with CACHE_PER_TENANT=%s is answered from the cache: %s', async (setting, cached) => {
    const server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'key1:one,key2:two', CACHE_PER_TENANT: setting } });
    try {
      const embed = async (key: string): Promise<unknown> =>
        (await server.as({ 'x-api-key': key }).post('/v1/embed', { text: 'an unusual text' })).json.cached;
      expect([await embed('key1'), await embed('key1'), await embed('key2'), await embed('key2')]).toEqual([false, true, cached, true]);
    } finally {
      await server.close();
    }
  });
});

describe('metrics', () => {
  it('are public when the operator says so, and off when they say that', async () => {
    const open = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'k:t', METRICS_PUBLIC: 'true' } });
    expect((await open.client.get('/metrics')).status).toBe(200);
    await open.close();
    const off = await startTestServer({ env: { ENABLE_METRICS: 'false' } });
    expect((await off.client.get('/metrics')).status).toBe(403);
    await off.close();
  });
});
