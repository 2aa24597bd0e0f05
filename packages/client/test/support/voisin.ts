// The built server in a process of its own, on a free port and with an empty data directory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.resolve('@voisin/server'));

export interface Voisin {
  readonly url: string;
  stop(): Promise<void>;
}

/** Waits until it listens. Throws with what it printed when it ends before. */
export async function startVoisin(env: Readonly<Record<string, string>> = {}): Promise<Voisin> {
  const dataDir = await mkdtemp(join(tmpdir(), 'voisin-client-test-'));
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--data-dir', dataDir], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const printed: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      printed.push(line);
      const [, address] = /"http":"([^"]+)".*"msg":"listening"/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    closed.then(() => reject(new Error(`the server ended with ${child.exitCode}: ${printed.join('\n')}`)), reject);
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await closed;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
