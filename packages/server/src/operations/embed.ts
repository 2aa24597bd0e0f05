// The embedding of one text.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { operation } from './operation.js';
import { Vector } from './schemas.js';
import { textProblem } from './vector-values.js';

export const embed = operation({
  name: 'embed',
  summary: 'Embed a text',
  input: Type.Object(
    {
      text: Type.String(),
      normalize: Type.Optional(Type.Boolean({ default: true, description: 'whether the vector has length 1' })),
      model: Type.Optional(Type.String({ minLength: 1, maxLength: 256, default: 'all-MiniLM-L6-v2' })),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    embedding: Vector,
    model: Type.String({ description: 'as it was asked for' }),
    tokens: Type.Integer({ description: 'word pieces of the text, without the special tokens' }),
    cached: Type.Boolean(),
    latency_ms: Type.Number({ description: 'the server’s own time' }),
  }),
  async run({ embedding, config }, { signal }, { text, normalize, model }) {
    const started = performance.now();
    const problem = textProblem(text, config.limits.maxTextLength);
    if (problem !== undefined) throw new VoisinError('invalid_argument', `text: ${problem}`, { field: 'text' });
    const { embeddings, tokens, cached, model: name } = await embedding.embed([text], { model, normalize, priority: 'query', signal });
    const [vector] = embeddings;
    if (vector === undefined) throw new VoisinError('internal', 'the model gave no embedding');
    return {
      embedding: vector,
      model: name,
      tokens: tokens[0] ?? 0,
      cached: (cached[0] ?? false) !== false,
      latency_ms: Math.round((performance.now() - started) * 1000) / 1000,
    };
  },
});
