// Searches whose answers are far larger than their requests: refused before they are made, or written while they are read.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { until } from '../../src/indexes/testing.js';
import { hostileRounds } from './rounds.js';

const mib = 2 ** 20;
const linux = process.platform === 'linux';
/** Ten times as many rows in the long form, which the answers grow with. */
const [wideRows, smallRows] = hostileRounds > 1 ? [4000, 10_000] : [400, 2000];
let dataDir: string;
let server: ServerProcess;
/** Rows of 40 KB of metadata. */
let wide: string;
/** Rows of some 400 bytes. */
let small: string;

async function peak(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function fill(rows: number, note: string): Promise<string> {
  const { id } = (await server.client.post('/v1/index', { name: 'answers', dimension: 2 })).json;
  for (let start = 0; start < rows; start += 200) {
    const vectors = Array.from({ length: 200 }, (_, i) => ({
      id: `row-${start + i}`,
      values: [start + i, 0],
      metadata: { i: start + i, note },
    }));
    expect((await server.client.post(`/v1/index/${id}/vectors`, { vectors })).status).toBe(201);
  }
  return id;
}

const batch = (index: string, queries: number, k: number, more: object = {}) =>
  server.client.post(`/v1/index/${index}/search/batch`, { vectors: Array.from({ length: queries }, (_, q) => [q, 0]), k, ...more });

const answersHeld = async (): Promise<number> =>
  Number(/voisin_queue_length\{queue="http_answer_bytes"\} (\S+)/.exec((await server.client.get('/metrics')).text)?.[1]);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'voisin-test-'));
  server = await startServerProcess({ dataDir, env: { MAX_ANSWER_MB: hostileRounds > 1 ? '512' : '60' } });
  wide = await fill(wideRows, 'x'.repeat(40_000));
  small = await fill(smallRows, 'y'.repeat(360));
});
afterAll(async () => {
  await server.kill();
  await rm(dataDir, { recursive: true, force: true });
});

it.runIf(linux)('a batch whose answer would have gigabytes is refused before it is made', async () => {
  const before = await peak();
  const answer = await batch(wide, 100, 10_000);
  expect([answer.status, answer.json.error.code]).toEqual([413, 'payload_too_large']);
  expect(answer.json.error.message).toMatch(
    /^the answer would have more than \d+ MiB \(MAX_ANSWER_MB\): 100 queries with k 10000; ask for a smaller k/,
  );
  const mostHeld = (hostileRounds > 1 ? 512 : 60) * mib;
  expect((await peak()) - before).toBeLessThan(2 * mostHeld);
  expect(await answersHeld()).toBe(0);
});

it('so is one by a filter or within a distance, and what is near enough is what counts', async () => {
  const queries = Math.ceil((hostileRounds > 1 ? 600 : 80) / (wideRows * 0.04));
  for (const more of [{}, { filter: { i: { $gte: 0 } } }, { max_distance: 1e12 }]) {
    expect([more, (await batch(wide, queries + 1, 10_000, more)).status]).toEqual([more, 413]);
  }
  const near = await batch(wide, 20, 10_000, { max_distance: 4 });
  expect([near.status, near.batch.map((hits) => hits.length)]).toEqual([200, [3, 4, ...Array(18).fill(5)]]);
});

it.runIf(linux)('a large answer takes about its own size of memory at most, each row read once for all queries', async () => {
  const before = await peak();
  const queries = Math.floor((hostileRounds > 1 ? 500_000 : 100_000) / smallRows);
  const { status, batch: lists, bytes } = await batch(small, queries, smallRows);
  expect([status, lists.length]).toEqual([200, queries]);
  expect(lists.every((hits) => hits.length === smallRows)).toBe(true);
  expect(lists[1]?.slice(0, 2)).toEqual([
    { id: 'row-1', score: 1, distance: 0, metadata: { i: 1, note: 'y'.repeat(360) } },
    expect.objectContaining({ distance: 1, score: 0.5 }),
  ]);
  expect(bytes.length).toBeGreaterThan(queries * smallRows * 400);
  expect((await peak()) - before).toBeLessThan(bytes.length + 48 * mib);
});

it('answers that nobody reads hold only so much together, and let go of it when their clients leave', async () => {
  const query = { vectors: [[0, 0], [0, 0]], k: wideRows }; // prettier-ignore
  const body = JSON.stringify(query);
  const head = `POST /v1/index/${wide}/search/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  const sockets = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(`${head}\r\n\r\n${body}`);
      return socket;
    }),
  );
  const another = async (): Promise<boolean> => {
    const { status, headers, json } = await server.client.post(`/v1/index/${wide}/search/batch`, query);
    if (status === 200) return false;
    expect([status, headers['retry-after'], json.error.message]).toEqual([503, '1', expect.stringContaining('(MAX_ANSWER_MB); try again')]);
    return true;
  };
  // Each holds 40 KB a row: three of the five have room together.
  await until(async () => (await answersHeld()) > 2.5 * wideRows * 40_000, 'three answers wait to be read');
  await until(another, 'another answer is refused beside those that nobody reads');
  expect((await server.client.post(`/v1/index/${wide}/search`, { vector: [0, 0], k: 3 })).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await answersHeld()) === 0, 'nothing is held for clients that have left');
});

it('metadata go out as they were stored, whatever is in them', async () => {
  const { id } = (await server.client.post('/v1/index', { name: 'odd', dimension: 2 })).json;
  const metadata =
    '{"__proto__":{"a":1},"b":[1,"two",null,true],"c":"\\"\\\\\\n\u2028é😀","results":[{"score":0.1,"distance":0.30000000000000004}],"d":0.1}';
  const added = await server.client.post(
    `/v1/index/${id}/vectors`,
    `{"vectors":[{"id":"\\"odd\\" 😀","values":[1,2],"metadata":${metadata}}]}`,
  );
  expect(added.status).toBe(201);
  const { text } = await server.client.post(`/v1/index/${id}/search`, { vector: [1, 2], k: 1 });
  expect(text).toBe(`{"results":[{"id":"\\"odd\\" 😀","score":1,"distance":0,"metadata":${metadata}}]}`);
});
