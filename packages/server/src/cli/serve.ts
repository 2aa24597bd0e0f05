// voisin serve: configuration, server, welcome, and a good end.
import { readConfig } from '../config/config.js';
import { environment } from '../config/environment.js';
import { survivePassingErrors } from './survive.js';
import { createLogger } from '../telemetry/logger.js';
import { startServer } from './running-server.js';
import { isOnPath } from './is-on-path.js';
import { untilSignal } from './until-signal.js';
import { version } from '../version.js';
import { welcome } from './welcome.js';

export async function serve(argv: readonly string[]): Promise<number> {
  const config = readConfig(environment(), argv);
  const log = createLogger(config);
  survivePassingErrors(log);
  for (const warning of config.warnings) log.warn(warning);
  const server = await startServer(config, log);
  // Listened for before anyone is told that the server is ready: whoever waits for that may stop it at once.
  const ended = untilSignal(log, () => server.close());
  process.stdout.write(
    welcome({
      version,
      url: server.url,
      createdKey: server.createdKey,
      needsKey: server.needsKey,
      config,
      hasCurl: await isOnPath('curl'),
    }),
  );
  log.info({ http: server.url, version, keys: server.needsKey, dataDir: config.dataDir }, 'listening');
  return ended;
}
