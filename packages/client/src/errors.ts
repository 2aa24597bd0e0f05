// What can go wrong, as one class with the server's closed list of codes.

export const errorCodes = [
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'already_exists',
  'failed_precondition',
  'payload_too_large',
  'rate_limited',
  'quota_exceeded',
  'unavailable',
  'deadline_exceeded',
  'resource_exhausted',
  'internal',
] as const;

/** Decide by it: a code never changes its meaning. */
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** The place of the mistake: `vectors[3].values[17]`. */
  readonly field?: string;
  readonly retryAfterSeconds?: number;
  readonly [key: string]: unknown;
}

export interface ErrorFacts {
  /** The HTTP status; undefined when no answer came. */
  readonly status?: number;
  /** Under which the server's log has the request. */
  readonly requestId?: string;
  readonly details?: ErrorDetails;
  /** The whole answer, where it was JSON: some routes say more beside `error`. */
  readonly answer?: unknown;
  readonly cause?: unknown;
}

/**
 * Every error of the client but the reason of an aborted signal, which is thrown as it is. Without an answer the code is `unavailable` (no
 * connection, or one that broke) or `deadline_exceeded` (`timeoutMs` ran out), and `status` is undefined.
 */
export class VoisinError extends Error {
  override readonly name = 'VoisinError';
  readonly code: ErrorCode;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly details: ErrorDetails;
  /** Not shown when the error is printed. */
  readonly #answer: unknown;

  constructor(code: ErrorCode, message: string, { status, requestId, details = {}, answer, cause }: ErrorFacts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.details = details;
    this.#answer = answer;
  }

  /** The whole answer, where it was JSON: some routes say more beside `error`. */
  get answer(): unknown {
    return this.#answer;
  }
}
