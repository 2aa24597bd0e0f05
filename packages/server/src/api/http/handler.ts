// Answers the routes of the table: input in, operation, output out.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import type { Caller } from '../../operations/operation.js';
import { hitsInTurns, holdsManyHits, toAnswer } from './answer.js';
import { errorBody } from './errors.js';
import { propertiesOf, takeInput } from './input.js';
import type { Wire } from './parts.js';
import type { Route } from './route.js';

type Fields = Readonly<Record<string, unknown>>;

export function handler(route: Route, wire: Wire): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const ownTenant = Object.hasOwn(propertiesOf(route.operation.input), 'tenant_id');
  return async (request, reply) => {
    const { exchange } = request;
    const parts = { params: fields(request.params) ?? {}, query: fields(request.query) ?? {}, body: fields(request.body) };
    if (parts.body === undefined && route.body !== undefined && route.bodyOptional !== true) {
      throw new VoisinError('invalid_argument', 'body: expected a JSON object, got nothing', { field: 'body' });
    }
    const { input, tenantId, encoding } = takeInput(route, parts, wire.bodies.limits);
    const caller = callerOf(request, tenantId);
    if (ownTenant && tenantId !== undefined) input['tenant_id'] = tenantId;
    const output = await exchange.race(route.operation.call(wire, caller, input));
    const status = route.statusOf?.(output) ?? route.status;
    void reply.code(status);
    if (status === 204) return reply.send();
    if (status >= 400) return reply.send(refused(output, exchange.requestId));
    const { contentType, body } = holdsManyHits(output)
      ? await hitsInTurns(output)
      : toAnswer(route, output, request.headers.accept, encoding);
    return reply.type(contentType).send(body);
  };
}

/**
 * A key's tenant is the only one it may name; without keys whoever names a tenant means that tenant's things.
 * @throws VoisinError permission_denied
 */
export function callerOf({ exchange }: FastifyRequest, tenantId: string | undefined): Caller {
  if (exchange.tenant !== undefined && tenantId !== undefined && tenantId !== exchange.tenant) {
    throw new VoisinError('permission_denied', `tenant_id: expected the tenant of the key or none, got ${JSON.stringify(tenantId)}`, {
      field: 'tenant_id',
    });
  }
  return exchange.caller(exchange.tenant ?? tenantId);
}

/** Nothing was kept: the same body as when something was, with an error beside it. */
export function refused(output: unknown, requestId: string): object {
  const body = fields(output) ?? {};
  const errors: unknown = body['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const reason = fields(first)?.['error'];
  const message = typeof reason === 'string' ? `no vector was kept; the first: ${reason}` : 'no vector was kept';
  return { ...body, ...errorBody(new VoisinError('invalid_argument', message), requestId) };
}

function fields(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
