// What a client and a single call can be told.

import type { VoisinError } from './errors.js';

export interface ClientOptions {
  /** Where the server is, with a path in front where a proxy puts one. Default `http://127.0.0.1:8000`. */
  readonly url?: string;
  /** An API key. Leave it out for a server without keys. */
  readonly key?: string;
  /** Longest time of one attempt, in milliseconds; default 300,000, the server's own REQUEST_TIMEOUT. */
  readonly timeoutMs?: number;
  /** How often a refused request is sent again before its error is thrown; default 5, 0 never. */
  readonly retries?: number;
  /** A refusal that asks for a longer wait is thrown at once: a monthly quota says "in two weeks". Default 60,000 ms. */
  readonly longestWaitMs?: number;
  /** In place of the global `fetch`: for a proxy, or other certificates. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Ends the call, its waits and its requests; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly longestWaitMs?: number;
  /** Told before each wait. */
  readonly onRetry?: (retry: Retry) => void;
}

export interface Retry {
  /** Counts from 1, anew after each success of the same call. */
  readonly attempt: number;
  readonly waitMs: number;
  /** The refusal that is waited for. */
  readonly error: VoisinError;
}

/** The options of a call with the client's in place of what is absent. */
export interface Settled extends CallOptions {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly longestWaitMs: number;
}

export function settle({ timeoutMs = 300_000, retries = 5, longestWaitMs = 60_000 }: ClientOptions, call: CallOptions): Settled {
  return { timeoutMs, retries, longestWaitMs, ...defined(call) };
}

/** `{ retries: undefined }` means the default too. */
function defined(call: CallOptions): CallOptions {
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined));
}
