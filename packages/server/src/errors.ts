// The one error class, and its only subclass. Each wire maps its codes in one table; a message says what was wrong, where, what came and what is accepted.

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

export type ErrorCode = (typeof errorCodes)[number];

/** What a client may act on, beside the message. `retryAfterSeconds` becomes the wire's own way to say "come back then". */
export interface ErrorDetails {
  readonly field?: string;
  readonly retryAfterSeconds?: number;
  readonly [key: string]: unknown;
}

export class VoisinError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, details?: ErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VoisinError';
    this.code = code;
    this.details = details;
  }
}

/** Bytes on the disk are lost or altered: the message names the file or record. Nothing else marks a store or an index as damaged. */
export class DamageError extends VoisinError {
  constructor(message: string, options?: ErrorOptions) {
    super('internal', message, undefined, options);
    this.name = 'DamageError';
  }
}
