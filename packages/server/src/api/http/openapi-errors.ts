// The bodies of errors as the OpenAPI document has them: our own, and those of the services whose dialects we speak.

import { errorCodes } from '../../errors.js';
import type { Dialect } from './dialects.js';
import type { Route } from './route.js';

export const errorSchemas = {
  Error: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message', 'request_id'],
        properties: {
          code: { type: 'string', enum: [...errorCodes] },
          message: { type: 'string', description: 'what was wrong, where, what came and what is accepted' },
          details: { type: 'object', description: '`field`: where it was wrong; `retryAfterSeconds`: when to come back' },
          request_id: { type: 'string' },
        },
      },
    },
  },
  OpenAiError: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['message', 'type', 'param', 'code'],
        properties: {
          message: { type: 'string' },
          type: { type: 'string' },
          param: { type: ['string', 'null'] },
          code: { type: ['string', 'null'] },
        },
      },
    },
  },
  TeiError: {
    type: 'object',
    required: ['error', 'error_type'],
    properties: { error: { type: 'string' }, error_type: { type: 'string', enum: ['Validation', 'Empty', 'Overloaded', 'Backend'] } },
  },
} as const;

const names: Readonly<Record<Dialect, keyof typeof errorSchemas>> = { openai: 'OpenAiError', tei: 'TeiError' };

type Reference = { readonly $ref: string };

/** The error body of a route; two where its address is another service's as well. */
export function errorReference({
  dialect,
  alternative,
}: Pick<Route, 'dialect' | 'alternative'>): Reference | { readonly oneOf: readonly Reference[] } {
  const of = (one: Dialect | undefined): Reference => ({ $ref: `#/components/schemas/${one === undefined ? 'Error' : names[one]}` });
  return alternative === undefined ? of(dialect) : { oneOf: [of(dialect), of(alternative.route.dialect)] };
}
