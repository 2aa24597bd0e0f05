// The built server in a process of its own, on a free port and with an empty data directory.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(import.meta.resolve('@voisin/server'));

export interface Voisin {
  readonly url: string;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/**
 * Waits until it listens. Throws with what it printed when it ends before.
 * @param prepare called with the data directory before the start
 */
export async function startVoisin(env: Environment = {}, prepare?: (dataDir: string) => Promise<void>): Promise<Voisin> {
  const dataDir = await mkdtemp(join(tmpdir(), 'voisin-client-test-'));
  await prepare?.(dataDir);
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

/** What `voisin users create` prints: the key of a new user in a data directory that no server has. */
export async function createUser(dataDir: string, tier: string, env: Environment): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'users', 'create', `${tier}@example.com`, '--tier', tier], {
    env: { PATH: process.env['PATH'], FAISS_DATA_DIR: dataDir, ...env },
  });
  const [key] = /\bfe_\w+_[\w-]+/.exec(stdout) ?? [];
  if (key === undefined) throw new Error(`no key in ${stdout}`);
  return key;
}
