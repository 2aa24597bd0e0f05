// The embeddings of OpenAI's API, from models of this server.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { haveMoreTokens } from './count-tokens.js';
import { DialectInputs, takeInputs } from './dialect-inputs.js';
import { cutTexts, embedInputs } from './embed-inputs.js';
import { inOwnWords, ModelName, openAiEmbedOptions } from './embed-options.js';
import { operation } from './operation.js';
import { AnsweredVector, CutTexts } from './schemas.js';

export const openAiEmbeddings = operation({
  name: 'openai.embeddings',
  summary: 'Embed as OpenAI’s API does',
  input: Type.Object({ input: DialectInputs, model: ModelName, ...openAiEmbedOptions }, { additionalProperties: false }),
  output: Type.Object({
    object: Type.Literal('list'),
    data: Type.Array(Type.Object({ object: Type.Literal('embedding'), index: Type.Integer(), embedding: AnsweredVector })),
    model: Type.String({ description: 'as it was asked for' }),
    usage: Type.Object({ prompt_tokens: Type.Integer(), total_tokens: Type.Integer() }),
    truncated: Type.Optional(CutTexts),
  }),
  async run(services, caller, { input, model, ...options }) {
    const { maxOpenAiInputs, maxOpenAiTokens } = services.config.limits;
    const { inputs, field } = takeInputs(input, 'input');
    if (inputs.length === 0)
      throw new VoisinError('invalid_argument', 'input: expected at least one text, got an empty list', { field: 'input' });
    if (inputs.length > maxOpenAiInputs) throw tooMany('inputs', maxOpenAiInputs, 'MAX_OPENAI_INPUTS', inputs.length);
    if (await haveMoreTokens(services.embedding, { inputs, model, asker: caller }, maxOpenAiTokens))
      throw tooMany('tokens', maxOpenAiTokens, 'MAX_OPENAI_TOKENS', 'more');
    const result = await embedInputs(services, caller, {
      inputs,
      field,
      model,
      modelField: 'model',
      // Tokens are counted here, not characters.
      maxTextLength: Number.POSITIVE_INFINITY,
      priority: inputs.length === 1 ? 'query' : 'bulk',
      options: inOwnWords(options),
    });
    const used = result.tokens.reduce((sum, count) => sum + count, 0);
    const truncated = cutTexts(result);
    return {
      object: 'list' as const,
      data: result.embeddings.map((embedding, index) => ({ object: 'embedding' as const, index, embedding })),
      model,
      usage: { prompt_tokens: used, total_tokens: used },
      ...(truncated === undefined ? {} : { truncated }),
    };
  },
});

function tooMany(what: string, most: number, setting: string, got: number | 'more'): VoisinError {
  return new VoisinError('invalid_argument', `input: expected at most ${most} ${what} in a request (${setting}), got ${got}`, {
    field: 'input',
    limit: most,
  });
}
