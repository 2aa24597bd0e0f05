import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultTiers } from '../config/tiers.js';
import { VoisinError } from '../errors.js';
import type { AccountStore } from './account-store.js';
import { AccountKeys } from './account-keys.js';
import { Administration } from './administration.js';
import { levelStoreForTest, type StoreForTest } from './stores.test-help.js';

let place: StoreForTest;
let administration: Administration;
let clock: number;
/** The store as another server would see it: read through, with every reading counted, and sometimes away. */
let shared: AccountStore;
let readings: number;
let away: boolean;

beforeEach(async () => {
  place = await levelStoreForTest();
  administration = new Administration({ store: place.store, tiers: defaultTiers, defaultTenant: 'default' });
  [clock, readings, away] = [1, 0, false];
  shared = new Proxy(place.store, {
    get(target, name) {
      if (name === 'shared') return true;
      if (name !== 'key') return Reflect.get(target, name) as unknown;
      return (id: string) => {
        readings++;
        return away ? Promise.reject(new VoisinError('unavailable', 'away')) : target.key(id);
      };
    },
  });
});
afterEach(() => place.remove());

const open = (graceMs = 0): AccountKeys => new AccountKeys(shared, { graceMs, now: () => clock });
const makeUser = (email = 'a@example.com') => administration.createUser({ email, tier: 'pro', admin: false });

describe('a key of an account', () => {
  test('names the account, its tier and its tenant', async () => {
    const { user, key, text } = await makeUser();
    expect(text).toMatch(/^fe_[0-9a-f]{16}_[A-Za-z0-9_-]{48}$/);
    expect(await open().identityOf(text)).toEqual({
      tenant: user.id,
      admin: false,
      account: { userId: user.id, keyId: key.id, tier: 'pro' },
    });
  });

  test('with another secret, of another form or of nobody is not known', async () => {
    const { text } = await makeUser();
    const changed = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
    for (const wrong of [changed, text.slice(0, -1), `${text}A`, `fe_${'0'.repeat(16)}_${'x'.repeat(48)}`, 'fe_', 'x', ''])
      expect(await open().identityOf(wrong)).toBeUndefined();
  });

  test('is kept as a bcrypt hash, and never shown again', async () => {
    const { text, key } = await makeUser();
    const kept = await place.store.key(key.id);
    expect(kept?.key.hash).toMatch(/^\$2b\$10\$/);
    expect(JSON.stringify(kept)).not.toContain(text.slice(-48));
  });

  test('is read again after half a second, not before, and once for all that come together', async () => {
    const { text } = await makeUser();
    const keys = open();
    await Promise.all([keys.identityOf(text), keys.identityOf(text), keys.identityOf(text)]);
    expect(readings).toBe(1);
    clock += 499;
    await keys.identityOf(text);
    expect(readings).toBe(1);
    clock += 1;
    await keys.identityOf(text);
    expect(readings).toBe(2);
  });

  test('that another server revoked, disabled or deleted is refused half a second later, although its secret is remembered', async () => {
    const users = await Promise.all(['a@example.com', 'b@example.com', 'c@example.com'].map(makeUser));
    const keys = open();
    for (const { text } of users) expect(await keys.identityOf(text)).toBeDefined();
    await administration.revokeKey(users[0]?.key.id ?? '', undefined);
    await administration.updateUser('b@example.com', { disabled: true });
    await administration.deleteUser('c@example.com');
    clock += 500;
    for (const { text } of users) expect(await keys.identityOf(text)).toBeUndefined();
    await administration.updateUser('b@example.com', { disabled: false });
    clock += 500;
    expect(await keys.identityOf(users[1]?.text ?? '')).toBeDefined();
  });

  test('that this server revoked is refused at once', async () => {
    const own = new AccountKeys(place.store);
    const here = new Administration({ store: place.store, tiers: defaultTiers, defaultTenant: 'default', changed: () => own.forget() });
    const { text, key } = await here.createUser({ email: 'a@example.com' });
    expect(await own.identityOf(text)).toBeDefined();
    await here.revokeKey(key.id, undefined);
    expect(await own.identityOf(text)).toBeUndefined();
  });

  test('stops when its time is up', async () => {
    const { text } = await administration.createUser({ email: 'a@example.com', expiresAt: new Date(Date.now() + 3_600_000) });
    const { text: soon } = await administration.createKey('a@example.com', { expiresAt: new Date(Date.now() + 300) });
    const keys = open();
    expect(await keys.identityOf(text)).toBeDefined();
    while (await keys.identityOf(soon)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await keys.identityOf(text)).toBeDefined();
  });

  test('of a new tier counts as such half a second later', async () => {
    const { text } = await makeUser();
    const keys = open();
    await keys.identityOf(text);
    await administration.updateUser('a@example.com', { tier: 'scale' });
    clock += 500;
    expect((await keys.identityOf(text))?.account?.tier).toBe('scale');
  });
});

