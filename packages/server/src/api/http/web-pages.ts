// Which web pages may call: on a server with keys those of CORS_ORIGINS, on one without keys only its own.

import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../../config/loopback.js';
import { VoisinError } from '../../errors.js';

export interface WebPageRules {
  readonly keyless: boolean;
  readonly host: string;
  readonly corsOrigins: readonly string[];
}

/**
 * A keyless server trusts whoever reaches it, and every page in a browser on the same machine does. So a request that a page of another
 * origin caused is refused, and, on a loopback address, one whose Host is not this machine (a name that was made to lead here: DNS rebinding).
 * @throws VoisinError permission_denied
 */
export function refuseForeignPages(headers: IncomingHttpHeaders, { keyless, host }: WebPageRules): void {
  if (!keyless) return;
  const asked = headers.host ?? '';
  if (isLoopback(host) && asked !== '' && !isLocalName(hostName(asked))) {
    throw new VoisinError(
      'permission_denied',
      `host: a server without keys expects this machine's own name or address, got ${JSON.stringify(asked.slice(0, 100))}; ${adviceFor(hostName(asked))}`,
    );
  }
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, asked)) throw foreign(origin);
  const site = headers['sec-fetch-site'];
  if ((site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate') throw foreign(String(site));
}

function foreign(from: string): VoisinError {
  return new VoisinError(
    'permission_denied',
    `origin: a server without keys answers no other web page, got ${JSON.stringify(from.slice(0, 100))}`,
  );
}

function isOwnOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Without the port, the brackets of an IPv6 address, and the dot that ends a full name. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$|\.$/g, '');
}

/** The names by which a container calls its host. */
const hostOfContainers = /\.(docker|containers|lima|rancher-desktop|orb)\.internal$|\.orb\.local$/i;

function adviceFor(name: string): string {
  const who = hostOfContainers.test(name) ? 'so that containers can call it by this name' : 'so that it answers by any name';
  return `set FAISS_PROXY_API_KEYS=KEY:TENANT ${who}, and send the key`;
}

function isLocalName(name: string): boolean {
  return isLoopback(name) || name.toLowerCase().endsWith('.localhost');
}

const allowedHeaders = 'accept, authorization, content-encoding, content-type, user-agent, x-api-key, x-request-id';
const exposedHeaders =
  'x-request-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, content-disposition, x-vector-count, x-vector-dimension, x-truncated-count';

/** What SDKs and tracing add to each request, more than a page may send without leave. */
const ofSdks = [
  // OpenAI and those generated alike; Cohere, Voyage and others that Fern generates; Vercel's AI SDK; Google; Azure; Hugging Face; NVIDIA.
  /^(x-stainless|openai|x-fern|x-sdk|x-client|ai-sdk|x-ai-sdk|x-goog|x-ms|x-hf|x-nv|nvcf)-[a-z0-9-]{1,60}$/,
  /^(api-key|idempotency-key|x-use-cache|x-wait-for-model|x-requested-with|x-title|http-referer|cache-control|pragma|prefer)$/,
  /^(traceparent|tracestate|baggage|b3|x-b3-[a-z]{1,20}|sentry-trace|x-datadog-[a-z-]{1,40})$/,
];

function sdkHeaders(headers: IncomingHttpHeaders): string[] {
  const requested = headers['access-control-request-headers']?.split(',') ?? [];
  return requested.map((name) => name.trim().toLowerCase()).filter((name) => ofSdks.some((pattern) => pattern.test(name)));
}

/** Sets the CORS headers of an allowed origin. @returns true when the request was a preflight and is answered */
export function answerCors(request: FastifyRequest, reply: FastifyReply, rules: WebPageRules): boolean {
  const { origin } = request.headers;
  const corsOrigins = rules.keyless ? [] : rules.corsOrigins;
  if (corsOrigins.length > 0) void reply.header('vary', 'origin');
  const allowed = origin !== undefined && (corsOrigins.includes('*') || corsOrigins.includes(origin));
  if (allowed) void reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposedHeaders);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  if (allowed) {
    void reply
      .header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
      .header('access-control-allow-headers', [allowedHeaders, ...sdkHeaders(request.headers)].join(', '))
      .header('access-control-max-age', '600');
  }
  void reply.code(204).send();
  return true;
}
