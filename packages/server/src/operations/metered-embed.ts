// Embedding on a caller's account: what every operation that embeds for a caller calls.

import type { AccountRef } from '../accounts/identity.js';
import type { LimitState, Reservation } from '../accounts/meter.js';
import { costOfOne } from '../accounts/records.js';
import type { EmbedOptions, Embedding, EmbedResult } from '../embedding/index.js';
import { VoisinError } from '../errors.js';
import type { Caller, Services } from './operation.js';

type Inputs = Parameters<Embedding['embed']>[0];

/**
 * Vectors of the inputs. Of a caller with an account, room for all of them is reserved before, what they cost is counted after (an embedding that
 * came from a cache costs what the tier says), and a failure costs nothing.
 * Errors are those of `embedding.embed`; rate_limited, quota_exceeded, and unavailable where what counts is away.
 */
export async function meteredEmbed(services: Services, caller: Caller, inputs: Inputs, options: EmbedOptions): Promise<EmbedResult> {
  const [result] = await metered(services, caller, inputs.length, async () => [await services.embedding.embed(inputs, options, caller)]);
  return result;
}

export interface MeterOptions {
  /** Of a stream, which comes in many parts: each waits for room in the minute in place of being refused, and the first one counts as a request. */
  readonly stream?: { takeRequest(): boolean } | undefined;
}

/**
 * The same for one request that embeds in several calls, all with one model: `work` makes them, and `units` is how many inputs they have together.
 */
export async function metered<Results extends readonly [EmbedResult, ...EmbedResult[]]>(
  services: Services,
  caller: Caller,
  units: number,
  work: () => Promise<Results>,
  { stream }: MeterOptions = {},
): Promise<Results> {
  const { account } = caller;
  if (account === undefined) return work();
  const reservation = await reserve(services, caller, account, units, stream !== undefined);
  let results: Results;
  try {
    results = await work();
  } catch (error) {
    reservation.cancel(caller.signal.aborted);
    throw error;
  }
  settle(services, account, reservation, results, stream?.takeRequest() === false ? 0 : 1);
  return results;
}

async function reserve(
  { account: { meter } }: Services,
  caller: Caller,
  account: AccountRef,
  units: number,
  waits: boolean,
): Promise<Reservation> {
  try {
    const reservation = await meter.reserve(account, units, { signal: caller.signal, waits });
    caller.noteLimits(reservation.limits);
    return reservation;
  } catch (error) {
    const limits: unknown = error instanceof VoisinError ? error.details?.['limits'] : undefined;
    if (isLimits(limits)) caller.noteLimits(limits);
    throw error;
  }
}

function settle(
  { account: { usage } }: Services,
  { userId, keyId }: AccountRef,
  reservation: Reservation,
  results: readonly [EmbedResult, ...EmbedResult[]],
  requests: number,
): void {
  const cached = results.flatMap((result) => result.cached);
  const embeddings = cached.length;
  const cacheHits = cached.filter((level) => level !== false).length;
  const tokens = results.flatMap((result) => result.tokens).reduce((sum, count) => sum + count, 0);
  const cost = (embeddings - cacheHits) * costOfOne + cacheHits * Math.round(reservation.tier.cacheHit * costOfOne);
  usage.record({ userId, keyId, model: results[0].fullName }, { requests, embeddings, cacheHits, tokens, cost });
  reservation.settle(cost);
}

function isLimits(value: unknown): value is LimitState {
  return typeof value === 'object' && value !== null && 'limit' in value && 'remaining' in value && 'resetsAt' in value;
}
