// Answers the routes of the table: input in, operation, output out.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import type { Caller } from '../../operations/operation.js';
import { type Answer, listInTurns, toAnswer } from './answer.js';
import { errorBody } from './errors.js';
import { propertiesOf, restName, takeInput } from './input.js';
import type { Wire } from './parts.js';
import type { Route } from './route.js';
import { type Encoding, vectorAnswer } from './vector-answer.js';

type Fields = Readonly<Record<string, unknown>>;

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

export function handler(route: Route, wire: Wire): Handler {
  const { alternative } = route;
  if (alternative === undefined) return handlerOf(route, wire);
  const [own, other] = [handlerOf(route, wire), handlerOf(alternative.route, wire)];
  return (request, reply) => {
    const body = fields(request.body);
    return body !== undefined && Object.hasOwn(body, alternative.field) ? other(request, reply) : own(request, reply);
  };
}

function handlerOf(route: Route, wire: Wire): Handler {
  const ownTenant = Object.hasOwn(propertiesOf(route.operation.input), 'tenant_id');
  const rest = restName(route.url);
  const paramsOf = (params: unknown): Fields => {
    const named = fields(params) ?? {};
    return rest === undefined ? named : { [rest]: named['*'] };
  };
  return async (request, reply) => {
    const { exchange } = request;
    exchange.dialect = route.dialect;
    const parts = { params: paramsOf(request.params), query: fields(request.query) ?? {}, body: fields(request.body) };
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
    const { contentType, body, headers = {} } = await answerOf(route, output, request.headers.accept, encoding);
    return reply.headers(headers).type(contentType).send(body);
  };
}

function answerOf(route: Route, output: unknown, accept: string | undefined, encoding: Encoding | undefined): Answer | Promise<Answer> {
  if (route.vectors === true) return vectorAnswer(output, accept, encoding);
  return Array.isArray(output) ? listInTurns(output) : toAnswer(output);
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
