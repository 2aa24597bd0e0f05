// Who calls a server that may have accounts, and belongs to none of them.
import { describe, expect, it } from 'vitest';
import { startTestServer } from './support/server.js';

describe('keys of the environment beside accounts', () => {
  it('go on working without a quota, and belong to no account', async () => {
    const server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'key1:tenant1' } });
    const one = server.as({ 'x-api-key': 'key1' });
    expect((await one.get('/v1/account')).json).toEqual({ tenant: 'tenant1', admin: false });
    expect((await one.post('/v1/embed', { text: 'x' })).headers['x-ratelimit-limit']).toBeUndefined();
    expect((await one.get('/v1/users')).status).toBe(403);
    const keys = await one.get('/v1/keys');
    expect([keys.status, keys.json.error.message]).toEqual([400, expect.stringContaining('belongs to no account')]);
    await server.close();
  });
});

describe('a server that everyone may use', () => {
  it('asks for no key whatever accounts there are', async () => {
    const server = await startTestServer({ env: { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' } });
    const made = await server.client.post('/v1/users', { email: 'a@example.com' });
    expect(made.status).toBe(201);
    expect((await server.client.get('/v1/users')).status).toBe(200);
    await server.close();
  });
});
