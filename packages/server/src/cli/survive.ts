// The last resort for errors that no handler of ours gets to see: Node throws them from its own.
import type { Logger } from '../telemetry/logger.js';

/** What fails only for now: no file, memory or space could be had, or the other end is gone. The next attempt may succeed. */
const passing = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'ENOSPC', 'EAGAIN', 'EPIPE', 'ECONNRESET', 'EIO']);

/** A passing error is logged and the process goes on; any other ends it with code 1, as it would without this. */
export function survivePassingErrors(log: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (passing.has(code)) {
      log.error({ err: error }, 'something failed for want of files, memory or space; the server goes on');
      return;
    }
    log.fatal({ err: error }, 'an unexpected error ends the server');
    process.exit(1);
  });
}
