// The accounts for a command of the command line, without a server: in PostgreSQL, which several may use, or in the data directory, while no
// server has it.
import { openAdministration } from './accounts/account-services.js';
import { AdminKey } from './accounts/admin-key.js';
import { type AccountsDoor, LocalAccounts } from './accounts/local-accounts.js';
import { closeAll } from './close-all.js';
import type { Config } from './config/config.js';
import { VoisinError } from './errors.js';
import { DataDirectory } from './store/data-directory.js';

export type { AccountsDoor, AskedUser } from './accounts/local-accounts.js';
export type { KeyJson, UsageJson, UserJson } from './accounts/account-json.js';

/** @throws VoisinError failed_precondition when a server has the data directory; unavailable when PostgreSQL is away */
export async function openLocalAccounts(config: Config): Promise<AccountsDoor> {
  if (config.databaseUrl !== undefined) {
    const { administration, close } = await openAdministration(config, {
      records: undefined,
      keepsAdminKey: () => keepsAdminKey(config.dataDir),
    });
    return new LocalAccounts(administration, close);
  }
  const directory = await DataDirectory.open(config.dataDir);
  const { administration, close } = await openAdministration(config, {
    records: directory.system,
    keepsAdminKey: () => AdminKey.isKept(directory.system),
  });
  return new LocalAccounts(administration, () => closeAll([close, () => directory.close()]));
}

/** The server's admin key lies in its data directory wherever the accounts are. */
async function keepsAdminKey(dataDir: string): Promise<boolean> {
  try {
    const directory = await DataDirectory.open(dataDir);
    return await AdminKey.isKept(directory.system).finally(() => directory.close());
  } catch (error) {
    // A server has it, and nobody else may read there. Whoever asks found no administrator: nor did that server, so it has a key.
    if (error instanceof VoisinError && error.code === 'failed_precondition') return true;
    throw error;
  }
}

/** Renames the accounts store of a data directory. @returns what it is called now. @throws VoisinError not_found when there is none */
export async function setAccountsAside(dataDir: string): Promise<string[]> {
  const directory = await DataDirectory.open(dataDir);
  try {
    const paths = await directory.system.setAside();
    if (paths.length === 0) throw new VoisinError('not_found', `there is no accounts store in ${directory.path}`);
    return paths;
  } finally {
    await directory.close();
  }
}
