// 1_Pooling/config.json in its two dialects: one word (or a list of words), and one boolean for each mode.
import type { JsonObject, ModelFiles } from './model-files.js';
import { poolingModes, type PoolingMode } from './model-description.js';
import { inFolder } from './read-modules.js';

export interface PoolingConfig {
  readonly file: string;
  readonly modes: readonly PoolingMode[];
  /** Values of a token's vector, where the file says it. */
  readonly width: number | undefined;
  /** False: the prompt's tokens are left out of the pooling. */
  readonly includesPrompt: boolean;
}

const flags: Readonly<Record<string, PoolingMode>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

export async function readPooling(files: ModelFiles, folder: string): Promise<PoolingConfig> {
  const file = inFolder(folder, 'config.json');
  const config = await files.object(file);
  const asked = askedModes(config);
  const modes = poolingModes.filter((mode) => asked.includes(mode));
  if (asked.length === 0 || modes.length !== asked.length) {
    const accepted = poolingModes.join(', ');
    throw files.broken(file, `asks for the pooling ${asked.join(' + ') || 'none'}; ${accepted} are accepted, one or several`);
  }
  const width = files.integer(file, config, 'word_embedding_dimension') ?? files.integer(file, config, 'embedding_dimension');
  return { file, modes, width, includesPrompt: config['include_prompt'] !== false };
}

function askedModes(config: JsonObject): string[] {
  const mode = config['pooling_mode'];
  if (typeof mode === 'string') return [mode];
  if (Array.isArray(mode)) return mode.map(String);
  const set = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true);
  return set.map((flag) => flags[flag] ?? flag);
}

/** Where no file says how to pool, sentence-transformers takes the mean; what config.json says of a class token is not its business. */
export const assumedPooling: readonly PoolingMode[] = ['mean'];
