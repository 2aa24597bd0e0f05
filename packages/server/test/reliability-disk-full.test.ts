// A full disk: writes are refused with resource_exhausted, searches go on, nothing that was answered is lost, and all mends itself when there is room.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random, until } from '../src/indexes/testing.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';
import { SmallDisk } from './support/small-disk.js';
import { skipped } from './support/skipped.js';

const probe = SmallDisk.mount(1);
const obstacle = typeof probe === 'string' ? probe : undefined;
if (typeof probe !== 'string') probe.unmount();

const dimension = 256;
const batch = 250;
const random = new Random(1);
const query = { vector: [...random.vectors(1, dimension)], k: 3 };

describe.skipIf(obstacle !== undefined)(`a full disk${skipped(obstacle)}`, () => {
  let disk: SmallDisk;
  let server: ServerProcess;
  let index: string;
  /** What was answered. */
  let known: Set<string>;
  let made = 0;
  const start = async (): Promise<void> => {
    server = await startServerProcess({
      dataDir: join(disk.path, 'data'),
      env: { INFERENCE_WORKERS: '1', SNAPSHOT_INTERVAL_SECONDS: '1' },
    });
  };
  const info = async (): Promise<{ state: string; reason?: string; vector_count: number }> =>
    (await server.client.get(`/v1/index/${index}`)).json;
  const search = async (): Promise<number> => (await server.client.post(`/v1/index/${index}/search`, query)).status;

  /** Adds a batch; the error code when it was refused. */
  async function add(prefix = 'v'): Promise<string | undefined> {
    const vectors = Array.from({ length: batch }, () => ({
      id: `${prefix}${made++}`,
      values: [...random.vectors(1, dimension)],
      metadata: { a: made },
    }));
    const { status, json } = await server.client.post(`/v1/index/${index}/vectors`, { vectors });
    if (status !== 201) return json.error.code;
    for (const { id } of vectors) known.add(id);
    return undefined;
  }

  /** Everything that was answered is there; `more` may be, of writes that were refused half-way. */
  async function check(): Promise<void> {
    const exported = await server.client.get(`/v1/index/${index}/export?format=jsonl`);
    expect(exported.status, exported.text.slice(0, 1000)).toBe(200);
    const lines = exported.text.split('\n').filter((line) => line !== '');
    const ids = lines.map((line): string => JSON.parse(line).id);
    expect(new Set(ids).size).toBe(ids.length);
    const found = new Set(ids);
    expect([...known].filter((id) => !found.has(id))).toEqual([]);
    expect((await info()).vector_count).toBe(ids.length);
    const all = (await server.client.post(`/v1/index/${index}/search`, { ...query, k: 10_000 })).json.results;
    expect(all.length).toBe(Math.min(10_000, ids.length));
  }

  beforeEach(async () => {
    const mounted = SmallDisk.mount(24);
    if (typeof mounted === 'string') throw new Error(mounted);
    disk = mounted;
    known = new Set();
    made = 0;
    await start();
    index = (await server.client.post('/v1/index', { name: 'full', dimension })).json.id;
  });
  afterEach(async () => {
    await server.kill();
    disk.unmount();
  });

  it('by its own vectors makes the index read-only; a restart finds it as it was', async () => {
    let code: string | undefined;
    while (code === undefined) code = await add();
    expect(code).toBe('resource_exhausted');
    expect(known.size).toBeGreaterThan(4 * batch);
    expect(await info()).toMatchObject({
      state: 'read_only',
      reason: expect.stringContaining('the disk is full'),
      vector_count: known.size,
    });
    expect(await search()).toBe(200);
    expect(server.log.join('\n')).toContain('read-only');
    await check();
    await server.kill();
    await start();
    await check();
    await server.stop();
    await start();
    await check();
  });

  it('by others refuses writes, new indexes too, and the server stays, stops and starts', async () => {
    for (let at = 0; at < 3; at++) expect(await add()).toBeUndefined();
    disk.fill();
    expect(await add()).toBe('resource_exhausted');
    expect(await search()).toBe(200);
    expect((await server.client.patch(`/v1/index/${index}/vectors/v0`, { metadata: { b: 1 } })).json.error.code).toBe('resource_exhausted');
    expect((await server.client.delete(`/v1/index/${index}/vectors/v0`)).json.error.code).toBe('resource_exhausted');
    expect((await server.client.post('/v1/index', { name: 'another', dimension })).json.error?.code).toBe('resource_exhausted');
    expect(await info()).toMatchObject({ state: 'read_only' });
    await check();
    // By itself: nobody tries a write.
    disk.free();
    await until(async () => (await info()).state === 'ready', 'the index is writable again');
    expect(await add()).toBeUndefined();

    disk.fill();
    await server.stop();
    await start();
    expect((await server.client.get('/v1/health')).status).toBe(200);
    expect(await info()).toMatchObject({ reason: expect.stringContaining('the disk is full') });
    const refused = await server.client.post(`/v1/index/${index}/search`, query);
    if (refused.status !== 200) expect(refused.json.error.code).toBe('resource_exhausted');
    disk.free();
    await until(async () => (await search()) === 200, 'searches are answered again');
    expect(await add()).toBeUndefined();
    await check();
    expect(await info()).toMatchObject({ state: 'ready' });
  });

  it('that comes and goes in the midst of writes loses nothing', async () => {
    let isFilling = true;
    const codes = new Set<string>();
    const write = async (prefix: string): Promise<void> => {
      while (isFilling && made < 7000) codes.add((await add(prefix)) ?? 'added');
    };
    const fill = async (): Promise<void> => {
      for (let round = 0; round < 25; round++) {
        disk.fill();
        await pause(random.below(20));
        disk.free();
        await pause(random.below(30));
      }
      isFilling = false;
    };
    await Promise.all([write('a'), write('b'), fill()]);
    expect([...codes].filter((code) => code !== 'added' && code !== 'resource_exhausted')).toEqual([]);
    await until(async () => (await info()).state === 'ready', 'the index is writable again');
    await check();
    await server.kill();
    await start();
    await check();
  });
});
