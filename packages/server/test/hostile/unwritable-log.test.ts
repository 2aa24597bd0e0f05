// A log on a disk that is full.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const logger = fileURLToPath(new URL('../../src/telemetry/logger.js', import.meta.url));

it.runIf(process.platform === 'linux').each([false, true])('a log that cannot be written ends no server (pretty: %s)', async (pretty) => {
  const program = `
    import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger({ logLevel: 'info', pretty: ${pretty} });
    log.info('one');
    setTimeout(() => {
      log.info('two');
      setImmediate(() => process.stdout.write('goes on'));
    }, 10);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')] });
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await once(child, 'close');
  expect([child.exitCode, printed]).toEqual([0, 'goes on']);
});
