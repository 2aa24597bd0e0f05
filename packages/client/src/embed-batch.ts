// Any number of texts as requests to /v1/embeddings.

import type { CutText, EmbeddedBatch, EmbedFields, Progress } from './embeddings.js';
import { VoisinError } from './errors.js';
import { floatsOf } from './floats.js';
import { checkCount, inBatches } from './in-batches.js';
import { listOf } from './list-of.js';
import type { CallOptions } from './options.js';
import type { Transport } from './transport.js';

export interface EmbedBatchOptions extends CallOptions {
  /** Most texts of one request; default 32. */
  readonly batchSize?: number;
  /** Requests under way at a time; default 2: while one is computed, the other is on its way. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** This route names its model always; /v1/embed has the same default. */
const defaultModel = 'all-MiniLM-L6-v2';
/** The server takes 300,000 tokens a request, and a token is a byte of UTF-8 or more: one character of Korean may be three. */
const mostBytes = 300_000;

export async function embedBatch(
  transport: Transport,
  texts: readonly string[],
  fields: EmbedFields,
  { batchSize = 32, concurrency = 2, onProgress, ...call }: EmbedBatchOptions,
): Promise<EmbeddedBatch> {
  const model = fields.model ?? defaultModel;
  const patience = transport.patience(call);
  const utf8 = new TextEncoder();
  const batches = {
    batchSize: checkCount('batchSize', batchSize),
    concurrency: checkCount('concurrency', concurrency),
    signal: call.signal,
    onProgress,
    weightOf: (position: number): number => utf8.encode(texts[position]).length,
    mostWeight: mostBytes,
  };
  const parts = await inBatches(texts.length, batches, async ({ start, end }, signal) => {
    const body = { input: texts.slice(start, end), ...fields, model, encoding_format: 'base64' };
    const answer = await transport.json<SaidEmbeddings>({ method: 'POST', path: '/v1/embeddings', body }, { ...call, signal }, patience);
    const embeddings = inOrder(listOf('data', answer.data), end - start);
    const truncated = (answer.truncated ?? []).map((cut) => ({ ...cut, index: cut.index + start }));
    return { embeddings, truncated, tokens: answer.usage.prompt_tokens };
  });
  return {
    embeddings: parts.flatMap(({ embeddings }) => embeddings),
    model,
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
    truncated: parts.flatMap(({ truncated }) => truncated),
  };
}

interface SaidEmbeddings {
  readonly data: readonly { readonly index: number; readonly embedding: string }[];
  readonly usage: { readonly prompt_tokens: number };
  readonly truncated?: readonly CutText[];
}

/** A vector in another text's place would be found by nobody: each must be there, once. */
function inOrder(data: SaidEmbeddings['data'], count: number): Float32Array[] {
  const embeddings = new Array<Float32Array>(count);
  for (const { index, embedding } of data) embeddings[index] = floatsOf(embedding);
  const missing = embeddings.findIndex((vector) => vector === undefined);
  if (data.length !== count || embeddings.length !== count || missing >= 0) {
    throw new VoisinError('internal', `embeddings: expected one for each of ${count} texts, got ${data.length}`);
  }
  return embeddings;
}
