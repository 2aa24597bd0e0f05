// How a command reaches the accounts: the server that VOISIN_URL names; else PostgreSQL or the data directory itself; and where a server has the
// data directory, that server.
import { readConfig } from '../../config/config.js';
import { environment, readClientSettings } from '../../config/environment.js';
import { VoisinError } from '../../errors.js';
import { type AccountsDoor, openLocalAccounts } from '../../open-local-accounts.js';
import { HttpDoor } from './http-door.js';

/** @param dataDir wins over FAISS_DATA_DIR */
export async function withAccounts<T>(dataDir: string | undefined, work: (door: AccountsDoor) => Promise<T>): Promise<T> {
  const door = await openDoor(dataDir);
  try {
    return await work(door);
  } finally {
    await door.close();
  }
}

async function openDoor(dataDir: string | undefined): Promise<AccountsDoor> {
  const { url, apiKey } = readClientSettings(environment());
  if (url !== undefined) return new HttpDoor(url, apiKey);
  const config = readConfig(environment(), dataDir === undefined ? [] : ['--data-dir', dataDir]);
  try {
    return await openLocalAccounts(config);
  } catch (error) {
    const isHeld = error instanceof VoisinError && error.code === 'failed_precondition' && config.databaseUrl === undefined;
    if (!isHeld || config.port === 0) throw error;
    const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
    return new HttpDoor(`http://${host.includes(':') ? `[${host}]` : host}:${config.port}`, apiKey);
  }
}
