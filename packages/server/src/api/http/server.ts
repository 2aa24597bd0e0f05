// The HTTP server: Fastify with its conveniences that change data turned off, the gate, the routes, one way to say errors.

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import { requestId } from '../../telemetry/request-id.js';
import { maxOpenFiles } from '../../process/open-files.js';
import { BodyReader } from './body/body-reader.js';
import { answerBrokenRequest, answerInPlaceOfNode, headersTimeout, maxHeaderSize } from './broken-requests.js';
import { codingOf, decode } from './body/decode.js';
import type { BodyPlan, ParseLimits } from './body/parse-body.js';
import { Connections } from './connections.js';
import { type Dialect, sayInDialect } from './dialects.js';
import { isOutOfFiles, sayError, toVoisinError } from './errors.js';
import type { Stop } from './exchange.js';
import { addGate } from './gate.js';
import { handler } from './handler.js';
import { restName } from './input.js';
import { KnownRoutes } from './known-routes.js';
import { addPages } from './pages.js';
import { notUtf8, parseQuery } from './query-text.js';
import { rateLimiter } from './rate-limit.js';
import type { HttpParts, Wire } from './parts.js';
import { routes } from './routes.js';
import { exportHandler, importHandler } from './streams.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How a JSON body is read; a route that names none takes none. */
    plan?: BodyPlan;
    maxBodyBytes?: number;
    parseLimits?: ParseLimits | undefined;
    /** The handler reads the bytes itself. */
    rawBody?: boolean;
    /** Whose way errors are said in. */
    dialect?: Dialect | undefined;
    /** Another service's bodies come here, too: those with the field. */
    alternative?: { readonly field: string; readonly dialect: Dialect | undefined } | undefined;
  }
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** For this machine: http://127.0.0.1:8000 also when every address is listened on. */
  readonly url: string;
  /** Stops listening, finishes what is under way within `milliseconds`, then cuts what is left. */
  close(milliseconds?: number): Promise<void>;
}

const mib = 1024 * 1024;
const slash = 0x2f;
/** Each costs some 10 KB, and more once it was used. */
const mostConnections = 10_000;

/** Half of the files that the process may have open: indexes, models and the log are files too. */
const defaultConnections = (): number => Math.max(16, Math.min(mostConnections, Math.floor((maxOpenFiles() ?? Infinity) / 2)));

