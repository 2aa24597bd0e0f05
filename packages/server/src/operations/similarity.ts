// How near texts are to texts: the cosines of their embeddings.

import Type from 'typebox';
import type { EmbedResult } from '../embedding/index.js';
import { type Asked, checkCount, cutTexts, embedBoth, embedInputs } from './embed-inputs.js';
import { type AskedOptions, embedOptions, ModelName } from './embed-options.js';
import { operation, type Caller, type Services } from './operation.js';
import { AnsweredVector, CutTexts, Latency, latency } from './schemas.js';

const { normalize: _, ...options } = embedOptions;

export const similarity = operation({
  name: 'similarity',
  summary: 'Compare texts with texts',
  input: Type.Object(
    {
      texts: Type.Array(Type.String()),
      against: Type.Optional(
        Type.Array(Type.String(), { description: 'each of `texts` is compared with each of these; `texts` themselves when absent' }),
      ),
      against_input_type: Type.Optional(
        Type.Enum(['query', 'document'], { description: '`input_type` of `against`; the same when absent' }),
      ),
      model: Type.Optional(ModelName),
      ...options,
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    similarities: Type.Array(AnsweredVector, { description: 'a row for each of `texts`, a cosine for each of `against`' }),
    model: Type.String({ description: 'as it was asked for' }),
    tokens: Type.Integer({ description: 'of all texts, without the special tokens' }),
    latency_ms: Latency,
    truncated: Type.Optional(CutTexts),
    against_truncated: Type.Optional(CutTexts),
  }),
  async run(services, caller, { texts, against, against_input_type, model, ...asked }) {
    const started = performance.now();
    const { maxBatchSize } = services.config.limits;
    checkCount(texts.length, 'texts', maxBatchSize, 'MAX_BATCH_SIZE');
    if (against !== undefined) checkCount(against.length, 'against', maxBatchSize, 'MAX_BATCH_SIZE');
    const wanted = { ...asked, normalize: true, model };
    const inputType = against_input_type ?? asked.input_type;
    const rows = texts.map((text, position) => ({ text, field: `texts[${position}]` }));
    const columns = against?.map((text, position) => ({ text, field: `against[${position}]` }));
    const other = { ...wanted, input_type: inputType };
    const [left, right] =
      inputType === asked.input_type
        ? await embeddedTogether(services, caller, rows, columns ?? [], wanted)
        : await embedBoth(services, caller, askedOf(services, rows, wanted), askedOf(services, columns ?? rows, other));
    const truncated = cutTexts(left);
    const againstTruncated = right && cutTexts(right);
    return {
      similarities: left.embeddings.map((row) => Float32Array.from((right ?? left).embeddings, (column) => dot(row, column))),
      model: left.model,
      tokens: [...left.tokens, ...(right?.tokens ?? [])].reduce((sum, count) => sum + count, 0),
      latency_ms: latency(started),
      ...(truncated === undefined ? {} : { truncated }),
      ...(againstTruncated === undefined ? {} : { against_truncated: againstTruncated }),
    };
  },
});

interface Text {
  readonly text: string;
  readonly field: string;
}

type Side = Pick<EmbedResult, 'embeddings' | 'tokens' | 'truncated' | 'droppedTokens' | 'model'>;

interface Wanted extends AskedOptions {
  readonly model: string | undefined;
}

function askedOf({ config }: Services, texts: readonly Text[], wanted: Wanted): Asked {
  return {
    inputs: texts.map(({ text }) => text),
    field: (position) => texts[position]?.field ?? 'texts',
    model: wanted.model,
    modelField: 'model',
    maxTextLength: config.limits.maxTextLength,
    priority: 'query',
    options: wanted,
  };
}

/** @returns one side alone when its texts are compared with one another */
async function embeddedTogether(
  services: Services,
  caller: Caller,
  rows: readonly Text[],
  columns: readonly Text[],
  wanted: Wanted,
): Promise<readonly [Side, Side?]> {
  const all = await embedInputs(services, caller, askedOf(services, [...rows, ...columns], wanted));
  return columns.length === 0 ? [all] : [sideOf(all, 0, rows.length), sideOf(all, rows.length, all.embeddings.length)];
}

function sideOf({ embeddings, tokens, truncated, droppedTokens, model }: EmbedResult, start: number, end: number): Side {
  return {
    embeddings: embeddings.slice(start, end),
    tokens: tokens.slice(start, end),
    truncated: truncated.slice(start, end),
    droppedTokens: droppedTokens.slice(start, end),
    model,
  };
}

/** Of unit vectors. In double precision: a text and itself are 1 to seven digits. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
