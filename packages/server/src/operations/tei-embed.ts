// The embeddings of text-embeddings-inference, from the default model of this server.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { DialectInputs, takeInputs } from './dialect-inputs.js';
import { checkCount, embedInputs } from './embed-inputs.js';
import { embedOptions, ModelName } from './embed-options.js';
import { operation } from './operation.js';
import { AnsweredVector } from './schemas.js';

export const teiEmbed = operation({
  name: 'tei.embed',
  summary: 'Embed as text-embeddings-inference does',
  input: Type.Object(
    {
      inputs: DialectInputs,
      model: Type.Optional(ModelName),
      truncation_direction: Type.Optional(
        Type.Union([Type.Literal('right'), Type.Literal('Right'), Type.Literal('left'), Type.Literal('Left')]),
      ),
      ...embedOptions,
    },
    { additionalProperties: false },
  ),
  output: Type.Array(AnsweredVector, { description: 'in the order of the inputs' }),
  async run(services, caller, { inputs: came, model, truncation_direction, ...options }) {
    if (truncation_direction?.toLowerCase() === 'left') {
      throw new VoisinError('invalid_argument', 'truncation_direction: expected "right", the end of a text is what is cut, got "left"', {
        field: 'truncation_direction',
      });
    }
    const { maxBatchSize, maxTextLength } = services.config.limits;
    const { inputs, field } = takeInputs(came, 'inputs');
    checkCount(inputs.length, 'inputs', maxBatchSize, 'MAX_BATCH_SIZE');
    const { embeddings } = await embedInputs(services, caller, {
      inputs,
      field,
      model,
      modelField: 'model',
      // What the model cannot read is cut, however long it is.
      maxTextLength: options.truncate === false ? maxTextLength : Number.POSITIVE_INFINITY,
      priority: inputs.length === 1 ? 'query' : 'bulk',
      options,
    });
    return embeddings;
  },
});
