// The embedding of one text, as the batch contract has it.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { embedInputs } from './embed-inputs.js';
import { embedOptions, ModelName, takeEmbedOptions } from './embed-options.js';
import { operation } from './operation.js';
import { ProcessingTime, processingTime, Vector } from './schemas.js';
import { characterCount } from './vector-values.js';

export const embedText = operation({
  name: 'embed.text',
  summary: 'Embed a text with a model that is named',
  input: Type.Object({ model_name: ModelName, text: Type.String(), ...embedOptions }, { additionalProperties: false }),
  output: Type.Object({
    embedding: Vector,
    model_name: Type.String({ description: 'as it was asked for' }),
    dimension: Type.Integer(),
    text_length: Type.Integer({ description: 'in characters' }),
    processing_time_ms: ProcessingTime,
    truncated: Type.Optional(Type.Literal(true, { description: 'the model could not read the text to its end' })),
    dropped_tokens: Type.Optional(Type.Integer({ description: 'how much of it was cut' })),
  }),
  async run(services, caller, { model_name, text, ...asked }) {
    const started = performance.now();
    const { embeddings, dimension, truncated, droppedTokens } = await embedInputs(services, caller, {
      inputs: [text],
      field: () => 'text',
      modelField: 'model_name',
      maxTextLength: services.config.limits.maxTextLength,
      options: { ...takeEmbedOptions(asked), model: model_name, priority: 'query' },
    });
    const [vector] = embeddings;
    if (vector === undefined) throw new VoisinError('internal', 'the model gave no embedding');
    return {
      embedding: vector,
      model_name,
      dimension,
      text_length: characterCount(text),
      processing_time_ms: processingTime(started),
      ...(truncated[0] === true ? { truncated: true as const, dropped_tokens: droppedTokens[0] ?? 0 } : {}),
    };
  },
});