describe('while the store is away', () => {
  test('a key that was read a moment ago works, and then it is unavailable: a revocation might be there', async () => {
    const { text } = await makeUser();
    const keys = open();
    await keys.identityOf(text);
    away = true;
    clock += 499;
    expect(await keys.identityOf(text)).toBeDefined();
    clock += 1;
    await expect(keys.identityOf(text)).rejects.toMatchObject({ code: 'unavailable' });
    away = false;
    expect(await keys.identityOf(text)).toBeDefined();
  });

  test('with grace it works that much longer, and one that was never checked does not', async () => {
    const [{ text }, { text: other }] = await Promise.all([makeUser(), makeUser('b@example.com')]);
    const keys = open(30_000);
    await keys.identityOf(text);
    away = true;
    clock += 29_000;
    expect(await keys.identityOf(text)).toBeDefined();
    await expect(keys.identityOf(other)).rejects.toMatchObject({ code: 'unavailable' });
    clock += 1001;
    await expect(keys.identityOf(text)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('users', () => {
  test('the first is an administrator in the tenant default, later ones have a tenant of their own', async () => {
    const { user: first } = await administration.createUser({ email: 'First@Example.com' });
    expect(first).toMatchObject({ email: 'first@example.com', admin: true, tenant: 'default', tier: 'free' });
    const { user: second } = await administration.createUser({ email: 'second@example.com' });
    expect(second).toMatchObject({ admin: false, tenant: second.id });
    const { user: third } = await administration.createUser({ email: 'third@example.com', tenant: 'team', admin: true });
    expect(third).toMatchObject({ admin: true, tenant: 'team' });
    const beside = new Administration({ store: place.store, tiers: defaultTiers, defaultTenant: 'default', hasAdminKey: async () => true });
    await beside.deleteUser('first@example.com');
    await beside.deleteUser('third@example.com');
    expect((await beside.createUser({ email: 'fourth@example.com' })).user.admin).toBe(false);
  });

  test.each([
    [{ email: 'nobody' }, 'email'],
    [{ email: 'a b@example.com' }, 'email'],
    [{ email: '\ud800@example.com' }, 'email'],
    [{ email: 'a\0@example.com' }, 'email'],
    [{ email: 'a@example.com', keyName: 'a\0b' }, 'key_name'],
    [{ email: 'a@example.com', keyName: '\u001b[31m' }, 'key_name'],
    [{ email: 'a@example.com', tier: 'gold' }, 'tier'],
    [{ email: 'a@example.com', tenant: '../x' }, 'tenant'],
    [{ email: 'a@example.com', expiresAt: new Date(0) }, 'expires_at'],
  ])('%o is refused by its field, and nothing is made', async (asked, field) => {
    await expect(administration.createUser(asked)).rejects.toMatchObject({ code: 'invalid_argument', details: { field } });
    expect(await place.store.hasUsers()).toBe(false);
  });

  test('have one address however its letters are composed', async () => {
    const { user } = await makeUser('É@example.com');
    expect(await administration.user('e\u0301@example.com')).toEqual(user);
    await expect(makeUser('e\u0301@example.com')).rejects.toMatchObject({ code: 'already_exists' });
  });

  test.each(['x'.repeat(101), 'a\0b', 'a\nb', '\u009b31m', '\ud800'])('%j is no name of a key', async (name) => {
    const { user } = await makeUser();
    await expect(administration.createKey(user.id, { name })).rejects.toMatchObject({
      code: 'invalid_argument',
      details: { field: 'name' },
    });
    expect((await administration.keys(user.id, { limit: 10 })).items).toHaveLength(1);
  });

  test('have at most a hundred keys that count', async () => {
    const { user } = await makeUser();
    const made = { revokedAt: undefined, expiresAt: undefined, lastUsedAt: undefined, name: '', hash: 'x', userId: user.id };
    for (let i = 0; i < 99; i++)
      await place.store.createKey({ ...made, id: i.toString(16).padStart(16, '0'), createdAt: new Date(i) }, 100);
    await expect(administration.createKey(user.id, {})).rejects.toMatchObject({ code: 'failed_precondition' });
    await administration.revokeKey('0'.repeat(16), user.id);
    await administration.createKey(user.id, {});
    await expect(administration.revokeKey('1'.padStart(16, '0'), 'someone else')).rejects.toMatchObject({ code: 'not_found' });
  });
});
