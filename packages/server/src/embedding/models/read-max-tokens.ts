// How many tokens a model reads of a text: what sentence-transformers would take, and no more than the model has positions.
import type { JsonObject, ModelFiles } from './model-files.js';
import { inFolder } from './read-modules.js';

/** The files that sentence-transformers has written the length of a text to; the first that exists counts, in its order. */
const sentenceFiles = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (family) => `sentence_${family}_config.json`,
);

/** Model types that number positions from the one behind the padding's: the first ones are never used. */
const familiesBehindPadding = new Set([
  'camembert',
  'data2vec-text',
  'ernie_m',
  'esm',
  'ibert',
  'lilt',
  'longformer',
  'luke',
  'mpnet',
  'roberta',
  'roberta-prelayernorm',
  'xlm-roberta',
  'xlm-roberta-xl',
  'xmod',
]);

export interface TextLimit {
  readonly maxTokens: number;
  readonly lowercases: boolean;
  readonly assumption: string | undefined;
}

const ASSUMED = 512;

export async function readTextLimit(
  files: ModelFiles,
  folder: string,
  { config, tokenizerConfig }: { readonly config: JsonObject; readonly tokenizerConfig: JsonObject },
): Promise<TextLimit> {
  const [file, sentenceConfig] = await readSentenceConfig(files, folder);
  const wanted = files.integer(file, sentenceConfig, 'max_seq_length') ?? modelMaxLength(tokenizerConfig);
  const limits = [wanted, positions(files, folder, config)].filter((limit) => limit !== undefined);
  return {
    maxTokens: limits.length === 0 ? ASSUMED : Math.min(...limits),
    lowercases: sentenceConfig['do_lower_case'] === true,
    assumption: limits.length === 0 ? `no file limits the length of a text: ${ASSUMED} tokens` : undefined,
  };
}

async function readSentenceConfig(files: ModelFiles, folder: string): Promise<[file: string, config: JsonObject]> {
  for (const name of sentenceFiles) {
    const file = inFolder(folder, name);
    if (await files.isFile(file)) return [file, await files.object(file)];
  }
  return ['', {}];
}

/** Tokenizers without a limit carry the float 1e30, which is no length. */
function modelMaxLength(config: JsonObject): number | undefined {
  const value = config['model_max_length'];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function positions(files: ModelFiles, folder: string, config: JsonObject): number | undefined {
  const file = inFolder(folder, 'config.json');
  const count = files.integer(file, config, 'max_position_embeddings') ?? files.integer(file, config, 'n_positions');
  const unused = positionsFollowPadding(config) ? readPadId(config) + 1 : 0;
  return count === undefined ? undefined : count - unused;
}

/** The position of a text's first token is the padding's id and one, and padding has the padding's id as its position. */
export const positionsFollowPadding = (config: JsonObject): boolean => familiesBehindPadding.has(String(config['model_type']));

/** Where config.json has none, that of the family's own configuration class. */
export function readPadId(config: JsonObject): number {
  const value = config['pad_token_id'];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return positionsFollowPadding(config) ? 1 : 0;
}
