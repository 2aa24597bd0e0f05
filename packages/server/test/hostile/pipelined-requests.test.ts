// Clients that send requests ahead and leave, or never read their answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../src/embedding/testing.js';
import { head, openRaw } from '../support/raw-client.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { hostileRounds } from './rounds.js';

const key = 'key-of-a';
const withKey = { 'x-api-key': key };
let server: TestServer;
let client: TestServer['client'];
beforeAll(async () => {
  server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: `${key}:a,key-of-b:b`, MAX_IN_FLIGHT_REQUESTS: '20' } });
  client = server.as(withKey);
});
afterAll(() => server.close());

const underWay = async (): Promise<number> => Number(/queue="http_requests"\} (\d+)/.exec((await client.get('/metrics')).text)?.[1]);
const body = '{"name":"a","dimension":2}';

describe('requests sent ahead by a client that leaves', () => {
  it.each([
    ['an open page', head('GET', '/docs')],
    ['health with a body', `${head('GET', '/health', { 'content-length': '2', 'content-type': 'application/json' })}{}`],
    ['no route', head('GET', '/nope')],
    ['no route, with a key', head('GET', '/nope', withKey)],
    ['no key', head('GET', '/v1/index')],
    ['a wrong key', head('POST', '/v1/index', { 'x-api-key': 'wrong', 'content-length': String(body.length) }) + body],
    ['a key', head('GET', '/v1/index', withKey)],
    ['a key and a body', head('POST', '/v1/embed', { ...withKey, 'content-length': '2', 'content-type': 'application/json' }) + '{}'],
    ['an export', head('GET', '/v1/index/nope/export', withKey)],
  ])('are under way no longer: %s', async (_, request) => {
    for (let round = 0; round < hostileRounds + 1; round++) {
      const { socket } = await openRaw(server.http.url, request.repeat(150), { unread: true });
      // Some of them have been asked by then, in the first round none.
      if (round > 0) await client.get('/v1/health');
      socket.destroy();
    }
    await until(async () => (await underWay()) === 1, 'only the question itself is under way');
    expect((await client.get('/v1/index')).status).toBe(200);
  });

  it('on open routes and without a key take no place, also while they stay', async () => {
    const open = await openRaw(server.http.url, head('GET', '/docs').repeat(150), { unread: true });
    const refused = await openRaw(server.http.url, head('GET', '/v1/index').repeat(300), { unread: true });
    await until(async () => (await underWay()) > 21, 'more are under way than there are places');
    expect((await client.get('/v1/index')).status).toBe(200);
    for (const { socket } of [open, refused]) socket.destroy();
    await until(async () => (await underWay()) === 1, 'all are over');
  });
});
