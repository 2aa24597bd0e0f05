// As many connections as the process may have files, and more.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../src/embedding/testing.js';
import { head, openRaw, type RawClient } from '../support/raw-client.js';
import { makeIndex, startTestServer } from '../support/server.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

const many = (count: number, url: string, bytes = ''): Promise<RawClient[]> =>
  Promise.all(Array.from({ length: count }, () => openRaw(url, bytes)));
const destroy = (clients: readonly RawClient[]): void => {
  for (const { socket } of clients) socket.destroy();
};

describe('a server that may have few files', () => {
  let dataDir: string;
  let server: ServerProcess | undefined;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  });
  afterEach(async () => {
    // bash is replaced by the server: the child is the server itself.
    server?.client.close();
    server?.child.kill('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  });
  const start = (files: number, env: Record<string, string> = {}): Promise<ServerProcess> =>
    startServerProcess({ dataDir, env, under: ['bash', '-c', `ulimit -n ${files}; exec "$0" "$@"`] });

  it('closes the connections that have been idle for longest, and goes on', async () => {
    server = await start(300);
    const idle = await many(320, server.url);
    const busy = await openRaw(server.url, head('GET', '/v1/health'));
    await until(() => busy.received().includes('"status":"ok"'), 'a newcomer is served');
    const connections = async (): Promise<number> =>
      Number(/queue="http_connections"\} (\d+)/.exec((await server?.client.get('/metrics'))?.text ?? '')?.[1]);
    expect(await connections()).toBe(150);
    await Promise.all(idle.slice(0, 100).map(({ closed }) => closed));
    destroy([...idle, busy]);
    await until(async () => (await connections()) === 1, 'all others are gone');
    const index = await makeIndex(server.client, { dimension: 1 });
    expect((await server.client.get(`/v1/index/${index}`)).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('survives that no file can be opened at all, and serves again afterwards', async () => {
    // More connections than files: the bound of connections does not help.
    server = await start(220, { MAX_CONNECTIONS: '10000' });
    const { client, url } = server;
    const index = await makeIndex(client, { dimension: 1 });
    const clients = await many(300, url);
    // Its timers have run by then, each of them at least once a second. None may need a file.
    const ask = (path: string, body: object): Promise<unknown> => client.post(path, body).catch((error: unknown) => error);
    for (let i = 0; i < 5; i++) {
      await ask(`/v1/index/${index}/search`, { vector: [1], k: 1 });
      await ask('/v1/embed', { text: `text ${i}` });
      await ask('/v1/index', { name: 'another', dimension: 1 });
      await pause(300);
    }
    destroy(clients);
    await until(async () => (await client.get(`/v1/index/${index}`).catch(() => undefined))?.status === 200, 'it serves again');
    await until(async () => (await client.post('/v1/embed', { text: 'a text' })).status === 200, 'it embeds again');
    expect(server.child.exitCode).toBeNull();
  });
});

describe('a server with as many connections as it may have', () => {
  it('keeps those that are busy, and answers a newcomer with 503 while all are', async () => {
    const server = await startTestServer({ env: { MAX_CONNECTIONS: '4' } });
    const unfinished = `${head('POST', '/v1/index', { 'content-type': 'application/json', 'content-length': '9' })}{`;
    const busy = [await openRaw(server.http.url, unfinished), await openRaw(server.http.url, unfinished)];
    const idle = [await openRaw(server.http.url, ''), await openRaw(server.http.url, 'GET /v1/health HT')];
    const third = await openRaw(server.http.url, unfinished);
    await idle[0]?.closed;
    const fourth = await openRaw(server.http.url, unfinished);
    await idle[1]?.closed;
    const refused = await openRaw(server.http.url, head('GET', '/v1/health'));
    await refused.closed;
    expect(refused.received()).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1[^]*"code":"unavailable"[^]*\(MAX_CONNECTIONS\)/);
    expect(busy.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
    destroy([...busy, third, fourth]);
    await until(async () => (await server.client.get('/v1/health').catch(() => undefined))?.status === 200, 'there is room again');
    await server.close();
  });
});
