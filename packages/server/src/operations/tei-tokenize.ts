// The tokens of texts, as text-embeddings-inference shows them.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import type { TokenList } from '../embedding/index.js';
import { DialectInputs, takeInputs } from './dialect-inputs.js';
import { checkCount, checkText } from './embed-inputs.js';
import { ModelName } from './embed-options.js';
import { operation } from './operation.js';
import { tokenPlaces } from './token-places.js';

const Token = Type.Object({
  id: Type.Integer(),
  text: Type.String(),
  special: Type.Boolean(),
  start: Type.Union([Type.Integer(), Type.Null()], { description: 'in characters; null for a token that stands for no text' }),
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
    const lists = await embedding.tokenize(texts, { addSpecialTokens, model });
    return lists.map((list, position) => tokensOf(list, texts[position] ?? ''));
  },
});

/** A token that has a place in the text is shown as the text has it. */
function tokensOf({ ids, tokens, special, offsets }: TokenList, text: string) {
  const places =
    offsets ??
    tokenPlaces(
      text,
      tokens.map((token, at) => (special[at] === true ? '' : token)),
    );
  const characters = Array.from(text);
  return ids.map((id, at) => {
    const [token = '', isSpecial = false] = [tokens[at], special[at]];
    const place = isSpecial ? undefined : places[at];
    if (place === undefined) return { id, text: token, special: isSpecial, start: null, stop: null };
    const [start, stop] = place;
    return { id, text: characters.slice(start, stop).join(''), special: isSpecial, start, stop };
  });
}
