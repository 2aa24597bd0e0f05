import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultTiers } from '../config/tiers.js';
import { AccountKeys } from './account-keys.js';
import { Accounts } from './accounts.js';
import { Administration } from './administration.js';
import { pendingSecretChecks } from './api-key.js';
import { levelStoreForTest, type StoreForTest } from './stores.test-help.js';

let place: StoreForTest;
let administration: Administration;
let clock: number;
let keys: AccountKeys;
beforeEach(async () => {
  place = await levelStoreForTest();
  administration = new Administration({ store: place.store, tiers: defaultTiers, defaultTenant: 'default' });
  clock = 1;
  keys = new AccountKeys(place.store, { now: () => clock });
});
afterEach(() => place.remove());

const make = async (email: string): Promise<string> => (await administration.createUser({ email })).text;
const wrong = (text: string, number: number): string => text.slice(0, -6) + String(number).padStart(6, 'x');
const settled = (attempts: readonly Promise<unknown>[]) => Promise.allSettled(attempts);
/** The readings of the store are over: what waits now waits for bcrypt. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
};

describe('wrong secrets for one key id', () => {
  it('are checked one at a time, so that the key of another user waits behind one of them at most', async () => {
    const [attacked, other] = [await make('a@example.com'), await make('b@example.com')];
    const attempts = Array.from({ length: 260 }, (_, i) => keys.identityOf(wrong(attacked, i)));
    const all = settled(attempts);
    await turns();
    expect(pendingSecretChecks()).toBeLessThanOrEqual(1);
    expect(await keys.identityOf(other)).toBeDefined();
    const outcomes = await all;
    // Ten were checked; the others are told when to come again.
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const refused = outcomes.find((one) => one.status === 'rejected');
    expect(refused).toMatchObject({ reason: { code: 'rate_limited', details: { retryAfterSeconds: 60 } } });
  });

  it('are remembered: the same one costs one check, however often it comes', async () => {
    const text = await make('a@example.com');
    for (let i = 0; i < 100; i++) expect(await keys.identityOf(wrong(text, 1))).toBeUndefined();
    expect(await keys.identityOf(text)).toBeDefined();
  });

  it('keep nobody from using a key that was right once, nor from another address, and are checked again after a minute', async () => {
    const [used, fresh] = [await make('a@example.com'), await make('b@example.com')];
    expect(await keys.identityOf(used)).toBeDefined();
    for (const text of [used, fresh]) await settled(Array.from({ length: 30 }, (_, i) => keys.identityOf(wrong(text, i), '192.0.2.1')));
    clock += 50_000;
    expect(await keys.identityOf(used, '192.0.2.1')).toBeDefined();
    await expect(keys.identityOf(fresh, '192.0.2.1')).rejects.toMatchObject({ code: 'rate_limited', details: { retryAfterSeconds: 10 } });
    expect(await keys.identityOf(fresh, '192.0.2.2')).toBeDefined();
    expect(await keys.identityOf(fresh, '192.0.2.1')).toBeDefined();
    clock += 10_000;
    expect(await keys.identityOf(wrong(used, 40), '192.0.2.1')).toBeUndefined();
  });

  it('are checked one at a time for the admin key, too', async () => {
    const kept = new Map<string, string>();
    const store = {
      get: async (name: string) => kept.get(name),
      put: async (name: string, value: string) => void kept.set(name, value),
    };
    const accounts = await Accounts.open({ apiKeys: [], keyless: false }, store);
    const key = accounts.createdKey ?? '';
    const all = settled(Array.from({ length: 260 }, (_, i) => accounts.authenticate(wrong(key, i))));
    await turns();
    expect(pendingSecretChecks()).toBeLessThanOrEqual(1);
    const codes = (await all).map((one) => (one.status === 'rejected' ? one.reason.code : 'accepted'));
    expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(10);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(250);
    expect(await accounts.authenticate(`fe_${'0'.repeat(16)}_${'x'.repeat(48)}`).catch((error: unknown) => error)).toMatchObject({
      code: 'unauthenticated',
    });
  });
});
