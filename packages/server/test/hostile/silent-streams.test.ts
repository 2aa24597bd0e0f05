// Clients that begin a stream and then neither send nor read, and tenants that begin many.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../src/embedding/testing.js';
import { head, openRaw, type RawClient } from '../support/raw-client.js';
import { makeIndex, startTestServer, type TestServer } from '../support/server.js';

const keys = 'key-of-a:a,key-of-b:b';
const ofA = { 'x-api-key': 'key-of-a' };
const ofB = { 'x-api-key': 'key-of-b' };
const json = { 'content-type': 'application/json' };
const chunked = { 'transfer-encoding': 'chunked' };
const importOf = (index: string, headers: object = ofA): string => head('POST', `/v1/index/${index}/import`, { ...headers, ...chunked });

describe('a stream on which nothing moves', () => {
  let server: TestServer;
  let client: TestServer['client'];
  let index: string;
  beforeAll(async () => {
    server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: keys, STREAM_SILENCE: '1' } });
    client = server.as(ofA);
    index = await makeIndex(client, { dimension: 1 });
    const metadata = { text: 'x'.repeat(40_000) };
    const vectors = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, values: [i], metadata }));
    expect((await client.post(`/v1/index/${index}/vectors`, { vectors })).status).toBe(201);
  });
  afterAll(() => server.close());

  it.each([
    ['an import', (of: string) => importOf(of)],
    ['an import in the middle of a line', (of: string) => `${importOf(of)}5\r\n{"id"\r\n`],
    [
      'an import of which only its length is known',
      (of: string) => head('POST', `/v1/index/${of}/import`, { ...ofA, 'content-length': '9' }),
    ],
    ['a compressed import', (of: string) => importOf(of, { ...ofA, 'content-encoding': 'gzip' })],
    ['an export with a body', (of: string) => head('GET', `/v1/index/${of}/export`, { ...ofA, ...json, 'content-length': '9' })],
  ])('is answered with that, and closed: %s', async (_, request) => {
    const { received, closed } = await openRaw(server.http.url, request(index));
    await closed;
    expect(received()).toMatch(/^HTTP\/1\.1 504 [^]*"code":"deadline_exceeded"[^]*sent nothing for 1 s \(STREAM_SILENCE\)/);
  });

  it('is cut where its client does not read', async () => {
    const { socket } = await openRaw(server.http.url, head('GET', `/v1/index/${index}/export`, ofA), { unread: true });
    const underWay = async (): Promise<number> => Number(/queue="http_requests"\} (\d+)/.exec((await client.get('/metrics')).text)?.[1]);
    await until(async () => (await underWay()) === 2, 'it has begun');
    await until(async () => (await underWay()) === 1, 'it is cut');
    socket.destroy();
  });

  it('goes on as long as a byte moves now and then', async () => {
    const { socket, received } = await openRaw(server.http.url, importOf(index));
    const other = await openRaw(server.http.url, importOf(index));
    let isOver = false;
    void other.closed.then(() => (isOver = true));
    await until(() => {
      socket.write('1\r\n \r\n');
      return isOver;
    }, 'the other one is closed');
    socket.write('1a\r\n{"id":"slow","values":[1]}\r\n0\r\n\r\n');
    await until(() => received().includes('"imported":1'), 'the import is done');
    socket.destroy();
  });
});

describe('one tenant', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { FAISS_PROXY_API_KEYS: keys, MAX_IN_FLIGHT_REQUESTS: '20', MAX_INDEXES: '5' } });
  });
  afterAll(() => server.close());

  it.each([
    ['stalled imports', (index: string) => importOf(index)],
    ['unfinished bodies', () => head('POST', '/v1/index', { ...ofA, 'content-length': '9', 'content-type': 'application/json' })],
    ['unfinished bodies with health', () => head('GET', '/health', { 'content-length': '9', 'content-type': 'application/json' })],
    ['unfinished bodies without a key', () => head('POST', '/v1/index', { 'content-length': '9', 'content-type': 'application/json' })],
  ])('does not take the places of another: %s', async (_, request) => {
    const index = await makeIndex(server.as(ofA), { dimension: 1 });
    const all: RawClient[] = await Promise.all(Array.from({ length: 30 }, () => openRaw(server.http.url, request(index))));
    const refused = (): number => all.filter(({ received }) => /^HTTP\/1\.1 (429|401|200)/.test(received())).length;
    await until(() => refused() >= 20, 'those past the share are answered');
    expect((await server.as(ofB).get('/v1/index')).status).toBe(200);
    expect((await server.as(ofB).post('/v1/index', { name: 'b' })).status).toBe(400);
    for (const { socket } of all) socket.destroy();
    await until(async () => (await server.as(ofA).delete(`/v1/index/${index}`)).status === 204, 'its own places are free again');
  });

  it('does not take all the memory for bodies by announcing large ones', async () => {
    const index = await makeIndex(server.as(ofB), { dimension: 1 });
    const announced = head('POST', '/v1/index', { ...ofA, ...json, 'content-length': String(100 * 2 ** 20) });
    const all = await Promise.all(Array.from({ length: 3 }, () => openRaw(server.http.url, announced)));
    const refused = (): string[] => all.map(({ received }) => received()).filter((answer) => answer !== '');
    await until(() => refused().length === 1, 'the third is refused');
    expect(refused()[0]).toMatch(
      /^HTTP\/1\.1 429 [^]*bodies of 200 MiB are under way, and no more may be \(twice MAX_BODY_MB for one tenant\)/,
    );
    const large = `{"vectors":[{"id":"a","values":[1]}]}${' '.repeat(300_000)}`;
    expect((await server.as(ofB).post(`/v1/index/${index}/vectors`, large)).status).toBe(201);
    for (const { socket } of all) socket.destroy();
    await server.as(ofB).delete(`/v1/index/${index}`);
  });

  it('may not make all indexes that there may be', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => server.as(ofA).post('/v1/index', { name: 'x', dimension: 1 })));
    expect(made.map(({ status }) => status).sort()).toEqual([201, 201, 201, 507, 507]);
    const refused = made.find(({ status }) => status === 507);
    expect(refused?.json.error.message).toContain('the tenant has 3 indexes, and one tenant may have no more (MAX_INDEXES_PER_TENANT)');
    expect((await server.as(ofB).post('/v1/index', { name: 'x', dimension: 1 })).status).toBe(201);
  });
});

it('one address of a server without keys does not take the places of another', async () => {
  const server = await startTestServer({ env: { MAX_IN_FLIGHT_REQUESTS: '4' } });
  const request = head('POST', '/v1/index', { 'content-length': '9', 'content-type': 'application/json' });
  const all = await Promise.all(Array.from({ length: 6 }, () => openRaw(server.http.url, request, { from: '127.0.0.2' })));
  await until(() => all.filter(({ received }) => /^HTTP\/1\.1 503 [^]*from one address/.test(received())).length === 4, 'four are refused');
  expect((await server.client.get('/v1/index')).status).toBe(200);
  for (const { socket } of all) socket.destroy();
  await server.close();
});
