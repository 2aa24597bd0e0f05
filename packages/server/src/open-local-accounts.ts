// The accounts for a command of the command line, without a server: in PostgreSQL, which several may use, or in the data directory, while no
// server has it.
import { openAdministration } from './accounts/account-services.js';
import { type AccountsDoor, LocalAccounts } from './accounts/local-accounts.js';
import type { Config } from './config/config.js';
import { DataDirectory } from './store/data-directory.js';

export type { AccountsDoor, AskedUser } from './accounts/local-accounts.js';
export type { KeyJson, UsageJson, UserJson } from './accounts/account-json.js';

/** @throws VoisinError failed_precondition when a server has the data directory; unavailable when PostgreSQL is away */
export async function openLocalAccounts(config: Config): Promise<AccountsDoor> {
  if (config.databaseUrl !== undefined) {
    const { administration, close } = await openAdministration(config, undefined);
    return new LocalAccounts(administration, close);
  }
  const directory = await DataDirectory.open(config.dataDir);
  const { administration, close } = await openAdministration(config, directory.system);
  return new LocalAccounts(administration, async () => {
    await close();
    await directory.close();
  });
}
