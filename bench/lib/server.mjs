// Starts the built server on a free port with a data directory of its own, for benchmarks that measure it over HTTP.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { untilAnswers } from './until-answers.mjs';

/** The program `voisin`, as built. */
export const main = fileURLToPath(new URL('../../packages/server/dist/src/main.js', import.meta.url));
const START_SECONDS = 30;
const STOP_SECONDS = 15;

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts `voisin serve` and waits until it answers /v1/health. `env` goes over the defaults; `dataDir` names a directory to keep, else a
 * temporary one is made, and removed by `stop`.
 * @returns {Promise<{url: string, port: number, pid: number, dataDir: string, startedMs: number, stop: () => Promise<void>}>}
 *   `startedMs`: from the start of the process to the first answer.
 */
export async function startServer({ env = {}, dataDir, flags = [] } = {}) {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'voisin-bench-')));
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, [main, 'serve', ...flags], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), FAISS_DATA_DIR: directory, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    const gone = await Promise.race([exited.then(() => true), pause(STOP_SECONDS * 1000, false, { ref: false })]);
    if (!gone) child.kill('SIGKILL');
    await exited;
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilAnswers(`${url}/v1/health`, child, { name: 'the server', seconds: START_SECONDS, pauseMs: 10 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, pid: child.pid, dataDir: directory, startedMs: performance.now() - began, stop };
}
