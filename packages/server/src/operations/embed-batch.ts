// The embeddings of many texts, as the batch contract has it.

import Type from 'typebox';
import { checkCount, cutTexts, embedInputs } from './embed-inputs.js';
import { embedOptions, ModelName } from './embed-options.js';
import { operation } from './operation.js';
import { AnsweredVector, CutTexts, ProcessingTime, processingTime } from './schemas.js';

export const embedBatch = operation({
  name: 'embed.batch',
  summary: 'Embed many texts with a model that is named',
  input: Type.Object({ model_name: ModelName, texts: Type.Array(Type.String()), ...embedOptions }, { additionalProperties: false }),
  output: Type.Object({
    embeddings: Type.Array(AnsweredVector, { description: 'in the order of the texts' }),
    model_name: Type.String({ description: 'as it was asked for' }),
    dimension: Type.Integer(),
    count: Type.Integer(),
    processing_time_ms: ProcessingTime,
    truncated: Type.Optional(CutTexts),
  }),
  async run(services, caller, { model_name, texts, ...options }) {
    const started = performance.now();
    const { maxBatchSize, maxTextLength } = services.config.limits;
    checkCount(texts.length, 'texts', maxBatchSize, 'MAX_BATCH_SIZE');
    const result = await embedInputs(services, caller, {
      inputs: texts,
      field: (position) => `texts[${position}]`,
      model: model_name,
      modelField: 'model_name',
      maxTextLength,
      priority: 'bulk',
      options,
    });
    const truncated = cutTexts(result);
    return {
      embeddings: result.embeddings,
      model_name,
      dimension: result.dimension,
      count: result.embeddings.length,
      processing_time_ms: processingTime(started),
      ...(truncated === undefined ? {} : { truncated }),
    };
  },
});
