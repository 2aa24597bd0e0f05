// A Redis of a benchmark's own, in memory alone, on a free port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './server.mjs';

const startSeconds = 10;

/** @returns its address and `stop`; undefined where there is no redis-server */
export async function startRedis() {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  const missing = once(child, 'error').then(() => true);
  const exited = once(child, 'exit');
  if (await Promise.race([missing, once(child, 'spawn').then(() => false)])) return undefined;
  const began = performance.now();
  while (!(await listens(port))) {
    if (performance.now() - began > startSeconds * 1000) throw new Error(`redis-server did not listen within ${startSeconds} s`);
    await pause(20);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function listens(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
