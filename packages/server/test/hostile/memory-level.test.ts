// The soak in short: many mixed requests, over the same indexes, after which a server holds no more memory than before.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hostileRounds } from './rounds.js';

const soak = fileURLToPath(new URL('../../../../../bench/soak.mjs', import.meta.url));

it.runIf(process.platform === 'linux')(
  'the memory of a server is level under mixed requests',
  async () => {
    // A short run ends before every cache is full: only what grows by some 20 KB with each request is found.
    const short = ['--requests=3000', '--indexes=4', '--rows=600', '--tolerance=15', '--readings=8'];
    const long = [`--requests=${5000 * hostileRounds}`, '--indexes=4', '--rows=2000', '--tolerance=8'];
    const options = hostileRounds > 1 ? long : short;
    const child = spawn(process.execPath, [soak, '--clients=3', '--texts=0', '--rest=0', ...options], {
      env: { ...process.env, REQUIRED_MODELS: 'none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => printed.push(bytes.toString()));
    await once(child, 'close');
    expect([child.exitCode, printed.join('')]).toEqual([0, expect.stringContaining('level: the last half grew by')]);
  },
  (60 + 30 * hostileRounds) * 1000,
);
