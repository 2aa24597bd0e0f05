import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Accounts } from './accounts.js';
import { RememberedKeys } from './remembered-keys.js';

let folder: string;
let store: ClassicLevel<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-'));
  store = new ClassicLevel(folder);
  await store.open();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const needsKey = { apiKeys: [], keyless: false };
const refused = expect.objectContaining({ code: 'unauthenticated' });

describe('keys from the environment', () => {
  const apiKeys = [
    { key: 'alpha', tenant: 'a' },
    { key: 'beta', tenant: 'b' },
    { key: 'clé', tenant: 'c' },
  ];

  test('name their tenant', async () => {
    const accounts = await Accounts.open({ apiKeys, keyless: false }, store);
    expect(accounts.enabled).toBe(true);
    expect(await accounts.authenticate('alpha')).toEqual({ tenant: 'a', admin: false });
    expect(await accounts.authenticate('beta')).toEqual({ tenant: 'b', admin: false });
  });

  test('are found as text and as the bytes of an HTTP header', async () => {
    const accounts = await Accounts.open({ apiKeys, keyless: false }, store);
    expect(await accounts.authenticate('clé')).toMatchObject({ tenant: 'c' });
    expect(await accounts.authenticate(Buffer.from('clé').toString('latin1'))).toMatchObject({ tenant: 'c' });
  });

  test.each([undefined, '', 'gamma', 'alph', 'alphaa', 'ALPHA', 'alpha ', '__proto__', 'x'.repeat(100_000)])(
    'any other is refused: %.20s',
    async (key) => {
      const accounts = await Accounts.open({ apiKeys, keyless: false }, store);
      await expect(accounts.authenticate(key)).rejects.toEqual(refused);
    },
  );

  test('a refusal does not repeat the key', async () => {
    const accounts = await Accounts.open({ apiKeys, keyless: false }, store);
    await expect(accounts.authenticate('seekrit')).rejects.toThrow(/^(?!.*seekrit)/);
  });
});

describe('the admin key of a server that others can reach', () => {
  test('is made at the first start, and later starts accept it without showing it', async () => {
    const { createdKey } = await Accounts.open(needsKey, store);
    expect(createdKey).toMatch(/^fe_[0-9a-f]{16}_[A-Za-z0-9_-]{48}$/);
    await store.close();
    store = new ClassicLevel(folder);
    const later = await Accounts.open(needsKey, store);
    expect(later.createdKey).toBeUndefined();
    expect(await later.authenticate(createdKey)).toEqual({ tenant: 'default', admin: true });
  });

  test('is kept as a bcrypt hash only', async () => {
    const { createdKey = '' } = await Accounts.open(needsKey, store);
    const kept = (await store.values().all()).join();
    expect(kept).toContain('$2b$10$');
    expect(kept).not.toContain(createdKey.split('_').slice(2).join('_'));
  });

  test('a key with one letter changed, the same id with another secret, and none are refused', async () => {
    const accounts = await Accounts.open(needsKey, store);
    const key = accounts.createdKey ?? '';
    const changed = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    for (const wrong of [changed, key.slice(0, -48) + 'x'.repeat(48), key.slice(0, -1), `${key}A`, 'fe_', undefined]) {
      await expect(accounts.authenticate(wrong)).rejects.toEqual(refused);
    }
    expect(await accounts.authenticate(key)).toMatchObject({ admin: true });
  });

  test('no longer counts once keys are in the environment', async () => {
    const { createdKey } = await Accounts.open(needsKey, store);
    const later = await Accounts.open({ apiKeys: [{ key: 'k', tenant: 't' }], keyless: false }, store);
    await expect(later.authenticate(createdKey)).rejects.toEqual(refused);
  });

  test('a record that cannot be read says what to do', async () => {
    await store.put('accounts/admin-key', '{"id":1}');
    await expect(Accounts.open(needsKey, store)).rejects.toThrow('set FAISS_PROXY_API_KEYS');
  });
});

test('a server without keys takes everyone, ignores keys and makes none', async () => {
  const accounts = await Accounts.open({ apiKeys: [], keyless: true }, store);
  expect(accounts).toMatchObject({ enabled: false, createdKey: undefined });
  expect(await accounts.authenticate(undefined)).toEqual({ tenant: undefined, admin: true });
  expect(await accounts.authenticate('whatever')).toEqual({ tenant: undefined, admin: true });
  expect(await store.keys().all()).toEqual([]);
});

describe('remembering checked keys', () => {
  test('a key is checked once, right or wrong', async () => {
    const checked: string[] = [];
    const keys = new RememberedKeys(async (key) => {
      checked.push(key);
      return key === 'right';
    });
    const ask = (key: string): Promise<boolean> => keys.isRight('id', key);
    for (let i = 0; i < 3; i++) expect([await ask('right'), await ask('wrong')]).toEqual([true, false]);
    expect(checked).toEqual(['right', 'wrong']);
  });

  test('callers that come together share one check', async () => {
    let checks = 0;
    const keys = new RememberedKeys(async () => {
      checks++;
      return true;
    });
    expect(await Promise.all([1, 2, 3].map(() => keys.isRight('id', 'k')))).toEqual([true, true, true]);
    expect(checks).toBe(1);
  });
});
