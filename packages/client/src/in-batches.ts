// Many items as some requests at a time: split, sent side by side, answers in the order of the items.

import { VoisinError } from './errors.js';
import type { Progress } from './embeddings.js';

export interface Batches {
  /** Most items of one request. */
  readonly batchSize: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** How much of a request an item takes, and how much one may hold; default: no bound but `batchSize`. */
  readonly weightOf?: (position: number) => number;
  readonly mostWeight?: number;
}

/** Positions `start` to `end` (excluded) of the items. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Calls `send` for each span, at most `concurrency` at a time. When one fails, the others are aborted and the call rejects, with the position
 * of a bad item among all: nothing of it goes on afterwards.
 * @returns what `send` gave, in the order of the spans
 */
export async function inBatches<T>(total: number, options: Batches, send: (span: Span, signal: AbortSignal) => Promise<T>): Promise<T[]> {
  const { signal, onProgress, concurrency } = options;
  const spans = spansOf(total, options);
  const results = new Array<T>(spans.length);
  const ending = new AbortController();
  const abort = (): void => ending.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < spans.length; at = next++) {
      const span = spans[at] ?? { start: total, end: total };
      ending.signal.throwIfAborted();
      results[at] = await send(span, ending.signal).catch((error: unknown) => {
        throw error instanceof VoisinError ? placed(error, span.start) : error;
      });
      done += span.end - span.start;
      onProgress?.({ done, total });
    }
  };
  try {
    signal?.throwIfAborted();
    const lanes = Array.from({ length: Math.min(concurrency, spans.length) }, lane);
    for (const one of lanes) one.catch((error: unknown) => ending.abort(error));
    await Promise.allSettled(lanes);
    // The first failure is the reason of all others.
    ending.signal.throwIfAborted();
    return results;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

export function spansOf(
  total: number,
  { batchSize, weightOf = () => 0, mostWeight = Infinity }: Pick<Batches, 'batchSize' | 'weightOf' | 'mostWeight'>,
): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let weight = 0;
  for (let i = 0; i < total; i++) {
    const own = weightOf(i);
    // An item that is too heavy goes alone: the server says what is wrong with it.
    if (i > start && (i - start === batchSize || weight + own > mostWeight)) {
      spans.push({ start, end: i });
      [start, weight] = [i, 0];
    }
    weight += own;
  }
  if (total > start) spans.push({ start, end: total });
  return spans;
}

/** @throws VoisinError invalid_argument: a size of 0 would never come to an end */
export function checkCount(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  const message = `${name}: expected an integer of at least 1, got ${value}`;
  throw new VoisinError('invalid_argument', message, { details: { field: name } });
}

/** A server counts from the first item of its request, the caller from the first of all: `input[3]` of the second request is `input[35]`. */
function placed(error: VoisinError, first: number): VoisinError {
  const { code, message, status, requestId, details, answer } = error;
  if (first === 0 || details.field === undefined) return error;
  return new VoisinError(code, shifted(message, first), {
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    details: { ...details, field: shifted(details.field, first) },
    answer,
    cause: error,
  });
}

/** Moves the position that a text begins with. */
export function shifted(text: string, by: number): string {
  return text.replace(/^(\w+)\[(\d+)\]/, (_, name: string, position: string) => `${name}[${Number(position) + by}]`);
}
