// The built server in a process of its own, as an operator runs it: it can be killed, traced, and read by its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HttpClient } from './http-client.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly client: HttpClient;
  readonly url: string;
  /** The log so far, a JSON object a line. */
  readonly log: readonly string[];
  /** stdout so far. */
  printed(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
}

export interface ServerProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs node: ['strace', '-f', ...]. */
  readonly under?: readonly string[];
}

/** Starts the server and waits until it listens. Errors: what it printed, and its exit code, when it ends before. */
export async function startServerProcess({ dataDir, env = {}, under = [] }: ServerProcessOptions): Promise<ServerProcess> {
  const [command = process.execPath, ...args] = [...under, process.execPath, program, 'serve', '--port', '0', '--data-dir', dataDir];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], REQUIRED_MODELS: 'none', HF_HUB_CACHE: join(dataDir, 'hub'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const printed: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const log: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      const [, address] = /"http":"([^"]+)".*"msg":"listening"/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    closed.then(() => reject(new ServerEnded(child.exitCode, [...printed, ...log].join('\n'))), reject);
  });
  const client = new HttpClient(url);
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    client.close();
    // A tracer that is killed leaves the server running: the lock file says which process that is.
    if (under.length === 0) child.kill(signal);
    else process.kill(Number(/process (\d+)/.exec(await readFile(join(dataDir, 'lock'), 'utf8'))?.[1]), signal);
    await closed;
    return child.exitCode;
  };
  return {
    child,
    client,
    url,
    log,
    printed: () => printed.join(''),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

export class ServerEnded extends Error {
  constructor(
    readonly exitCode: number | null,
    readonly output: string,
  ) {
    super(`the server ended with ${exitCode} before it listened: ${output}`);
  }
}
