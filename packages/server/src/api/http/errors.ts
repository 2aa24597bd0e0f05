// How HTTP says what went wrong: one table of statuses, one body.

import type { FastifyReply } from 'fastify';
import { acceptedCodings } from './body/decode.js';
import { type ErrorCode, type ErrorDetails, VoisinError } from '../../errors.js';

export const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  payload_too_large: 413,
  rate_limited: 429,
  quota_exceeded: 429,
  unavailable: 503,
  deadline_exceeded: 504,
  resource_exhausted: 507,
  internal: 500,
};

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: ErrorDetails; readonly request_id: string };
}

/** @param debug whether the cause of an internal error may be seen by the client */
export function errorBody(error: VoisinError, requestId: string, debug = false): ErrorBody {
  const { code } = error;
  const details = shownDetails(error);
  const cause = error.cause instanceof Error ? error.cause.message : error.message;
  const message =
    code !== 'internal'
      ? error.message
      : debug
        ? `internal error: ${cause}`
        : 'internal error; the log has its cause under this request id';
  return { error: { code, message, ...(details === undefined ? {} : { details }), request_id: requestId } };
}

function shownDetails({ code, details }: VoisinError): ErrorDetails | undefined {
  if (details === undefined || code === 'internal') return undefined;
  // Those are for the server alone.
  const { http_status: _, came: __, unknown_url: ___, ...shown } = details;
  return Object.keys(shown).length === 0 ? undefined : shown;
}

/** The status, and the headers that say the same to clients which read no body. */
export function sayError(reply: FastifyReply, error: VoisinError): number {
  const status = statusOf[error.code];
  const seconds = error.details?.retryAfterSeconds ?? (status === 503 || status === 429 ? 1 : undefined);
  if (seconds !== undefined) void reply.header('retry-after', String(Math.max(1, Math.ceil(seconds))));
  if (error.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer realm="voisin", charset="UTF-8"');
  if (error.details?.field === 'content-encoding') void reply.header('accept-encoding', acceptedCodings);
  return ownStatus(error);
}

/** A 405 or 415 is an invalid argument like others; only its status has a name of its own. */
export function ownStatus({ code, details }: VoisinError): number {
  const own = details?.['http_status'];
  return typeof own === 'number' ? own : statusOf[code];
}

/** A bound of the process or the system, and no damage. */
export function isOutOfFiles(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'EMFILE' || thrown.code === 'ENFILE');
}

/** Whatever was thrown, as one of ours. */
export function toVoisinError(thrown: unknown): VoisinError {
  if (thrown instanceof VoisinError) return thrown;
  if (thrown instanceof Error) {
    // Reading or writing a stream whose other end went away.
    const code: unknown = 'code' in thrown ? thrown.code : undefined;
    if (thrown.name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
      return new VoisinError('unavailable', 'the caller has gone', undefined, { cause: thrown });
    if (isOutOfFiles(thrown)) {
      const message = 'the server has too many files open just now; try again';
      return new VoisinError('unavailable', message, { retryAfterSeconds: 1 }, { cause: thrown });
    }
    const statusCode: unknown = 'statusCode' in thrown ? thrown.statusCode : undefined;
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return fromFramework(statusCode, thrown);
    return new VoisinError('internal', thrown.message, undefined, { cause: thrown });
  }
  return new VoisinError('internal', String(thrown));
}

function fromFramework(statusCode: number, thrown: Error): VoisinError {
  if (statusCode === 415) {
    return new VoisinError(
      'invalid_argument',
      'content-type: expected application/json',
      { field: 'content-type', http_status: 415 },
      { cause: thrown },
    );
  }
  if (statusCode === 413) return new VoisinError('payload_too_large', thrown.message, undefined, { cause: thrown });
  if (statusCode === 414) return new VoisinError('invalid_argument', 'url: expected a shorter one', { field: 'url' }, { cause: thrown });
  return new VoisinError('invalid_argument', thrown.message, undefined, { cause: thrown });
}
