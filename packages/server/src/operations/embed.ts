// The embedding of one text.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { embedInputs } from './embed-inputs.js';
import { embedOptions, ModelName, takeEmbedOptions } from './embed-options.js';
import { operation } from './operation.js';
import { Vector } from './schemas.js';

export const embed = operation({
  name: 'embed',
  summary: 'Embed a text',
  input: Type.Object({ text: Type.String(), model: Type.Optional(ModelName), ...embedOptions }, { additionalProperties: false }),
  output: Type.Object({
    embedding: Vector,
    model: Type.String({ description: 'as it was asked for' }),
    tokens: Type.Integer({ description: 'word pieces of the text, without the special tokens' }),
    cached: Type.Boolean(),
    latency_ms: Type.Number({ description: 'the server’s own time' }),
    truncated: Type.Optional(Type.Literal(true, { description: 'the model could not read the text to its end' })),
    dropped_tokens: Type.Optional(Type.Integer({ description: 'how much of it was cut' })),
  }),
  async run(services, caller, { text, model, ...asked }) {
    const started = performance.now();
    const {
      embeddings,
      tokens,
      cached,
      truncated,
      droppedTokens,
      model: name,
    } = await embedInputs(services, caller, {
      inputs: [text],
      field: () => 'text',
      modelField: 'model',
      maxTextLength: services.config.limits.maxTextLength,
      options: { ...takeEmbedOptions(asked), model, priority: 'query' },
    });
    const [vector] = embeddings;
    if (vector === undefined) throw new VoisinError('internal', 'the model gave no embedding');
    return {
      embedding: vector,
      model: name,
      tokens: tokens[0] ?? 0,
      cached: (cached[0] ?? false) !== false,
      latency_ms: Math.round((performance.now() - started) * 1000) / 1000,
      ...(truncated[0] === true ? { truncated: true as const, dropped_tokens: droppedTokens[0] ?? 0 } : {}),
    };
  },
});
