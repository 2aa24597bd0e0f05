// Starts a peer's server from its Python environment, in a folder and on a port of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnvironment } from '../../scripts/python-env.mjs';
import { freePort } from './server.mjs';
import { untilAnswers } from './until-answers.mjs';

const startSeconds = 60;

/**
 * Resolves when it answers.
 * @param environment one of scripts/python-env.mjs
 * @param command of {python, folder, port}: the program and its arguments
 * @param health the path that is answered with a 2xx once it is up
 * @param stderr 'inherit', or 'ignore' for a program that always has something to say
 * @returns `stop` removes the folder too
 */
export async function startPythonServer({ environment, name, command, env, health, stderr }) {
  const python = await pythonEnvironment(environment);
  const folder = await mkdtemp(join(tmpdir(), `voisin-bench-${environment}-`));
  const port = await freePort();
  const [program, ...args] = await command({ python, folder, port });
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', stderr], cwd: folder, env: { ...process.env, ...env } });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswers(`${url}${health}`, child, { name, seconds: startSeconds });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, pid: child.pid, stop };
}
