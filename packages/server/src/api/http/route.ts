// What a row of the table of routes says.

import type { ErrorCode } from '../../errors.js';
import type { Operation } from '../../operations/operation.js';
import type { BodyPlan } from './body/parse-body.js';
import type { Dialect } from './dialects.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A :name in it is a field of the operation's input; the last may be :name*, the rest of the path with its slashes. */
  readonly url: string;
  readonly operation: Operation;
  readonly status: number;
  /** How a JSON body becomes the other fields; none is read when absent. */
  readonly body?: BodyPlan;
  /** A body need not come. */
  readonly bodyOptional?: boolean;
  /** Which bound of the configuration the body has. */
  readonly bodyLimit?: 'bodyMb' | 'embedBodyMb';
  /** What bounds the texts of a body. */
  readonly texts?: { readonly limit: 'maxBatchSize' | 'maxOpenAiInputs' | 'queryBatch'; readonly setting: string };
  /** Fields of the input that may come as query parameters. */
  readonly query?: readonly string[];
  /** No key needed. */
  readonly open?: boolean;
  /** The output holds vectors, which may be asked for as base64 or as raw bytes. */
  readonly vectors?: true;
  /** Counts as a request for embeddings. */
  readonly embeds?: true;
  /** RATE_LIMIT_REQUESTS bounds it, where that is turned on. */
  readonly rateLimited?: true;
  /** The service that its clients take this one for: errors are said its way, and fields that are not known are ignored. */
  readonly dialect?: Dialect;
  /** Another service's route at the same address: it answers where the body has its field. */
  readonly alternative?: { readonly field: string; readonly route: Route };
  /** A stream in or out, without the bounds of body and time. */
  readonly stream?: 'import' | 'export';
  /** The status when the output itself says that nothing was done. */
  readonly statusOf?: (output: unknown) => number;
  /** What it answers beside the errors that every route knows. */
  readonly errors?: readonly ErrorCode[];
}

export const commonErrors: readonly ErrorCode[] = [
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'rate_limited',
  'unavailable',
  'deadline_exceeded',
  'internal',
];

/**
 * Where the answer holds a vector. text-embeddings-inference has no such field and ignores it, and Hugging Face's client reads no other answer
 * from there than numbers, whatever it was told to ask for.
 */
export function takesEncoding({ vectors, dialect }: Route): boolean {
  return vectors === true && dialect !== 'tei';
}
