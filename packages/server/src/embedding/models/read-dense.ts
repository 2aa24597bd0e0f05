// 2_Dense/config.json: a linear layer behind the pooling.
import { activations, type DenseLayer } from './model-description.js';
import type { ModelFiles } from './model-files.js';
import { inFolder } from './read-modules.js';

/** The last part of the class that the file names: `torch.nn.modules.activation.Tanh`. */
const activationOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1).toLowerCase();

/** Values that the layer gives, without a look at its weights. */
export async function readDenseWidth(files: ModelFiles, folder: string): Promise<number | undefined> {
  const file = inFolder(folder, 'config.json');
  return files.integer(file, await files.object(file), 'out_features');
}

/** Throws `failed_precondition` where the layer does not take `inFeatures` values, or its weights are not in safetensors. */
export async function readDense(files: ModelFiles, folder: string, inFeatures: number): Promise<DenseLayer> {
  const configFile = inFolder(folder, 'config.json');
  const config = await files.object(configFile);
  const takes = files.integer(configFile, config, 'in_features');
  const outFeatures = files.integer(configFile, config, 'out_features');
  if (takes === undefined || outFeatures === undefined) throw files.broken(configFile, 'has no "in_features" or no "out_features"');
  if (takes !== inFeatures) throw files.broken(configFile, `takes ${takes} values where the module before it gives ${inFeatures}`);
  const named = config['activation_function'];
  const asked = typeof named === 'string' ? activationOf(named) : 'tanh';
  const activation = activations.find((known) => known === asked);
  if (!activation) throw files.broken(configFile, `has the activation ${asked}; ${activations.join(', ')} are accepted`);
  const file = inFolder(folder, 'model.safetensors');
  if (!(await files.isFile(file))) {
    const pickled = await files.isFile(inFolder(folder, 'pytorch_model.bin'));
    const advice = '; pytorch_model.bin beside it is not read, since reading it may run code: sentence-transformers saves the other';
    throw files.broken(file, `is missing${pickled ? advice : ''}`);
  }
  return { file, inFeatures, outFeatures, bias: config['bias'] !== false, activation };
}
