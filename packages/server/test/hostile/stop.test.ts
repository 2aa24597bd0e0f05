// SIGTERM while clients keep requests open in every way there is.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../src/embedding/testing.js';
import { head, openRaw } from '../support/raw-client.js';
import { makeIndex } from '../support/server.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

let dataDir: string;
let server: ServerProcess;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  server = await startServerProcess({ dataDir });
});
afterAll(async () => {
  await server.kill();
  await rm(dataDir, { recursive: true, force: true });
});

it('a server that is stopped ends in good order, whatever its clients hold open', async () => {
  const index = await makeIndex(server.client, { dimension: 1 });
  const metadata = { text: 'x'.repeat(40_000) };
  const vectors = Array.from({ length: 250 }, (_, i) => ({ id: `${i}`, values: [i], metadata }));
  expect((await server.client.post(`/v1/index/${index}/vectors`, { vectors })).status).toBe(201);
  const json = { 'content-type': 'application/json' };
  const unfinished = { ...json, 'content-length': '100' };
  const all = await Promise.all([
    openRaw(server.url, ''),
    openRaw(server.url, 'GET /v1/index HTTP/1.1\r\nHost: loc'),
    openRaw(server.url, head('GET', '/v1/health')),
    openRaw(server.url, head('GET', '/docs').repeat(300), { unread: true }),
    openRaw(server.url, head('GET', '/v1/index').repeat(300), { unread: true }),
    openRaw(server.url, `${head('GET', '/health', unfinished)}{`),
    openRaw(server.url, `${head('POST', '/v1/index', unfinished)}{`),
    openRaw(server.url, `${head('POST', '/v1/embed', { ...json, 'transfer-encoding': 'chunked' })}1\r\n{\r\n`),
    openRaw(server.url, `${head('POST', `/v1/index/${index}/import`, { 'transfer-encoding': 'chunked' })}1\r\n{\r\n`),
    openRaw(server.url, head('POST', `/v1/index/${index}/import`, { 'content-length': '1000', accept: 'application/x-ndjson' })),
    openRaw(server.url, head('GET', `/v1/index/${index}/export`), { unread: true }),
    openRaw(server.url, head('GET', `/v1/index/${index}/search?vector=1&k=250`).repeat(3), { unread: true }),
  ]);
  await until(
    async () => Number(/queue="http_requests"\} (\d+)/.exec((await server.client.get('/metrics')).text)?.[1]) > 7,
    'they are under way',
  );
  server.child.kill('SIGTERM');
  await until(() => server.child.exitCode !== null || server.child.signalCode !== null, 'it ends');
  // 1 would say that its time was up before everything was finished.
  expect([server.child.exitCode, server.log.at(-1)]).toEqual([0, expect.stringContaining('"msg":"stopped"')]);
  for (const { socket } of all) socket.destroy();
});
