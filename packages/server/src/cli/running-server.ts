// A server in this process, from its configuration to its closing.
import { closeAll } from '../close-all.js';
import type { Config } from '../config/config.js';
import { VoisinError } from '../errors.js';
import { begin } from '../begin.js';
import type { Logger } from '../telemetry/logger.js';

export interface RunningServer {
  /** Where it can be called from this machine, the port as chosen: http://127.0.0.1:8000 */
  readonly url: string;
  /** The admin key that this start made, shown only now. */
  readonly createdKey: string | undefined;
  readonly needsKey: boolean;
  /** Takes no more requests, finishes those under way, closes the files. */
  close(): Promise<void>;
}

/** @throws VoisinError that says in one line why the server cannot start and what the operator can do */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  const begun = begin(config, log);
  const [{ createContext }, { startHttp }] = await Promise.all([import('../context.js'), import('../api/http/server.js')]);
  const context = await createContext(config, log, begun);
  try {
    const http = await startHttp(context);
    return {
      url: http.url,
      createdKey: context.accounts.createdKey,
      needsKey: context.accounts.enabled,
      async close() {
        // What hangs is cut before the whole time is up: the files want some of it.
        await closeAll([() => http.close(httpFinishesWithinMs), () => context.close()]);
      },
    };
  } catch (error) {
    await context.close();
    throw listenProblem(error, config);
  }
}

const httpFinishesWithinMs = 6000;

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another with --port, or --port 0 for a free one',
  EACCES: 'this user may not use that port; choose one from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; choose another with --host',
  ENOTFOUND: 'the name of the host is not known; choose another with --host',
  EAI_AGAIN: 'the name of the host could not be looked up; choose another with --host',
};

function listenProblem(error: unknown, { host, port }: Config): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const reason = listenProblems[error.code];
  return reason === undefined
    ? error
    : new VoisinError('unavailable', `cannot listen on ${host}:${port}: ${reason}`, undefined, { cause: error });
}
