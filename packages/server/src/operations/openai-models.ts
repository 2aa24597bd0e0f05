// The models of this server as OpenAI's API lists its own.

import Type from 'typebox';
import type { ModelInfo } from '../embedding/index.js';
import { ModelName } from './embed-options.js';
import { operation, type Services } from './operation.js';

const OpenAiModel = Type.Object({
  id: Type.String(),
  object: Type.Literal('model'),
  created: Type.Integer({ description: 'seconds since 1970; when the server started' }),
  owned_by: Type.String(),
});

export const openAiModels = operation({
  name: 'openai.models',
  summary: 'List the models as OpenAI’s API does',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({ object: Type.Literal('list'), data: Type.Array(OpenAiModel) }),
  async run(services) {
    await services.embedding.refresh();
    const usable = services.embedding.models().filter(({ problem }) => problem === undefined);
    return { object: 'list' as const, data: usable.map((model) => asOpenAi(services, model.name, model)) };
  },
});

export const openAiModel = operation({
  name: 'openai.model',
  summary: 'One model as OpenAI’s API shows it',
  input: Type.Object({ model: ModelName }, { additionalProperties: false }),
  output: OpenAiModel,
  async run(services, _caller, { model }) {
    await services.embedding.refresh();
    return asOpenAi(services, model, services.embedding.model(model));
  },
});

/** @param id the name that it was asked by */
function asOpenAi({ startedAt }: Services, id: string, { name }: ModelInfo) {
  const owner = name.includes('/') ? name.slice(0, name.indexOf('/')) : 'voisin';
  return { id, object: 'model' as const, created: Math.floor(startedAt / 1000), owned_by: owner };
}
