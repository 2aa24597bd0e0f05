// From the columns of a request to a batch that an index keeps: what cannot be kept is named, its neighbours go on.

import type { EmbedResult } from '../embedding/index.js';
import type { ManagedIndex } from '../indexes/managed-index.js';
import type { VectorBatch } from '../indexes/types.js';
import { metered, type MeterOptions } from './metered-embed.js';
import type { Caller, Services } from './operation.js';
import { namedRefusals, type Refused, type VectorColumns } from './vector-columns.js';
import { noModel, rowProblem, textLengthProblem, textProblem } from './vector-values.js';

export interface Kept {
  /** How many were kept; an id that came twice counts each time, the last one stays. */
  readonly added: number;
  readonly failed: number;
  /** The first `namedRefusals` of those that were not, in the order of the request. */
  readonly refused: readonly Refused[];
}

export interface KeepOptions {
  readonly caller: Caller;
  /** Names the vector at a position in an error: `vectors[3].values[17]: ...` or `line 4: values[17]: ...`. */
  readonly label?: (position: number, problem: string) => string;
  /** A part of a stream: it waits for its account's minute. */
  readonly stream?: MeterOptions['stream'];
}

const textsAtOnce = 256;
const rowsAtOnce = 4096;
const asField = (position: number, problem: string): string => `vectors[${position}]${problem}`;

/** Checks, embeds where a text came in place of values, and stores: durable when it resolves. */
export async function keepVectors(services: Services, index: ManagedIndex, columns: VectorColumns, options: KeepOptions): Promise<Kept> {
  const { caller, label = asField } = options;
  const model = index.embedding?.model;
  const { found, foundAt } = await problems(services, index, columns, model);
  const refused = [...columns.refused, ...found]
    .sort((a, b) => a.position - b.position)
    .slice(0, namedRefusals)
    .map((one) => ({ ...one, error: label(one.position, one.error) }));
  const out = new Set([...columns.refusedAt, ...foundAt]);
  const positions = out.size === 0 ? undefined : columns.ids.flatMap((_, i) => (out.has(i) ? [] : [i]));
  const added = positions?.length ?? columns.count;
  if (added > 0) {
    const embedded = model === undefined ? undefined : await embedTexts(services, options, columns, positions, model);
    caller.signal.throwIfAborted();
    await index.upsert(toBatch(columns, index.dimension, positions, embedded));
  }
  return { added, failed: out.size, refused };
}

async function problems(
  { config }: Services,
  index: ManagedIndex,
  columns: VectorColumns,
  model: string | undefined,
): Promise<{ found: Refused[]; foundAt: number[] }> {
  const { rows, texts, refusedAt } = columns;
  const found: Refused[] = [];
  const foundAt: number[] = [];
  let already = 0;
  for (let i = 0; i < columns.count; i++) {
    // Other requests run between two slices of a large one.
    if (i % rowsAtOnce === rowsAtOnce - 1) await new Promise(setImmediate);
    if (refusedAt[already] === i) {
      already++;
      continue;
    }
    const problem = (): string | undefined => {
      const { maxTextLength } = config.limits;
      const text = texts?.[i];
      if (text === undefined) return prefix('.values', rowProblem(rows.row(i), index));
      if (rows.length(i) > 0)
        return prefix('.values', rowProblem(rows.row(i), index)) ?? prefix('.text', textLengthProblem(text, maxTextLength));
      return model === undefined ? `.text: ${noModel('values')}` : prefix('.text', textProblem(text, maxTextLength));
    };
    const error = problem();
    if (error === undefined) continue;
    foundAt.push(i);
    if (found.length < namedRefusals) found.push({ position: i, id: columns.ids[i] ?? '', error });
  }
  return { found, foundAt };
}

const prefix = (field: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `${field}: ${problem}`;

/** @returns the embedding of each position that came with a text and no values. */
async function embedTexts(
  services: Services,
  { caller, stream }: KeepOptions,
  { rows, texts, count }: VectorColumns,
  positions: readonly number[] | undefined,
  model: string,
): Promise<Map<number, Float32Array>> {
  const embedded = new Map<number, Float32Array>();
  const wanted: { position: number; text: string }[] = [];
  for (let i = 0; i < (positions?.length ?? count); i++) {
    const position = positions === undefined ? i : (positions[i] ?? 0);
    const text = texts?.[position];
    if (text !== undefined && rows.length(position) === 0) wanted.push({ position, text });
  }
  if (wanted.length === 0) return embedded;
  const embed = async (start: number): Promise<EmbedResult> => {
    const some = wanted.slice(start, start + textsAtOnce);
    const texts = some.map(({ text }) => text);
    const result = await services.embedding.embed(texts, { model, priority: 'bulk' }, caller);
    for (const [at, vector] of result.embeddings.entries()) {
      const position = some[at]?.position;
      if (position !== undefined) embedded.set(position, vector);
    }
    return result;
  };
  const embedAll = async (): Promise<[EmbedResult, ...EmbedResult[]]> => {
    const results: [EmbedResult, ...EmbedResult[]] = [await embed(0)];
    for (let start = textsAtOnce; start < wanted.length; start += textsAtOnce) results.push(await embed(start));
    return results;
  };
  await metered(services, caller, wanted.length, embedAll, { stream });
  return embedded;
}

function toBatch(
  columns: VectorColumns,
  dimension: number,
  positions: readonly number[] | undefined,
  embedded: ReadonlyMap<number, Float32Array> | undefined,
): VectorBatch {
  const { ids, metadata, texts, rows } = columns;
  if (positions === undefined && (embedded === undefined || embedded.size === 0)) {
    return { ids, values: rows.values, metadata, ...(texts === undefined ? {} : { texts }) };
  }
  const kept = positions ?? ids.map((_, i) => i);
  const values = new Float32Array(kept.length * dimension);
  for (const [row, position] of kept.entries()) values.set(embedded?.get(position) ?? rows.row(position), row * dimension);
  return {
    ids: kept.map((position) => ids[position] ?? ''),
    values,
    metadata: kept.map((position) => metadata[position] ?? '{}'),
    ...(texts === undefined ? {} : { texts: kept.map((position) => texts[position]) }),
  };
}
