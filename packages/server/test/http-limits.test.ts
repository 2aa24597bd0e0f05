import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../src/embedding/testing.js';
import { head, openRaw, type RawClient } from './support/raw-client.js';
import { makeIndex, startTestServer } from './support/server.js';

/** A request whose body never ends. */
function hang(port: number, path = '/v1/index', length = 100): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{`);
  return socket;
}

it('a full server answers 503 with Retry-After at once, and its health all the same', async () => {
  const server = await startTestServer({ env: { MAX_IN_FLIGHT_REQUESTS: '2' } });
  const hanging = [hang(server.http.port), hang(server.http.port)];
  const answer = async () => server.client.get('/v1/index');
  await until(async () => (await answer()).status === 503, 'it is refused');
  const refused = await answer();
  expect([refused.json.error.code, refused.headers['retry-after']]).toEqual(['unavailable', '1']);
  expect((await server.client.get('/v1/health')).status).toBe(200);
  // Callers that leave give their places back.
  for (const socket of hanging) socket.destroy();
  await until(async () => (await answer()).status === 200, 'it is served');
  await server.close();
});

it('large bodies are refused with 503 while as many are under way as may be, and small ones pass', async () => {
  const server = await startTestServer();
  const index = await makeIndex(server.client);
  const vectors = `/v1/index/${index}/vectors`;
  const hanging = [1, 2, 3].map(() => hang(server.http.port, vectors, 100 * 1024 * 1024));
  await until(
    async () => (await server.client.get('/metrics')).text.includes(`queue="http_body_bytes"} ${300 * 1024 * 1024}`),
    'all room is claimed',
  );
  const large = `{"vectors":[]}${' '.repeat(300_000)}`;
  const refused = await server.client.post(vectors, large);
  expect([refused.status, refused.headers['retry-after'], refused.json.error.message]).toEqual([
    503,
    '1',
    expect.stringContaining('bodies of 300 MiB are under way'),
  ]);
  const chunked = await server.client.post(vectors, large, { 'transfer-encoding': 'chunked' });
  expect(chunked.status).toBe(503);
  expect((await server.client.post(`/v1/index/${index}/search`, { vector: [1, 2, 3] })).status).toBe(200);
  for (const socket of hanging) socket.destroy();
  await until(async () => (await server.client.post(vectors, large)).status === 201, 'there is room again');
  await server.close();
});

it('a request that takes too long is a 504', async () => {
  const server = await startTestServer({ env: { REQUEST_TIMEOUT: '1' } });
  const socket = hang(server.http.port);
  const [chunk]: unknown[] = await once(socket, 'data');
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 504 [^]*"code":"deadline_exceeded"/);
  socket.destroy();
  await server.close();
});

it('a body that does not come in time gives its room to others', async () => {
  const server = await startTestServer({ env: { REQUEST_TIMEOUT: '1' } });
  const announced = hang(server.http.port, '/v1/embeddings', 1_000_000);
  const chunked = connect(server.http.port, '127.0.0.1');
  chunked.write('POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  chunked.write(`7530\r\n{${' '.repeat(29_999)}\r\n`);
  const held = async (): Promise<number> => Number(/http_body_bytes"\} (\d+)/.exec((await server.client.get('/metrics')).text)?.[1]);
  await until(async () => (await held()) === 1_030_000, 'the bytes are held');
  const answers = await Promise.all([announced, chunked].map(async (socket) => String(await once(socket, 'data'))));
  expect(answers).toEqual([expect.stringMatching(/^HTTP\/1\.1 504 /), expect.stringMatching(/^HTTP\/1\.1 504 /)]);
  await until(async () => (await held()) === 0, 'the bytes are given back');
  for (const socket of [announced, chunked]) socket.destroy();
  await server.close();
});

it('an answer that nobody reads is cut, and one that is read slowly is not', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  const before = await startTestServer({ dataDir });
  const index = await makeIndex(before.client, { dimension: 1 });
  const metadata = { text: 'x'.repeat(40_000) };
  const vectors = Array.from({ length: 250 }, (_, i) => ({ id: `${i}`, values: [i], metadata }));
  expect((await before.client.post(`/v1/index/${index}/vectors`, { vectors })).status).toBe(201);
  await before.stop();
  // Writing takes as long as the disk does: the short time is for the answers alone.
  const server = await startTestServer({ dataDir, env: { REQUEST_TIMEOUT: '2' } });
  const path = `/v1/index/${index}/search?vector=1&k=250`;
  await until(async () => (await server.client.get(path)).status === 200, 'the index is open');
  const ask = (): Promise<RawClient> => openRaw(server.http.url, head('GET', path, { connection: 'close' }), { unread: true });
  const underWay = async (): Promise<number> => Number(/http_requests"\} (\d+)/.exec((await server.client.get('/metrics')).text)?.[1]);
  const [slow, ...unread] = [await ask(), await ask(), await ask()];
  await until(async () => (await underWay()) === 4, 'all are under way');
  let read = 0;
  const take = (most?: number): void => {
    const chunk: Buffer | null = slow.socket.read(most);
    read += chunk?.length ?? 0;
  };
  // Some 1,000 KB a second, and at most half of what there is to read: what the sockets hold of the rest is far less than a MB at a time.
  const begun = performance.now();
  await until(async () => {
    if (read < Math.min(5_000_000, (performance.now() - begun) * 1000)) take(64 * 1024);
    return (await underWay()) === 2;
  }, 'those that read nothing are cut');
  slow.socket.on('readable', () => take());
  await once(slow.socket, 'end');
  expect(read).toBeGreaterThan(250 * 40_000);
  for (const { socket } of unread) socket.destroy();
  await server.close();
});

it('an import takes longer than any other request may', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  const before = await startTestServer({ dataDir });
  const index = await makeIndex(before.client, { dimension: 1 });
  await before.stop();
  const server = await startTestServer({ dataDir, env: { REQUEST_TIMEOUT: '1' } });
  const { hostname, port } = new URL(server.http.url);
  const outgoing = request({ hostname, port, method: 'POST', path: `/v1/index/${index}/import` });
  outgoing.write('{"id":"first","values":[1]}\n');
  const other = hang(server.http.port);
  await once(other, 'data');
  outgoing.end('{"id":"last","values":[2]}\n');
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  expect([response.statusCode, JSON.parse(Buffer.concat(chunks).toString())]).toEqual([200, { done: true, imported: 2, failed: 0 }]);
  other.destroy();
  await server.close();
});

it('closing finishes what is under way, and then answers no more', async () => {
  const server = await startTestServer();
  const index = await makeIndex(server.client, { dimension: 2 });
  const { hostname, port } = new URL(server.http.url);
  const outgoing = request({
    hostname,
    port,
    method: 'POST',
    path: `/v1/index/${index}/vectors`,
    headers: { 'content-type': 'application/json' },
  });
  const body = JSON.stringify({ vectors: [{ id: 'late', values: [1, 2] }] });
  outgoing.write(body.slice(0, 10));
  await until(
    async () => /voisin_queue_length\{queue="http_requests"\} 2/.test((await server.client.get('/metrics')).text),
    'the other one is under way',
  );
  const closing = server.stop();
  outgoing.end(body.slice(10));
  const [response] = await once(outgoing, 'response');
  expect(response.statusCode).toBe(201);
  response.resume();
  await closing;
  await expect(server.client.get('/v1/health')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
  const again = await startTestServer({ dataDir: server.dataDir });
  expect((await again.client.get(`/v1/index/${index}/vectors/late`)).status).toBe(200);
  await again.close();
});

it('closing does not wait for connections on which nothing is asked', async () => {
  const server = await startTestServer();
  const fresh = connect(server.http.port, '127.0.0.1');
  await once(fresh, 'connect');
  await server.client.get('/v1/health');
  const gone = once(fresh, 'close');
  fresh.resume();
  await server.close();
  await gone;
});

it('a request id that the caller gives comes back, and a strange one does not', async () => {
  const server = await startTestServer();
  expect((await server.client.get('/v1/health', undefined, { 'x-request-id': 'trace-17' })).headers['x-request-id']).toBe('trace-17');
  expect((await server.client.get('/v1/health', undefined, { 'x-request-id': '{"a":1}' })).headers['x-request-id']).not.toContain('{');
  await server.close();
});
