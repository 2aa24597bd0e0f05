// What may be asked of an embedding beyond its text: the same words on every route of ours.

import Type from 'typebox';
import type { InputType } from '../embedding/index.js';

export const ModelName = Type.String({ minLength: 1, maxLength: 256, description: 'a full name, or the last part of one' });

export const embedOptions = {
  normalize: Type.Optional(Type.Boolean({ default: true, description: 'whether vectors have length 1' })),
  precision: Type.Optional(
    Type.Enum(['fp32', 'int8'], { default: 'fp32', description: 'int8 is about twice as fast and a little less exact' }),
  ),
  input_type: Type.Optional(Type.Enum(['query', 'document'], { description: 'the model’s own prompt for it is put before the text' })),
  prompt_name: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: 'a prompt of the model’s files, put before the text' }),
  ),
  truncate: Type.Optional(
    Type.Boolean({ default: true, description: 'cut what the model cannot read of a text; false: refuse such a text' }),
  ),
  dimensions: Type.Optional(
    Type.Integer({ minimum: 1, description: 'the first so many values, brought to length 1 again unless `normalize` is false' }),
  ),
};

/** The words of Cohere's and NVIDIA's clients for the same, as they come through clients of OpenAI's API. */
const inputTypes: Readonly<Record<string, InputType>> = {
  query: 'query',
  document: 'document',
  search_query: 'query',
  search_document: 'document',
  passage: 'document',
  classification: 'classification',
  clustering: 'clustering',
};

export const openAiEmbedOptions = {
  ...embedOptions,
  input_type: Type.Optional(
    Type.Enum(Object.keys(inputTypes), {
      description: 'the model’s own prompt for it is put before the text; Cohere’s and NVIDIA’s words are understood too',
    }),
  ),
  truncate: Type.Optional(
    Type.Union([Type.Boolean(), Type.Enum(['END', 'NONE'])], {
      default: true,
      'x-expected': 'true or "END", which cut the end of a long text, or false or "NONE", which refuse it',
      description: 'cut what the model cannot read of a text (true, "END"), or refuse such a text (false, "NONE")',
    }),
  ),
};

/** Cohere's and NVIDIA's words in ours. */
export function inOwnWords({
  input_type,
  truncate,
  ...options
}: Omit<AskedOptions, 'input_type' | 'truncate'> & {
  readonly input_type?: string | undefined;
  readonly truncate?: boolean | string | undefined;
}): AskedOptions {
  return {
    ...options,
    input_type: input_type === undefined ? undefined : inputTypes[input_type],
    truncate: typeof truncate === 'string' ? truncate !== 'NONE' : truncate,
  };
}

/** A request's fields of these names. */
export interface AskedOptions {
  readonly normalize?: boolean | undefined;
  readonly precision?: 'fp32' | 'int8' | undefined;
  readonly input_type?: InputType | undefined;
  readonly prompt_name?: string | undefined;
  readonly truncate?: boolean | undefined;
  readonly dimensions?: number | undefined;
}
