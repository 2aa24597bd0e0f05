// A PostgreSQL of a test's own, on a free port: it can be stopped and started. PostgreSQL runs as no superuser, so root gives it to `postgres`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

const isRoot = process.getuid?.() === 0;

/** The folder of initdb and postgres, which Debian keeps off the PATH. */
function programs(): string | undefined {
  const root = '/usr/lib/postgresql';
  const found = existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
  return found.toSorted().findLast((folder) => existsSync(join(folder, 'initdb')));
}

/** Why no PostgreSQL can be started here; undefined: it can. */
export function postgresMissing(): string | undefined {
  if (programs() === undefined) return 'postgresql is not installed';
  return isRoot && spawnSync('id', ['postgres']).status !== 0 ? 'there is no user postgres to run it' : undefined;
}

const asUser = (program: string, args: readonly string[]): [string, string[]] =>
  isRoot ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, [...args]];

export class PostgresServer {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#folder = folder;
  }

  /** A new one that runs and answers. */
  static async start(): Promise<PostgresServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    probe.close();
    await once(probe, 'close');
    const folder = mkdtempSync(join(tmpdir(), 'voisin-postgres-'));
    if (isRoot) spawnSync('chown', ['postgres', folder]);
    chmodSync(folder, 0o700);
    const [program, args] = asUser(join(programs() ?? '', 'initdb'), [
      '-D',
      join(folder, 'data'),
      '-U',
      'postgres',
      '-A',
      'trust',
      '--no-sync',
    ]);
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`initdb: ${stderr}`);
    const server = new PostgresServer(typeof address === 'object' ? (address?.port ?? 0) : 0, folder);
    await server.start();
    return server;
  }

  /** With what it held; resolves when it answers. */
  async start(): Promise<void> {
    const settings = [`port=${this.port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${this.#folder}`, 'fsync=off'];
    const flags = settings.flatMap((one) => ['-c', one]);
    const [program, args] = asUser(join(programs() ?? '', 'postgres'), ['-D', join(this.#folder, 'data'), ...flags]);
    this.#child = spawn(program, args, { stdio: 'ignore', cwd: this.#folder });
    while (!(await this.#answers())) {
      if (this.#child.exitCode !== null) throw new Error(`postgres ended with ${this.#child.exitCode}`);
      await pause(20);
    }
  }

  /** As an operator stops it: connections are ended, what was committed stays. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const closed = once(child, 'close');
    const ctl = asUser(join(programs() ?? '', 'pg_ctl'), ['stop', '-D', join(this.#folder, 'data'), '-m', 'fast', '-w']);
    spawnSync(ctl[0], ctl[1], { stdio: 'ignore', cwd: this.#folder });
    await closed;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 1000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      // Not yet.
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
