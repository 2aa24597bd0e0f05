// What may be asked of an embedding beyond its text: the same words on every route of ours.

import Type from 'typebox';

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

/** A request's fields of these names. */
export interface AskedOptions {
  readonly normalize?: boolean | undefined;
  readonly precision?: 'fp32' | 'int8' | undefined;
  readonly input_type?: 'query' | 'document' | undefined;
  readonly prompt_name?: string | undefined;
  readonly truncate?: boolean | undefined;
  readonly dimensions?: number | undefined;
}
