// A page in Chromium that runs a function of ours with the client, as built, and sends back what came of it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../src/', import.meta.url));
/** A first start on a busy machine takes its time; a page that says nothing for so long will not. */
const longestMs = 60_000;
const flags = [
  '--headless=new',
  // It runs as root too; it opens no page but ours.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  // It looks for updates all the same: no name leads anywhere.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

export interface Browser {
  /** The origin of the pages. */
  readonly origin: string;
  /** Runs the text of an async function's body in a new page: `client` is the module, `settings` what was given. */
  run(body: string, settings: object): Promise<unknown>;
  close(): Promise<void>;
}

/** @param program what `chromium` found */
export async function openBrowser(program: string): Promise<Browser> {
  const waiting = new Map<string, { page: string; tell: (result: string) => void }>();
  const server = createServer((request, response) => void answer(request, response, waiting)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async run(body, settings) {
      const name = `/page${waiting.size}`;
      const told = new Promise<string>((resolve) => waiting.set(name, { page: pageOf(body, settings, name), tell: resolve }));
      return JSON.parse(await inChromium(program, origin + name, told));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function inChromium(program: string, page: string, told: Promise<string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-browser-'));
  const child = spawn(program, [...flags, `--user-data-dir=${folder}`, page], {
    // What it would leave in the user's folders and in /tmp goes with its own folder.
    env: { ...process.env, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder, TMPDIR: folder },
    stdio: 'ignore',
    detached: true,
  });
  const closed = once(child, 'close');
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the page told nothing within ${longestMs} ms`)), longestMs);
  });
  const ended = closed.then(() => Promise.reject(new Error(`${program} ended with ${child.exitCode ?? child.signalCode}`)));
  try {
    return await Promise.race([told, silent, ended]);
  } finally {
    clearTimeout(timer);
    // Its helpers are its process group.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await closed;
    await ended.catch(() => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

const pageOf = (body: string, settings: object, name: string): string => `<!doctype html><meta charset="utf-8"><script type="module">
  import * as client from '/client/index.js';
  const tell = (result) => fetch('${name}', { method: 'POST', body: JSON.stringify(result) });
  const run = async (client, settings) => { ${body} };
  run(client, ${JSON.stringify(settings)}).then(tell, (error) => tell({ failed: String(error?.stack ?? error) }));
</script>`;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: ReadonlyMap<string, { page: string; tell: (result: string) => void }>,
): Promise<void> {
  const path = request.url ?? '/';
  const page = pages.get(path);
  if (page !== undefined && request.method === 'POST') {
    page.tell(Buffer.concat(await request.toArray()).toString());
    return void response.end();
  }
  if (page !== undefined) return void response.setHeader('content-type', 'text/html').end(page.page);
  const [, file] = /^\/client\/([a-z-]+\.js)$/.exec(path) ?? [];
  if (file === undefined) return void response.writeHead(404).end();
  response.setHeader('content-type', 'text/javascript').end(await readFile(join(built, file)));
}
