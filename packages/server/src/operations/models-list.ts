// Which models there are, as the batch contract lists them.

import Type from 'typebox';
import { operation } from './operation.js';

const Names = Type.Array(Type.String());

export const modelsList = operation({
  name: 'models.list',
  summary: 'List the models',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({ required_models: Names, cached_models: Names, allowed_models: Names }),
  async run({ embedding, config }) {
    await embedding.refresh();
    const { allowedModels, requiredModels } = config;
    const known = embedding.models().map(({ name }) => name);
    return {
      required_models: [...requiredModels],
      cached_models: [...embedding.stats().residents],
      allowed_models: allowedModels.length > 0 ? [...allowedModels] : known,
    };
  },
});
