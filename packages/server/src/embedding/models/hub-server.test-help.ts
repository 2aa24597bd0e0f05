// A server on this machine that speaks the routes of the Hugging Face hub: lists of files, small files at once, large ones by way of another address.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRepository {
  readonly name: string;
  readonly commit: string;
  readonly files: Readonly<Record<string, Buffer>>;
}

export interface SeenRequest {
  readonly path: string;
  /** By way of the second address, as large files are. */
  readonly storage: boolean;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** What the server does wrong. Each is undone by the test, or by happening once. */
export interface Faults {
  /** The connection of the next so many large files ends after `cutAfter` bytes. */
  cuts: number;
  cutAfter: number;
  /** Large files come with a wrong byte. */
  damages: boolean;
  /** Answers 200 with everything to a request for a part. */
  ignoresRange: boolean;
  /** Answers 416 with a page to every request for a large file. */
  refusesParts: boolean;
  /** Statuses of the next requests for files, and for lists. */
  statuses: number[];
  listStatuses: number[];
  /** Seconds that a refusal names. */
  retryAfter: number;
}

/** Files from this size on are large: Git keeps a pointer in their place. */
const LARGE = 1_000_000;
const TOKEN = 'hf_test';

export const isLarge = (bytes: Buffer): boolean => bytes.length >= LARGE;

export const etagOf = (bytes: Buffer): string =>
  isLarge(bytes)
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export class HubServer {
  readonly requests: SeenRequest[] = [];
  readonly faults: Faults = {
    cuts: 0,
    cutAfter: 0,
    damages: false,
    ignoresRange: false,
    refusesParts: false,
    statuses: [],
    listStatuses: [],
    retryAfter: 0,
  };
  /** Repositories that only the token opens. */
  readonly hidden = new Set<string>();
  readonly #repositories = new Map<string, HubRepository>();
  readonly #hub: Server;
  readonly #storage: Server;

  private constructor() {
    this.#hub = createServer((request, response) => this.#answer(request, response));
    this.#storage = createServer((request, response) => this.#store(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    await Promise.all([server.#hub, server.#storage].map((one) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))));
    return server;
  }

  get endpoint(): string {
    return addressOf(this.#hub);
  }

  /** Requests for the bytes of this file. */
  requestsFor(file: string): SeenRequest[] {
    return this.requests.filter(({ path }) => path.endsWith(`/${file}`));
  }

  add(repository: HubRepository): void {
    this.#repositories.set(repository.name, repository);
  }

  async close(): Promise<void> {
    for (const one of [this.#hub, this.#storage]) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  }

  #note({ url = '', headers }: IncomingMessage, storage: boolean): string {
    const path = decodeURIComponent(new URL(url, 'http://x').pathname);
    this.requests.push({ path, storage, authorization: headers.authorization, range: headers.range });
    return path;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = this.#note(request, false);
    const listed = /^\/api\/models\/(.+)\/revision\/(.+)$/.exec(path);
    const resolved = /^\/(.+)\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(path);
    const [, name = '', revision = '', file = ''] = listed ?? resolved ?? [];
    const repository = this.#repositories.get(name);
    const closed = this.hidden.has(name) && request.headers.authorization !== `Bearer ${TOKEN}`;
    // The hub does not tell a stranger whether a repository is missing or private.
    const fault = listed ? this.faults.listStatuses.shift() : undefined;
    if (fault !== undefined) return refuse(response, fault, 'Fault', this.faults.retryAfter);
    if (!repository || closed) return refuse(response, 401, 'RepoNotFound');
    if (listed)
      return revision === 'main' || revision === repository.commit ? list(response, repository) : refuse(response, 404, 'RevisionNotFound');
    const status = this.faults.statuses.shift();
    if (status !== undefined) return refuse(response, status, 'Fault');
    const bytes = repository.files[file];
    if (!bytes) return refuse(response, 404, 'EntryNotFound');
    const common = { 'x-repo-commit': repository.commit };
    if (!isLarge(bytes)) {
      response.writeHead(200, { ...common, etag: `"${etagOf(bytes)}"`, 'content-length': bytes.length }).end(bytes);
      return;
    }
    const linked = { 'x-linked-etag': `"${etagOf(bytes)}"`, 'x-linked-size': bytes.length };
    response.writeHead(302, { ...common, ...linked, location: `${addressOf(this.#storage)}/${name}/${file}` }).end();
  }

  #store(request: IncomingMessage, response: ServerResponse): void {
    const path = this.#note(request, true);
    const repository = [...this.#repositories.values()].find(({ name }) => path.startsWith(`/${name}/`));
    const whole = repository?.files[path.slice(repository.name.length + 2)];
    if (!whole) return refuse(response, 404, 'EntryNotFound');
    if (this.faults.refusesParts) return refuse(response, 416, 'Fault');
    const wanted = this.faults.ignoresRange ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const from = Number(wanted ?? 0);
    const bytes = Buffer.from(whole.subarray(from));
    if (this.faults.damages) bytes[0] = (bytes[0] ?? 0) ^ 1;
    response.writeHead(wanted === undefined ? 200 : 206, {
      'content-length': bytes.length,
      ...(wanted === undefined ? {} : { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (this.faults.cuts === 0) return void response.end(bytes);
    this.faults.cuts--;
    response.write(bytes.subarray(0, this.faults.cutAfter), () => response.socket?.end());
  }
}

function addressOf(server: Server): string {
  const address = server.address();
  if (!isAddress(address)) throw new Error('the server listens on no port');
  return `http://127.0.0.1:${address.port}`;
}

const isAddress = (address: string | AddressInfo | null): address is AddressInfo => typeof address === 'object' && address !== null;

function list(response: ServerResponse, { name, commit, files }: HubRepository): void {
  const siblings = Object.entries(files).map(([rfilename, bytes]) =>
    isLarge(bytes)
      ? { rfilename, size: bytes.length, blobId: 'f'.repeat(40), lfs: { sha256: etagOf(bytes), size: bytes.length, pointerSize: 134 } }
      : { rfilename, size: bytes.length, blobId: etagOf(bytes) },
  );
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: name, sha: commit, siblings }));
}

function refuse(response: ServerResponse, status: number, code: string, retryAfter = 0): void {
  response
    .writeHead(status, { 'x-error-code': code, 'retry-after': String(retryAfter), 'content-type': 'application/json' })
    .end(JSON.stringify({ error: code }));
}
