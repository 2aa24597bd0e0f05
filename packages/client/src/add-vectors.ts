// Adding many vectors: requests of a bearable size, and one report over all of them.

import { VoisinError } from './errors.js';
import { numbersOf } from './floats.js';
import { type Batches, inBatches, shifted } from './in-batches.js';
import type { Added, NewVector, RefusedVector } from './index-types.js';

/** A value takes some 20 characters of JSON; a request is to stay well below the server's MAX_BODY_MB. */
const charactersPerValue = 20;
const mostCharacters = 16 * 1024 * 1024;

type Send = (vectors: readonly object[], signal: AbortSignal) => Promise<Added>;

/** @param send one request; in the order of the vectors when `concurrency` is 1, so that the last of an id wins */
export async function addVectors(vectors: readonly NewVector[], batches: Batches, send: Send): Promise<Added> {
  const weightOf = (position: number): number => {
    const { values, text } = vectors[position] ?? {};
    return (values?.length ?? 0) * charactersPerValue + (text?.length ?? 0);
  };
  const parts = await inBatches(vectors.length, { ...batches, weightOf, mostWeight: mostCharacters }, async ({ start, end }, signal) => {
    const added = await send(vectors.slice(start, end).map(sayable), signal).catch(asReport);
    return { ...added, errors: (added.errors ?? []).map((one) => moved(one, start)) };
  });
  const sum = (of: (part: Added) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    success: parts.every(({ success }) => success),
    added_count: sum((part) => part.added_count),
    failed_count: sum((part) => part.failed_count),
    errors: parts.flatMap(({ errors }) => errors),
  };
}

const moved = ({ position, error, ...rest }: RefusedVector, by: number): RefusedVector => ({
  ...rest,
  position: position + by,
  error: shifted(error, by),
});

const sayable = ({ values, ...rest }: NewVector): object => (values === undefined ? rest : { ...rest, values: numbersOf(values) });

/** Where every vector of a request is bad the server answers 400, with the same report: bad vectors are no reason to stop with the others. */
function asReport(error: unknown): Added {
  if (error instanceof VoisinError && isReport(error.answer)) return error.answer;
  throw error;
}

function isReport(answer: unknown): answer is Added {
  return typeof answer === 'object' && answer !== null && 'failed_count' in answer && 'added_count' in answer;
}
