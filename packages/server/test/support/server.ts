// The real, built server for a test: on a free port, with a data directory of its own that is gone afterwards.

import { mkdtemp, rm } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpServer, startHttp } from '../../src/api/http/server.js';
import { readConfig } from '../../src/config/config.js';
import { type Context, createContext } from '../../src/context.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { HttpClient } from './http-client.js';

export interface TestServer {
  readonly client: HttpClient;
  readonly context: Context;
  readonly http: HttpServer;
  readonly dataDir: string;
  /** Another client, with its own headers. */
  as(headers: OutgoingHttpHeaders): HttpClient;
  /** Stops; the data directory stays. */
  stop(): Promise<void>;
  /** Stops and removes the data directory. */
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
}

/** In this process. Models are loaded at their first use, so that a test without them waits for none. */
export async function startTestServer({ env = {}, dataDir: given }: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'voisin-test-')));
  const config = readConfig({
    PORT: '0',
    FAISS_DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    REQUIRED_MODELS: 'none',
    HF_HUB_CACHE: join(dataDir, 'hub'),
    ...env,
  });
  const context = await createContext(config, createLogger(config));
  const http = await startHttp(context);
  const clients = [new HttpClient(http.url)];
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    for (const client of clients) client.close();
    await http.close();
    await context.close();
  };
  return {
    client: clients[0] ?? new HttpClient(http.url),
    context,
    http,
    dataDir,
    as(headers) {
      const client = new HttpClient(http.url, headers);
      clients.push(client);
      return client;
    },
    stop,
    async close() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Makes an index and gives its id. */
export async function makeIndex(client: HttpClient, definition: object = {}): Promise<string> {
  const response = await client.post('/v1/index', { name: 'test', dimension: 3, ...definition });
  if (response.status !== 201) throw new Error(`no index: ${response.text}`);
  return String(response.json.id);
}
