// The tokens of texts, as text-embeddings-inference shows them.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { DialectInputs, takeInputs } from './dialect-inputs.js';
import { checkCount, checkText } from './embed-inputs.js';
import { ModelName } from './embed-options.js';
import { operation } from './operation.js';

const Token = Type.Object({
  id: Type.Integer(),
  text: Type.String(),
  special: Type.Boolean(),
  start: Type.Union([Type.Integer(), Type.Null()], { description: 'in characters; null for a special token that is not in the text' }),
  stop: Type.Union([Type.Integer(), Type.Null()]),
});

export const teiTokenize = operation({
  name: 'tei.tokenize',
  summary: 'Show the tokens of texts',
  input: Type.Object(
    { inputs: DialectInputs, add_special_tokens: Type.Optional(Type.Boolean({ default: true })), model: Type.Optional(ModelName) },
    { additionalProperties: false },
  ),
  output: Type.Array(Type.Array(Token), { description: 'a list for each text' }),
  async run({ embedding, config }, _caller, { inputs: came, add_special_tokens: addSpecialTokens, model }) {
    const { maxBatchSize, maxTextLength } = config.limits;
    const { inputs, field } = takeInputs(came, 'inputs');
    checkCount(inputs.length, 'inputs', maxBatchSize, 'MAX_BATCH_SIZE');
    const texts = inputs.map((input, position) => {
      const place = field(position);
      if (typeof input !== 'string')
        throw new VoisinError('invalid_argument', `${place}: expected a text, got token ids`, { field: place });
      checkText(input, place, maxTextLength);
      return input;
    });
    return embedding.tokenize(texts, { addSpecialTokens, model });
  },
});
