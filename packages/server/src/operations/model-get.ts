// Whether a model is in memory, and since when.

import Type from 'typebox';
import { VoisinError } from '../errors.js';
import type { Embedding, ModelInfo } from '../embedding/index.js';
import { ModelName } from './embed-options.js';
import { operation } from './operation.js';

const Time = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

export const modelGet = operation({
  name: 'models.get',
  summary: 'Look at a model',
  input: Type.Object({ model_name: ModelName }, { additionalProperties: false }),
  output: Type.Object({
    model_name: Type.String({ description: 'as it was asked for' }),
    is_cached: Type.Boolean({ description: 'in memory now; false of a model that is not known' }),
    load_time: Type.Union([Type.Number(), Type.Null()], { description: 'seconds that loading it took' }),
    loaded_at: Time,
    last_used: Time,
  }),
  run: ({ embedding }, _caller, { model_name }) => modelStatus(model_name, find(embedding, model_name)),
});

/** @param name as it was asked for */
export function modelStatus(name: string, info: ModelInfo | undefined) {
  if (info?.resident !== true) return { model_name: name, is_cached: false, load_time: null, loaded_at: null, last_used: null };
  return {
    model_name: name,
    is_cached: true,
    load_time: info.loadSeconds === undefined ? null : Math.round(info.loadSeconds * 1000) / 1000,
    loaded_at: timeOf(info.loadedAt),
    last_used: timeOf(info.lastUsedAt),
  };
}

function find(embedding: Embedding, name: string): ModelInfo | undefined {
  try {
    return embedding.model(name);
  } catch (error) {
    if (error instanceof VoisinError) return undefined;
    throw error;
  }
}

function timeOf(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}
