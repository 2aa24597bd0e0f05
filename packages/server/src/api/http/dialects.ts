// How the services that this one stands in for say what went wrong: their clients read these bodies.

import type { ErrorCode, VoisinError } from '../../errors.js';
import { errorBody, statusOf } from './errors.js';

export type Dialect = 'openai' | 'tei';

export interface SaidError {
  readonly status: number;
  readonly body: object;
}

/**
 * @param dialect undefined: our own
 * @param status what our own routes answer with
 */
export function sayInDialect(
  dialect: Dialect | undefined,
  error: VoisinError,
  status: number,
  requestId: string,
  debug: boolean,
): SaidError {
  const body = errorBody(error, requestId, debug);
  if (dialect === undefined) return { status, body };
  // The message of an internal error is the same everywhere: its cause stays in the log.
  const { message } = body.error;
  return dialect === 'openai' ? sayAsOpenAi(error, status, message) : sayAsTei(error, status, message);
}

/** https://platform.openai.com/docs/guides/error-codes: what the official clients turn into their error classes. */
const openAiKinds: Readonly<Record<ErrorCode, readonly [type: string, code: string | null]>> = {
  invalid_argument: ['invalid_request_error', null],
  unauthenticated: ['invalid_request_error', 'invalid_api_key'],
  permission_denied: ['invalid_request_error', 'permission_denied'],
  not_found: ['invalid_request_error', 'model_not_found'],
  already_exists: ['invalid_request_error', null],
  failed_precondition: ['invalid_request_error', null],
  payload_too_large: ['invalid_request_error', 'payload_too_large'],
  rate_limited: ['requests', 'rate_limit_exceeded'],
  quota_exceeded: ['insufficient_quota', 'insufficient_quota'],
  unavailable: ['server_error', 'unavailable'],
  deadline_exceeded: ['server_error', 'timeout'],
  resource_exhausted: ['server_error', 'resource_exhausted'],
  internal: ['server_error', null],
};

function sayAsOpenAi({ code, details }: VoisinError, status: number, message: string): SaidError {
  const [type, own] = openAiKinds[code];
  const kind = details?.['unknown_url'] === true ? 'unknown_url' : own;
  return { status, body: { error: { message, type, param: details?.field ?? null, code: kind } } };
}

/** Whatever is not the request's own mistake. */
const teiTypes: Readonly<Partial<Record<ErrorCode, string>>> = {
  rate_limited: 'Overloaded',
  quota_exceeded: 'Overloaded',
  unavailable: 'Overloaded',
  deadline_exceeded: 'Overloaded',
  failed_precondition: 'Backend',
  resource_exhausted: 'Backend',
  internal: 'Backend',
};

/** router/src/http/server.rs of text-embeddings-inference has the same table; it says 413 of every number that is over its limit. */
function sayAsTei({ code, details }: VoisinError, status: number, message: string): SaidError {
  const said = (own: number, type: string): SaidError => ({ status: own, body: { error: message, error_type: type } });
  if (code === 'invalid_argument') {
    if (details?.['limit'] !== undefined) return said(statusOf.payload_too_large, 'Validation');
    return said(status, details?.['empty'] === true ? 'Empty' : 'Validation');
  }
  return said(status, teiTypes[code] ?? 'Validation');
}
