// The registry of models as the configuration has it: for the server, and for the commands that look after models.
import type { Config } from './config/config.js';
import type { RegistryOptions } from './embedding/models/model-registry.js';

export function registryOptions({ modelsDir, bundledModelsDir, hub }: Config): RegistryOptions {
  return { folders: modelsDir === bundledModelsDir ? [] : [modelsDir], hub, bundled: bundledModelsDir };
}
