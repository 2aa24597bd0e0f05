// What every request passes before its body is read: a name, a clock, room on the server, the right kind of page, a key.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import { requestId } from '../../telemetry/request-id.js';
import { keyOf } from './auth.js';
import type { Connections } from './connections.js';
import { Exchange, onEnd } from './exchange.js';
import { LoneClient } from './lone-client.js';
import type { HttpParts } from './parts.js';
import { Places } from './places.js';
import { giveUpWhenSilent } from './silence.js';
import { answerCors, refuseForeignPages, type WebPageRules } from './web-pages.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No key is needed, and a full server answers all the same. */
    open?: boolean;
    /** A stream: no bound on its time. */
    stream?: boolean;
    /** Counts as a request for embeddings. */
    embeds?: boolean;
  }
}

/** @returns how many requests are under way */
export function addGate(app: FastifyInstance, { config, accounts, log, metrics }: HttpParts, connections: Connections): () => number {
  const rules: WebPageRules = {
    // The first account of a server without keys makes it one with keys.
    get keyless() {
      return !accounts.enabled;
    },
    host: config.host,
    corsOrigins: config.corsOrigins,
  };
  const { maxInFlightRequests, maxInFlightPerTenant, requestTimeoutSeconds, streamSilenceSeconds } = config.limits;
  /** With those that have no place: of open routes, refused, or being asked for their key. */
  let inFlight = 0;
  const places = new Places(maxInFlightRequests, maxInFlightPerTenant || Math.ceil(maxInFlightRequests / 2));
  const lone = new LoneClient();
  const isAlone = (): boolean => inFlight === 1 && lone.isAlone(performance.now());

  app.addHook('onRequest', async (request, reply) => {
    const { open = false, stream = false } = request.routeOptions.config;
    const { socket, headers } = request.raw;
    const exchange = new Exchange(requestId(headers['x-request-id']), stream ? undefined : requestTimeoutSeconds, socket, isAlone);
    request.exchange = exchange;
    lone.asks(socket, exchange.startedAt);
    void reply.header('x-request-id', exchange.requestId);
    inFlight++;
    onEnd(connections, request, reply, (whole) => {
      inFlight--;
      finished(request, reply.statusCode, whole);
    });
    if (stream) giveUpWhenSilent(request, reply, streamSilenceSeconds);
    connections.requireRoom(socket);
    if (headers.host === undefined && request.raw.httpVersion === '1.1') {
      void reply.header('connection', 'close');
      throw new VoisinError('invalid_argument', 'host: HTTP/1.1 requires the header, and it is missing', { field: 'host' });
    }
    if (answerCors(request, reply, rules)) return reply;
    // First, since it finds out whether this is still a server without keys.
    if (!open) exchange.identity = await accounts.authenticate(keyOf(headers), request.ip);
    refuseForeignPages(headers, rules);
    // The client may have left meanwhile: its place would be given back by nobody.
    if (open || request.is404 || exchange.isOver) return undefined;
    const { tenant } = exchange;
    const owner = places.take(tenant, tenant === undefined ? request.ip : '');
    exchange.leavePlace = () => places.leave(owner);
    return undefined;
  });

  app.addHook('onSend', (request, reply, _payload, done) => {
    // A path that cannot be decoded has no exchange.
    const exchange: Exchange | undefined = request.exchange;
    const limits = exchange?.limits;
    if (limits !== undefined) {
      void reply
        .header('x-ratelimit-limit', limits.limit)
        .header('x-ratelimit-remaining', limits.remaining)
        .header('x-ratelimit-reset', Math.ceil(limits.resetsAt / 1000));
    }
    done();
  });

  function finished(request: FastifyRequest, status: number, whole: boolean): void {
    const { exchange, method } = request;
    const { seconds, requestId: id, failure } = exchange;
    const route = request.routeOptions.url ?? 'unknown';
    // 499: the client closed the request, as nginx has it.
    const outcome = whole ? status : 499;
    metrics.observeRequest({ method, route, status: outcome, seconds });
    if (request.routeOptions.config.embeds === true) metrics.observeEmbedRequest(outcome, seconds);
    const line = { request_id: id, method, route, status: outcome, ms: Math.round(seconds * 1e6) / 1e3 };
    if (failure !== undefined) log.error({ ...line, err: failure.cause ?? failure }, 'a request failed');
    // A full server says so often: its 503s are counted, not written, or the log would be what fills it.
    else if (outcome >= 500 && outcome !== 503) log.warn(line, 'a request was not served');
    else if (log.isLevelEnabled('debug')) log.debug(line, 'request');
  }

  return () => inFlight;
}
