// Where the models are, as the configuration has it: for the server, and for the commands that look after models.
import type { Config } from './config/config.js';
import { ModelRegistry } from './embedding/models/model-registry.js';

export function modelPlaces({ modelsDir, bundledModelsDir, hub }: Config) {
  return { modelDirectories: modelsDir === bundledModelsDir ? [] : [modelsDir], hub, bundledModels: bundledModelsDir };
}

export function openRegistry(config: Config): Promise<ModelRegistry> {
  const { modelDirectories: folders, hub, bundledModels: bundled } = modelPlaces(config);
  return ModelRegistry.open({ folders, hub, bundled });
}
