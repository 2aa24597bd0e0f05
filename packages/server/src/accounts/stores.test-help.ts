// Both stores for a test, empty, with nothing left of them afterwards: a LevelDB in a folder, a schema of its own in PostgreSQL.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { databaseUrl } from '../../test/support/services.js';
import { KeyValueStore } from '../store/key-value.js';
import type { AccountStore } from './account-store.js';
import { LevelAccountStore } from './level-store.js';
import { Database } from './postgres/database.js';
import { PostgresAccountStore } from './postgres/postgres-store.js';

export interface StoreForTest {
  readonly store: AccountStore;
  /** Another server's view of the same accounts; the same store where there can be only one. */
  another(): Promise<AccountStore>;
  remove(): Promise<void>;
}

/** A DATABASE_URL whose tables lie in a schema of its own. */
export async function postgresSchema(): Promise<{ url: string; remove: () => Promise<void> }> {
  const address = await databaseUrl();
  const schema = `voisin_test_${randomBytes(6).toString('hex')}`;
  const run = async (query: string): Promise<void> => {
    const client = new Client({ connectionString: address });
    await client.connect();
    await client.query(query).finally(() => client.end());
  };
  await run(`CREATE SCHEMA ${schema}`);
  const separator = address.includes('?') ? '&' : '?';
  return { url: `${address}${separator}options=-c%20search_path%3D${schema}`, remove: () => run(`DROP SCHEMA ${schema} CASCADE`) };
}

export async function levelStoreForTest(): Promise<StoreForTest> {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-accounts-'));
  const records = new KeyValueStore(join(folder, '.system'));
  const store = new LevelAccountStore(records);
  return {
    store,
    another: async () => store,
    async remove() {
      await store.close();
      await records.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function postgresStoreForTest(): Promise<StoreForTest> {
  const { url, remove } = await postgresSchema();
  const opened: AccountStore[] = [];
  const another = async (): Promise<AccountStore> => {
    const store = new PostgresAccountStore(await Database.open(url));
    opened.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    async remove() {
      for (const store of opened) await store.close();
      await remove();
    },
  };
}
