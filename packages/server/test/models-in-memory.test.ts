// Which models are in memory, as an operator sets it and a caller sees it; and inference processes that die under load.
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cosine, isAlive, miniLm, miniLmName, readReference, until } from '../src/embedding/testing.js';
import { startServerProcess } from './support/server-process.js';
import { startTestServer, type TestServer } from './support/server.js';

let folder: string;
let server: TestServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-models-'));
  for (const name of ['one', 'two', 'three']) await symlink(miniLm, join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => server?.close());

async function start(env: Record<string, string>): Promise<TestServer> {
  return (server = await startTestServer({ env: { MODELS_DIR: folder, CACHE_L1_ENTRIES: '0', THREAD_POOL_WORKERS: '1', ...env } }));
}
const embed = (one: TestServer, model: string) => one.client.post('/embed', { model_name: model, text: 'a text' });
const inMemory = async (one: TestServer): Promise<unknown> => (await one.client.get('/models')).json['cached_models'];

describe('models in memory', () => {
  it('are at most MAX_CACHED_MODELS: the longest unused one leaves', async () => {
    const one = await start({ MAX_CACHED_MODELS: '2' });
    for (const model of ['one', 'two', 'one', 'three']) expect((await embed(one, model)).status).toBe(200);
    expect(await inMemory(one)).toEqual(['one', 'three']);
    expect((await one.client.get('/models/two')).json).toMatchObject({ model_name: 'two', is_cached: false });
  });

  it('leave after MODEL_CACHE_TTL without use, and come back', async () => {
    const one = await start({ MODEL_CACHE_TTL: '1', CLEANUP_INTERVAL: '1' });
    await embed(one, 'one');
    const pids = one.context.embedding.stats().workers;
    await until(async () => JSON.stringify(await inMemory(one)) === '[]', 'no model is in memory');
    await until(() => !pids.some(isAlive), 'its processes are gone');
    expect((await embed(one, 'one')).status).toBe(200);
  });

  it('are only those of ALLOWED_MODELS; another one is refused with the list', async () => {
    const one = await start({ ALLOWED_MODELS: 'two' });
    expect((await embed(one, 'two')).status).toBe(200);
    const refused = await embed(one, 'one');
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('allowed are: two');
    expect((await one.client.get('/models')).json['allowed_models']).toEqual(['two']);
    // The batch contract says 400; everywhere else it is what may not be done.
    for (const path of ['/v1/embed', '/v1/embeddings']) {
      const answer = await one.client.post(path, path === '/v1/embed' ? { text: 'x', model: 'one' } : { input: 'x', model: 'one' });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect((await one.client.get('/v1/models/one')).status).toBe(403);
    expect((await one.client.get('/v1/models/nope')).status).toBe(404);
  });
});

describe('REQUIRED_MODELS', () => {
  it('are in memory before the port opens, the bundled model where nothing is said', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voisin-required-'));
    const started = await startServerProcess({ dataDir, env: { REQUIRED_MODELS: '' } });
    expect((await started.client.get(`/models/${miniLmName}`)).json).toMatchObject({ is_cached: true });
    await started.stop();
    await rm(dataDir, { recursive: true });
  });

  it('one that fails stops the start with its reason', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voisin-required-'));
    const failing = startServerProcess({ dataDir, env: { REQUIRED_MODELS: 'nobody/nothing' } });
    await expect(failing).rejects.toMatchObject({ exitCode: 1, output: expect.stringContaining('no model "nobody/nothing"') });
    await rm(dataDir, { recursive: true });
  });
});

describe('an inference process that is killed under load', () => {
  it('is replaced, and every caller has the right vector', async () => {
    const one = await start({});
    await embed(one, miniLmName);
    const { texts, vectors } = await readReference();
    const { embedding } = one.context;
    const callers = 4;
    let answered = 0;
    const caller = async (): Promise<void> => {
      while (embedding.stats().restarts < 2) {
        for (const [position, text] of texts.entries()) {
          const { status, json } = await one.client.post('/v1/embed', { text });
          expect(status).toBe(200);
          expect(cosine(json.embedding, vectors[position] ?? [])).toBeGreaterThan(0.9998);
          answered++;
        }
      }
    };
    const kill = async (): Promise<void> => {
      // Whatever was done again after the last time has its answer.
      const before = answered;
      await until(() => answered > before + 2 * callers && embedding.stats().inFlight > 0, 'texts run');
      const { restarts, workers } = embedding.stats();
      for (const pid of workers) process.kill(pid, 'SIGKILL');
      await until(() => embedding.stats().restarts > restarts, 'the process was replaced');
    };
    await Promise.all([kill().then(kill), ...Array.from({ length: callers }, caller)]);
    expect(embedding.stats().restarts).toBe(2);
  });
});
