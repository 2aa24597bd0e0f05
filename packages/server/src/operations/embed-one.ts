// The embedding of one text, for the routes that take one.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import { embedInputs } from './embed-inputs.js';
import type { AskedOptions } from './embed-options.js';
import type { Caller, Services } from './operation.js';
import { DroppedTokens } from './schemas.js';

/** What an answer says beside the embedding when the text was cut. */
export const cutFields = {
  truncated: Type.Optional(Type.Literal(true, { description: 'the model could not read the text to its end' })),
  dropped_tokens: Type.Optional(DroppedTokens),
};

export interface OneText {
  readonly text: string;
  readonly model: string | undefined;
  readonly modelField: 'model' | 'model_name';
  readonly options: AskedOptions;
}

export interface EmbeddedText {
  readonly embedding: Float32Array;
  readonly tokens: number;
  readonly cached: boolean;
  readonly model: string;
  readonly dimension: number;
  readonly cut: { readonly truncated?: true; readonly dropped_tokens?: number };
}

/** @throws what embedInputs throws, the text being called `text` */
export async function embedOne(services: Services, caller: Caller, { text, model, modelField, options }: OneText): Promise<EmbeddedText> {
  const result = await embedInputs(services, caller, {
    inputs: [text],
    field: () => 'text',
    model,
    modelField,
    maxTextLength: services.config.limits.maxTextLength,
    priority: 'query',
    options,
  });
  const [embedding] = result.embeddings;
  if (embedding === undefined) throw new VoisinError('internal', 'the model gave no embedding');
  return {
    embedding,
    tokens: result.tokens[0] ?? 0,
    cached: (result.cached[0] ?? false) !== false,
    model: result.model,
    dimension: result.dimension,
    cut: result.truncated[0] === true ? { truncated: true, dropped_tokens: result.droppedTokens[0] ?? 0 } : {},
  };
}
