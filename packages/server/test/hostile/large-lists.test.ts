// Bodies whose lists are far too long: refused, with a count, by a server that never holds more than a little beside their bytes.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { hostileRounds } from './rounds.js';

const mib = 2 ** 20;
const megabytes = Math.min(90, 15 * hostileRounds);
let dataDir: string;
let server: ServerProcess;
let index: string;

/** Bytes of memory: the most that the server ever had. */
async function peak(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** `{"name":[item,item,...]}` of about so many bytes. */
function listOf(name: string, item: string): { readonly body: Buffer; readonly count: number } {
  const count = Math.floor((megabytes * mib) / (item.length + 1));
  return { body: Buffer.from(`{"${name}":[${`${item},`.repeat(count - 1)}${item}]}`), count };
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  server = await startServerProcess({ dataDir });
  index = (await server.client.post('/v1/index', { name: 'lists', dimension: 3 })).json.id;
  await server.client.post(`/v1/index/${index}/vectors`, { vectors: [{ id: 'kept', values: [1, 2, 3] }] });
});
afterAll(async () => {
  await server.kill();
  await rm(dataDir, { recursive: true, force: true });
});

it.runIf(process.platform === 'linux').each([
  ['/vectors', 'vectors', '{}', (count: number) => `vectors: expected at most 100000 vectors, got ${count}`],
  ['/vectors', 'vectors', '[]', (count: number) => `vectors: expected at most 100000 vectors, got ${count}`],
  ['/vectors', 'vectors', '{"id":"a","values":[1,2,3]}', (count: number) => `vectors: expected at most 100000 vectors, got ${count}`],
  ['/search/batch', 'vectors', '[1,2,3]', (count: number) => `vectors: expected at most 1000 queries, got ${count}`],
  ['/search/batch', 'texts', '"a"', (count: number) => `texts: expected at most 1000 items (MAX_QUERY_BATCH), got ${count}`],
  ['/vectors/delete', 'ids', '"a"', (count: number) => `ids: expected at most 100000 ids, got ${count}`],
  ['/vectors/delete', 'filter', '{"a":1}', () => 'filter: expected at most 1048576 bytes'],
  ['/search', 'vector', '1', (count: number) => `vector: expected at most 65536 values (MAX_DIMENSION), got ${count}`],
  ['/search', 'vector', '[]', (count: number) => `vector: expected at most 65536 values (MAX_DIMENSION), got ${count}`],
])('%s with %s of nothing but %s takes little more memory than its bytes', async (path, name, item, message) => {
  const { body, count } = listOf(name, item);
  const before = await peak();
  const answer = await server.client.post(`/v1/index/${index}${path}`, body);
  expect([answer.status, answer.json.error.message]).toEqual([400, expect.stringContaining(message(count))]);
  // The body itself, and as much again for what is made of it and for garbage that was there before.
  expect((await peak()) - before).toBeLessThan(2 * body.length + 64 * mib);
});

it.runIf(process.platform === 'linux')(
  'an import of nothing but {} names a few of its lines, counts all, and takes little memory',
  async () => {
    const count = Math.floor((megabytes * mib) / 15);
    const before = await peak();
    const body = Buffer.from('{}\n'.repeat(count));
    const { json } = await server.client.post(`/v1/index/${index}/import`, body, { 'content-type': 'application/x-ndjson' });
    expect([json.imported, json.failed_count, json['failed'], json.errors.length]).toEqual([0, undefined, count, 100]);
    expect((await peak()) - before).toBeLessThan(128 * mib);
  },
);

it('a request of the most vectors there may be, each of them refused, names a thousand of them and counts all', async () => {
  const answer = await server.client.post(`/v1/index/${index}/vectors`, `{"vectors":[${'{},'.repeat(99_999)}{}]}`);
  expect([answer.status, answer.json.failed_count, answer.json.errors.length]).toEqual([400, 100_000, 1000]);
  const own = { id: 'a', values: [1] };
  const others = await server.client.post(`/v1/index/${index}/vectors`, { vectors: Array<object>(99_999).fill(own).toSpliced(7, 0, {}) });
  expect([others.status, others.json.failed_count, others.json.errors.length]).toEqual([400, 100_000, 1000]);
  expect(others.json.errors.slice(6, 9).map(({ position, id }) => [position, id])).toEqual([
    [6, 'a'],
    [7, undefined],
    [8, 'a'],
  ]);
});
