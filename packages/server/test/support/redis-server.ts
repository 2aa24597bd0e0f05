// A Redis of a test's own, on a free port and with nothing on disk: it can be stopped, started, made to hang, and filled.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Why no Redis can be started here; undefined: it can. */
export function redisMissing(): string | undefined {
  return spawnSync('redis-server', ['--version']).error === undefined ? undefined : 'redis-server is not installed';
}

export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  #client: Redis | undefined;

  private constructor(port: number, password?: string) {
    this.port = port;
    this.#arguments = password === undefined ? [] : ['--requirepass', password];
    this.url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  }

  /** A server that runs and answers. */
  static async start(password?: string): Promise<RedisServer> {
    const server = await RedisServer.away(password);
    await server.start();
    return server;
  }

  /** One that does not run yet: its port is known, and nobody answers there. */
  static async away(password?: string): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    probe.close();
    await once(probe, 'close');
    return new RedisServer(typeof address === 'object' ? (address?.port ?? 0) : 0, password);
  }

  /** Starts it, empty; resolves when it answers. */
  async start(): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
    const child = spawn('redis-server', [...fixed, ...this.#arguments], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#child = child;
    const client = new Redis(this.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    this.#client = client;
    while ((await client.ping()) !== 'PONG') await pause(10);
  }

  /** To look at what is there, and to change it. */
  get client(): Redis {
    if (!this.#client) throw new Error('this Redis does not run');
    return this.#client;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** It keeps its connections and answers nothing, until `wake`. */
  hang(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  wake(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** SIGKILL: its connections break, what it held is gone. */
  async stop(): Promise<void> {
    this.#client?.disconnect();
    this.#client = undefined;
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
}
