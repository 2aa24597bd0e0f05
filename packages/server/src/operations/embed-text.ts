// The embedding of one text, as the batch contract has it.

import Type from 'typebox';
import { cutFields, embedOne } from './embed-one.js';
import { embedOptions, ModelName } from './embed-options.js';
import { operation } from './operation.js';
import { AnsweredVector, ProcessingTime, processingTime } from './schemas.js';
import { characterCount } from './vector-values.js';

export const embedText = operation({
  name: 'embed.text',
  summary: 'Embed a text with a model that is named',
  input: Type.Object({ model_name: ModelName, text: Type.String(), ...embedOptions }, { additionalProperties: false }),
  output: Type.Object({
    embedding: AnsweredVector,
    model_name: Type.String({ description: 'as it was asked for' }),
    dimension: Type.Integer(),
    text_length: Type.Integer({ description: 'in characters' }),
    processing_time_ms: ProcessingTime,
    ...cutFields,
  }),
  async run(services, caller, input) {
    const started = performance.now();
    const { model_name, text } = input;
    const asked = { text, model: model_name, modelField: 'model_name', options: input } as const;
    const { embedding, dimension, cut } = await embedOne(services, caller, asked);
    return {
      embedding,
      model_name,
      dimension,
      text_length: characterCount(text),
      processing_time_ms: processingTime(started),
      ...cut,
    };
  },
});
