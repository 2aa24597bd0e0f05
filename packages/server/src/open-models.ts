// Where the models are, as the configuration has it: for the server, and for the commands that look after models.
import type { Config } from './config/config.js';
import { ModelLibrary } from './embedding/model-library.js';
import { repositoryName, snapshotOf } from './embedding/models/hub-cache.js';

export function modelPlaces({ modelsDir, bundledModelsDir, hub }: Config) {
  return { modelDirectories: modelsDir === bundledModelsDir ? [] : [modelsDir], hub, bundledModels: bundledModelsDir };
}

export function openModelLibrary(config: Config): ModelLibrary {
  const { modelDirectories: folders, hub, bundledModels: bundled } = modelPlaces(config);
  return new ModelLibrary({ folders, hub, bundled });
}

/** The directory of what the hub cache has of a model, be it weights alone; undefined where it has nothing. */
export async function inHubCache({ hub }: Config, name: string): Promise<string | undefined> {
  return repositoryName.test(name) ? snapshotOf(hub.cache, name) : undefined;
}

export { convertWeights } from './embedding/conversion/convert-weights.js';
