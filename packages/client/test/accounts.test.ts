import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VoisinClient } from '../src/index.js';
import { createUser, startVoisin, type Voisin } from './support/voisin.js';

let folder: string;
let server: Voisin;
const keys: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-tiers-'));
  const tiers = join(folder, 'tiers.yaml');
  await writeFile(tiers, 'minute: {per_month: 1000, per_minute: 3}\nmonth: {per_month: 3, per_minute: 1000}\n');
  const env = { TIERS_FILE: tiers };
  server = await startVoisin(env, async (dataDir) => {
    for (const tier of ['minute', 'month']) keys[tier] = await createUser(dataDir, tier, env);
  });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const clientOf = (tier: string, options = {}): VoisinClient => new VoisinClient({ url: server.url, key: keys[tier] ?? '', ...options });

it('tells a limit a minute with the time that is left of it, and waits no longer than it may', async () => {
  const voisin = clientOf('minute', { longestWaitMs: 0 });
  const waits: unknown[] = [];
  const over = async (): Promise<never> => {
    for (let i = 0; ; i++) await voisin.embed(`text ${i}`, {}, { onRetry: (retry) => waits.push(retry) });
  };
  const refusal: unknown = await over().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'rate_limited', status: 429, details: { retryAfterSeconds: expect.any(Number) } });
  expect(waits).toEqual([]);
});

it('waits for the next minute as long as the server says, until the caller has enough', async () => {
  const voisin = clientOf('minute');
  const caller = new AbortController();
  const reason = new Error('enough');
  const waits: number[] = [];
  const texts = Array.from({ length: 12 }, (_, i) => `many ${i}`);
  const onRetry = ({ waitMs }: { waitMs: number }): void => {
    waits.push(waitMs);
    caller.abort(reason);
  };
  await expect(voisin.embedBatch(texts, {}, { batchSize: 2, signal: caller.signal, onRetry })).rejects.toBe(reason);
  expect(waits[0]).toBeGreaterThan(0);
  expect(waits[0]).toBeLessThanOrEqual(60_250);
});

it('tells a used up month on both routes', async () => {
  const voisin = clientOf('month', { longestWaitMs: 0 });
  await voisin.embedBatch(['one', 'two', 'three']);
  await expect(voisin.embed('four')).rejects.toMatchObject({ code: 'quota_exceeded', status: 429 });
  await expect(voisin.embedBatch(['four'])).rejects.toMatchObject({ code: 'quota_exceeded', status: 429 });
});

it('reaches the routes that it has no method for', async () => {
  expect(await clientOf('month').request({ method: 'GET', path: '/v1/account' })).toMatchObject({ tier: expect.anything() });
});
