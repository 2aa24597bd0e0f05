// Routes that belong to no operation: the welcome, the documents, the numbers for Prometheus.

import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Identity } from '../../accounts/identity.js';
import { VoisinError } from '../../errors.js';
import { accepts } from './accept.js';
import { keyOf } from './auth.js';
import { docsPage } from './docs-page.js';
import { docsScript, docsStyle } from './docs-assets.js';
import { openApiDocument } from './openapi.js';
import { metricsJson } from './metrics-json.js';
import type { HttpParts } from './parts.js';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function addPages(app: FastifyInstance, parts: HttpParts): void {
  const { config, metrics, version } = parts;
  const open = { config: { open: true } };
  let document: string | undefined;
  let page: string | undefined;

  app.get('/', open, () => ({ name: 'Voisin', version, docs: '/docs', openapi: '/openapi.json', health: '/v1/health' }));

  app.get('/openapi.json', (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(version, config.limits));
    return reply.type('application/json; charset=utf-8').send(document);
  });

  app.get('/docs', open, (_request, reply) => {
    page ??= docsPage(openApiDocument(version, config.limits));
    return reply
      .headers({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff' })
      .type('text/html; charset=utf-8')
      .send(page);
  });
  app.get('/docs/page.js', open, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(docsScript));
  app.get('/docs/page.css', open, (_request, reply) => reply.type('text/css; charset=utf-8').send(docsStyle));

  app.get('/metrics', { config: { open: config.metricsPublic } }, async ({ headers, exchange }, reply) => {
    if (!config.enableMetrics) throw new VoisinError('permission_denied', 'metrics are turned off (ENABLE_METRICS)');
    // A scraper that takes anything gets Prometheus's text.
    if (accepts(headers.accept, 'application/json')) return metricsJson(parts);
    const viewer = config.metricsPublic ? await identityOf(parts, headers) : exchange.identity;
    return reply.type(metrics.contentType).send(await metrics.text((tenant) => seesTenant(viewer, tenant)));
  });
}

/** On a route without keys: who it is that sent one all the same. */
async function identityOf({ accounts }: HttpParts, headers: IncomingHttpHeaders): Promise<Identity | undefined> {
  try {
    return await accounts.authenticate(keyOf(headers));
  } catch {
    return undefined;
  }
}

/** An administrator, and everyone on a server without keys, sees the indexes of all tenants. */
function seesTenant(viewer: Identity | undefined, tenant: string): boolean {
  return viewer !== undefined && (viewer.admin || viewer.tenant === undefined || viewer.tenant === tenant);
}
