// From an answer that is no success to an error: Voisin's own body, OpenAI's on its routes, or whatever a proxy in between has to say.

import { type ErrorCode, type ErrorDetails, errorCodes, VoisinError } from './errors.js';

/** For answers without a code of ours. */
const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  408: 'deadline_exceeded',
  409: 'failed_precondition',
  413: 'payload_too_large',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline_exceeded',
  507: 'resource_exhausted',
};
/** Enough of a foreign body to recognise it. */
const shownCharacters = 200;

/** @param text the body of the answer */
export function answerError({ status, statusText, headers }: Response, text: string): VoisinError {
  const answer = parsed(text);
  const body = fieldsOf(answer);
  const inner = fieldsOf(body['error']);
  const message = inner['message'] ?? body['error'];
  const requestId = inner['request_id'] ?? body['request_id'] ?? headers.get('x-request-id');
  return new VoisinError(
    codeOf(inner['code'] ?? body['code'], status),
    typeof message === 'string' ? message : `${status} ${statusText}: ${text.slice(0, shownCharacters)}`.trim(),
    {
      status,
      answer,
      details: detailsOf(inner, headers.get('retry-after')),
      ...(typeof requestId === 'string' ? { requestId } : {}),
    },
  );
}

function codeOf(said: unknown, status: number): ErrorCode {
  const known = errorCodes.find((code) => code === said);
  if (known !== undefined) return known;
  // OpenAI's word for it.
  if (said === 'insufficient_quota') return 'quota_exceeded';
  return codeOfStatus[status] ?? (status < 500 ? 'invalid_argument' : 'internal');
}

/** What the body says goes before the header: a proxy may set its own. */
function detailsOf({ details, param }: Fields, retryAfter: string | null): ErrorDetails {
  const seconds = retryAfter === null ? undefined : secondsOf(retryAfter);
  return {
    ...(typeof param === 'string' ? { field: param } : {}),
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
    ...fieldsOf(details),
  };
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
export function secondsOf(retryAfter: string, now: number = Date.now()): number | undefined {
  if (/^\d+$/.test(retryAfter.trim())) return Number(retryAfter);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