/** Listens on config.host and config.port. @throws what listen throws: EADDRINUSE, EACCES */
export async function startHttp(parts: HttpParts): Promise<HttpServer> {
  const { config, metrics } = parts;
  const bodies = new BodyReader(config.limits);
  const wire: Wire = { ...parts, bodies };
  const app = fastify({
    logger: false,
    exposeHeadRoutes: true,
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    bodyLimit: Number.MAX_SAFE_INTEGER,
    // The gate and the body reader have clocks of their own; streams have none.
    requestTimeout: 0,
    routerOptions: { querystringParser: parseQuery, maxParamLength: 64 * 1024, caseSensitive: true },
    // A request without Host is refused by the gate, in our words.
    http: { maxHeaderSize, headersTimeout, requireHostHeader: false },
    rewriteUrl: ({ method, url = '/' }) => withoutLastSlash(method, url),
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => answerBadPath(error, reply, known, pathOf(request)),
  });
  const known = new KnownRoutes(app);
  app.decorateRequest('exchange');
  // Schemas are the operations' own: Fastify neither checks nor trims.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const connections = new Connections(config.limits.maxConnections || defaultConnections(), parts.log);
  connections.watch(app.server);
  answerInPlaceOfNode(app.server, known);
  const inFlight = addGate(app, parts, connections);
  metrics.watchQueue('http_connections', () => connections.count);
  metrics.watchQueue('http_requests', inFlight);
  metrics.watchQueue('http_body_bytes', () => bodies.bytesInFlight);
  metrics.watchQueue('http_bodies_parsed', () => bodies.thread.queued);
  addBodyParsers(app, bodies);
  addErrors(app, parts, known);
  // A GET search carries a body, as the original's does.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  const limitRate = config.enableRateLimit ? rateLimiter(config.rateLimitRequests) : undefined;
  for (const route of routes) {
    const open = route.open === true;
    const maxBodyBytes = config.limits[route.bodyLimit ?? 'bodyMb'] * mib;
    const handle =
      route.stream === 'import'
        ? importHandler(route, wire)
        : route.stream === 'export'
          ? exportHandler(route, wire)
          : handler(route, wire);
    app.route({
      method: route.method,
      url: route.url.replace(/:\w+\*$/, '*'),
      // The whole export would be made for it and thrown away.
      exposeHeadRoute: route.stream === undefined,
      config: {
        open,
        stream: route.stream !== undefined,
        rest: restName(route.url),
        plan: route.body ?? 'plain',
        maxBodyBytes,
        parseLimits: bodies.limitsWith(route.texts && { most: config.limits[route.texts.limit], setting: route.texts.setting }),
        rawBody: route.stream === 'import',
        embeds: route.embeds === true,
        dialect: route.dialect,
        alternative: route.alternative && { field: route.alternative.field, dialect: route.alternative.route.dialect },
      },
      ...(limitRate !== undefined && route.rateLimited === true ? { onRequest: limitRate } : {}),
      handler: handle,
    });
  }
  addPages(app, parts);
  await app.listen({ host: config.host, port: config.port });
  const { address, port } = addressOf(app);
  const reachable = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
  return {
    host: address,
    port,
    url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`,
    async close(milliseconds = 8000) {
      const deadline = performance.now() + milliseconds;
      // Node takes a connection on which nothing was asked yet for a busy one: when no request is under way, all can go.
      const cut = setInterval(() => {
        if (inFlight() === 0 || performance.now() >= deadline) connections.closeAll();
      }, 25);
      await app.close();
      clearInterval(cut);
      await bodies.close();
    },
  };
}

function addBodyParsers(app: FastifyInstance, bodies: BodyReader): void {
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    // Many clients name a type with every request. That of a body that does not come matters to nobody, but Fastify would refuse it.
    if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') delete headers['content-type'];
    done();
  });
  app.addContentTypeParser('application/json', async (request: FastifyRequest) => {
    const config = request.routeOptions.config;
    if (takesNoBody(request)) return undefined;
    const { plan = 'plain', maxBodyBytes = mib, parseLimits: limits = bodies.limits } = config;
    const { exchange, raw } = request;
    const coding = codingOf(raw.headers);
    const length = raw.headers['content-length'];
    const contentLength = length === undefined || coding !== undefined ? undefined : Number(length);
    const onAbort = (stop: Stop): (() => void) => exchange.onAbort(stop);
    const stream = coding === undefined ? raw : decode(raw, coding);
    return exchange.race(
      bodies.read(stream, { plan, maxBytes: maxBodyBytes, contentLength, coding, tenant: exchange.tenant, limits, onAbort }),
    );
  });
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (takesNoBody(request) || (await request.exchange.race(isEmpty(request.raw)))) return undefined;
    throw unsupported('content-type', 'application/json', request.headers['content-type'] ?? '');
  });
}

/** Nobody waits for a body that nobody reads: not for one that comes with health or a page, and an import reads its own. */
function takesNoBody({ is404, routeOptions: { config } }: FastifyRequest): boolean {
  return config.rawBody === true || config.open === true || is404;
}

/** Whether a body whose length is not known ends without a byte. Whatever comes of it is thrown away. */
function isEmpty(raw: IncomingMessage): Promise<boolean> {
  if (raw.headers['content-length'] !== undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    raw.once('end', () => resolve(true)).once('data', () => resolve(false));
  });
}

function unsupported(header: string, expected: string, got: string): VoisinError {
  const message = `${header}: expected ${expected}, got ${JSON.stringify(got.slice(0, 100))}`;
  return new VoisinError('invalid_argument', message, { field: header, http_status: 415 });
}

function addErrors(app: FastifyInstance, { config }: HttpParts, known: KnownRoutes): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toVoisinError(thrown);
    const { exchange } = request;
    // A refusal takes no place from others while it is being sent.
    exchange.releasePlace();
    if (error.code === 'internal' || isOutOfFiles(thrown)) exchange.failure = error;
    const status = sayError(reply, error);
    const dialect = request.is404 ? known.dialectNear(pathOf(request)) : dialectOf(request, error);
    const said = sayInDialect(dialect, error, status, exchange.requestId, config.debug);
    void reply.code(said.status).send(said.body);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const methods = known.methodsOf(path);
    if (methods.length > 0) void reply.header('allow', methods.join(', '));
    throw known.refusal(request.method, path);
  });
}

/** A body that could not be read whole tells by the fields that came of it whose it was. */
function dialectOf({ exchange, routeOptions: { config } }: FastifyRequest, { details }: VoisinError): Dialect | undefined {
  const { dialect, alternative } = config;
  const came = details?.['came'];
  const isOther = alternative !== undefined && Array.isArray(came) && came.includes(alternative.field);
  return exchange.dialect ?? (isOther ? alternative.dialect : dialect);
}

/** `GET /v1/models/` is `GET /v1/models`: only what changes nothing may be asked for so. */
function withoutLastSlash(method: string | undefined, url: string): string {
  if (method !== 'GET' && method !== 'HEAD') return url;
  const query = url.indexOf('?');
  const end = query === -1 ? url.length : query;
  return end > 1 && url.charCodeAt(end - 1) === slash ? url.slice(0, end - 1) + url.slice(end) : url;
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** A path that cannot be decoded (%ZZ) reaches no route and no hook. */
function answerBadPath(error: Error, reply: FastifyReply, known: KnownRoutes, path: string): void {
  const id = requestId();
  const { field, raw } = known.badPartOf(path) ?? { field: 'url', raw: path };
  const refused = new VoisinError('invalid_argument', notUtf8(field, raw).message, { field }, { cause: error });
  const { status, body } = sayInDialect(known.dialectNear(path), refused, sayError(reply, refused), id, false);
  void reply.code(status).header('x-request-id', id).send(body);
}

function addressOf(app: FastifyInstance): AddressInfo {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new VoisinError('internal', 'the server listens on no address');
  return address;
}
