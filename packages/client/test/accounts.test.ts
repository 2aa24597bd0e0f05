import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VoisinClient } from '../src/index.js';
import { all } from './support/all.js';
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

it('tells whose key it is and what is left', async () => {
  const account = await clientOf('month').account();
  expect(account).toMatchObject({
    admin: false,
    key_id: keys['month']?.split('_')[1],
    user: { email: 'month@example.com', tier: 'month', disabled: false },
    tier: { name: 'month', per_month: 3, per_minute: 1000, cache_hit: 0.1 },
    month: { used: 3, remaining: 0, resets_at: expect.stringMatching(/^\d{4}-\d\d-01T00:00:00\.000Z$/) },
  });
  expect(account.tenant).toBe(account.user?.tenant);
});

it('makes keys, lists them page after page, and revokes them', async () => {
  const voisin = clientOf('month');
  const made = await voisin.createKey({ name: 'laptop', expires_at: '2100-01-01T00:00:00Z' });
  expect(made).toMatchObject({ name: 'laptop', expires_at: '2100-01-01T00:00:00.000Z' });
  const other = new VoisinClient({ url: server.url, key: made.key });
  expect((await other.account()).key_id).toBe(made.id);
  const listed = await all(voisin.listKeys({ limit: 1 }));
  expect(listed.map(({ name }) => name)).toEqual(['first', 'laptop']);
  for (const key of listed) expect(key).not.toHaveProperty('key');
  const revoked = await voisin.revokeKey(made.id);
  expect(revoked).toMatchObject({ id: made.id, revoked_at: expect.any(String) });
  expect(await voisin.revokeKey(made.id)).toEqual(revoked);
  await expect(other.account()).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
});

it('acts for someone else with an admin key alone', async () => {
  // The first user of a server is its administrator.
  const admin = clientOf('minute');
  const user = 'month@example.com';
  const made = await admin.createKey({ user, name: 'gift' });
  expect((await all(admin.listKeys({ user }))).map(({ id }) => id)).toContain(made.id);
  expect((await new VoisinClient({ url: server.url, key: made.key }).account()).user?.email).toBe(user);
  const stranger = clientOf('month');
  const refused = { code: 'permission_denied', status: 403 };
  await expect(all(stranger.listKeys({ user: 'minute@example.com' }))).rejects.toMatchObject(refused);
  await expect(stranger.createKey({ user: 'minute@example.com' })).rejects.toMatchObject(refused);
  await expect(stranger.revokeKey(keys['minute']?.split('_')[1] ?? '')).rejects.toMatchObject({ code: 'not_found' });
});

it('tells what was embedded, by key, model and day', async () => {
  const own = await all(clientOf('month').usage());
  expect(own).toMatchObject([{ key_id: keys['month']?.split('_')[1], requests: 1, embeddings: 3, cache_hits: 0, counted: 3 }]);
  const everyone = await all(clientOf('minute').usage({ limit: 1 }));
  expect(new Set(everyone.map(({ user_id }) => user_id)).size).toBe(2);
  expect(await all(clientOf('minute').usage({ user: 'month@example.com' }))).toEqual(own);
  expect(await all(clientOf('month').usage({ from: '2020-01-01', to: '2020-01-31' }))).toEqual([]);
});

it('reaches the routes that it has no method for', async () => {
  expect(await clientOf('minute').request({ method: 'GET', path: '/v1/users/month%40example.com' })).toMatchObject({ tier: 'month' });
});
