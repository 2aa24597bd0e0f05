// The embedding of one text.

import Type from 'typebox';
import { cutFields, embedOne } from './embed-one.js';
import { embedOptions, ModelName } from './embed-options.js';
import { operation } from './operation.js';
import { AnsweredVector, Latency, latency } from './schemas.js';

export const embed = operation({
  name: 'embed',
  summary: 'Embed a text',
  input: Type.Object({ text: Type.String(), model: Type.Optional(ModelName), ...embedOptions }, { additionalProperties: false }),
  output: Type.Object({
    embedding: AnsweredVector,
    model: Type.String({ description: 'as it was asked for' }),
    tokens: Type.Integer({ description: 'word pieces of the text, without the special tokens' }),
    cached: Type.Boolean(),
    latency_ms: Latency,
    ...cutFields,
  }),
  async run(services, caller, input) {
    const started = performance.now();
    const asked = { text: input.text, model: input.model, modelField: 'model', options: input } as const;
    const { embedding, model, tokens, cached, cut } = await embedOne(services, caller, asked);
    return { embedding, model, tokens, cached, latency_ms: latency(started), ...cut };
  },
});
