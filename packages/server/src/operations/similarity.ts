// How near texts are to texts: the cosines of their embeddings.

import Type from 'typebox';
import type { EmbedResult } from '../embedding/index.js';
import { checkCount, embedInputs } from './embed-inputs.js';
import { embedOptions, ModelName, takeEmbedOptions } from './embed-options.js';
import { operation, type Caller, type Services } from './operation.js';
import { Vector } from './schemas.js';

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
    similarities: Type.Array(Vector, { description: 'a row for each of `texts`, a cosine for each of `against`' }),
    model: Type.String({ description: 'as it was asked for' }),
    tokens: Type.Integer({ description: 'of all texts, without the special tokens' }),
    latency_ms: Type.Number({ description: 'the server’s own time' }),
  }),
  async run(services, caller, { texts, against, against_input_type, model, ...asked }) {
    const started = performance.now();
    const { maxBatchSize } = services.config.limits;
    checkCount(texts.length, 'texts', maxBatchSize, 'MAX_BATCH_SIZE');
    if (against !== undefined) checkCount(against.length, 'against', maxBatchSize, 'MAX_BATCH_SIZE');
    const common = { ...takeEmbedOptions(asked), normalize: true, model };
    const inputType = against_input_type ?? asked.input_type;
    const of = embedded(services, caller);
    const [rows, columns] = await Promise.all([
      of(texts, 'texts', common),
      against === undefined && inputType === asked.input_type
        ? undefined
        : of(against ?? texts, against === undefined ? 'texts' : 'against', { ...common, inputType }),
    ]);
    const others = columns ?? rows;
    const counts = [...rows.tokens, ...(columns?.tokens ?? [])];
    return {
      similarities: rows.embeddings.map((row) => Float32Array.from(others.embeddings, (column) => dot(row, column))),
      model: rows.model,
      tokens: counts.reduce((sum, count) => sum + count, 0),
      latency_ms: Math.round((performance.now() - started) * 1000) / 1000,
    };
  },
});

function embedded(services: Services, caller: Caller) {
  const { maxTextLength } = services.config.limits;
  return (inputs: readonly string[], name: string, options: ReturnType<typeof takeEmbedOptions>): Promise<EmbedResult> =>
    embedInputs(services, caller, {
      inputs,
      field: (position) => `${name}[${position}]`,
      modelField: 'model',
      maxTextLength,
      options: { ...options, priority: 'query' },
    });
}

/** Of unit vectors. In double precision: a text and itself are 1 to seven digits. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
