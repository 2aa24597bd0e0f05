// voisin accounts set-aside: the way out where the accounts store is damaged and there is no backup.
import { readConfig } from '../../config/config.js';
import { environment } from '../../config/environment.js';
import { setAccountsAside } from '../../open-local-accounts.js';
import { readArguments } from '../models/arguments.js';
import { print } from './print.js';
import { common, unknownVerb } from './users.js';

export async function accounts([name = '', ...argv]: readonly string[]): Promise<number> {
  if (name !== 'set-aside') throw unknownVerb(name, ['set-aside']);
  const { values } = readArguments(argv, common, []);
  const { dataDir } = readConfig(environment(), values['data-dir'] === undefined ? [] : ['--data-dir', values['data-dir']]);
  const paths = await setAccountsAside(dataDir);
  print(
    values.json,
    { set_aside: paths },
    () =>
      `The accounts store is now\n\n${paths.map((path) => `  ${path}\n`).join('')}\nThe next start has no users and no keys but those of FAISS_PROXY_API_KEYS. Rename the files back to undo it.\n`,
  );
  return 0;
}
