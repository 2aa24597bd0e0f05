// SIGTERM and SIGINT: finish in good order within a time; a second one ends the process at once.
import type { Logger } from '../telemetry/logger.js';

/** With the end of the process itself it is 10 s. */
const finishWithinMs = 9_000;
/** npm passes on a Ctrl-C that the terminal has sent to its whole group already: two so close together are one. */
const oneSignalMs = 300;

/** Resolves with the exit code after a signal came and `close` is done, or its time is up. */
export function untilSignal(log: Logger, close: () => Promise<void>): Promise<number> {
  return new Promise((resolve) => {
    let first: number | undefined;
    let code: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      if (first !== undefined) {
        if (performance.now() - first > oneSignalMs) process.exit(signal === 'SIGINT' ? 130 : 143);
        return;
      }
      first = performance.now();
      log.info({ signal }, 'stopping: no more requests, finishing those under way');
      const late = setTimeout(() => {
        const seconds = finishWithinMs / 1000;
        if (code === undefined) log.error({ seconds }, 'stopped before everything was finished; what was acknowledged is on the disk');
        process.exit(code ?? 1);
      }, finishWithinMs);
      const end = (exitCode: number): void => {
        code = exitCode;
        // A process that nothing holds any longer ends by itself before that.
        late.unref();
        resolve(exitCode);
      };
      close().then(
        () => {
          log.info('stopped');
          end(0);
        },
        (error: unknown) => {
          log.error({ err: error }, 'stopped with an error');
          end(1);
        },
      );
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
