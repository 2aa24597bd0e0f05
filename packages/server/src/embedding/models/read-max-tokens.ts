// How many tokens a model reads of a text: what sentence-transformers would take, and no more than the model has positions.
import type { JsonObject, ModelFiles } from './model-files.js';
import { inFolder } from './read-modules.js';

/** These number positions from the one behind the padding's, so that the first ones are never used. */
const positionsBehindPadding = new Set([
  'roberta',
  'xlm-roberta',
  'xlm-roberta-xl',
  'camembert',
  'mpnet',
  'longformer',
  'data2vec-text',
  'ernie_m',
]);

export interface TextLimit {
  readonly maxTokens: number;
  readonly lowercases: boolean;
  readonly assumption: string | undefined;
}

const ASSUMED = 512;

export async function readTextLimit(files: ModelFiles, folder: string, config: JsonObject): Promise<TextLimit> {
  const sentences = inFolder(folder, 'sentence_bert_config.json');
  const sentenceConfig = (await files.isFile(sentences)) ? await files.object(sentences) : {};
  const tokenizer = inFolder(folder, 'tokenizer_config.json');
  const tokenizerConfig = (await files.isFile(tokenizer)) ? await files.object(tokenizer) : {};
  const wanted = files.integer(sentences, sentenceConfig, 'max_seq_length') ?? modelMaxLength(tokenizerConfig);
  const limits = [wanted, positions(files, folder, config)].filter((limit) => limit !== undefined);
  return {
    maxTokens: limits.length === 0 ? ASSUMED : Math.min(...limits),
    lowercases: sentenceConfig['do_lower_case'] === true,
    assumption: limits.length === 0 ? `no file limits the length of a text: ${ASSUMED} tokens` : undefined,
  };
}

/** Tokenizers without a limit carry the float 1e30, which is no length. */
function modelMaxLength(config: JsonObject): number | undefined {
  const value = config['model_max_length'];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function positions(files: ModelFiles, folder: string, config: JsonObject): number | undefined {
  const file = inFolder(folder, 'config.json');
  const count = files.integer(file, config, 'max_position_embeddings') ?? files.integer(file, config, 'n_positions');
  const unused = positionsBehindPadding.has(String(config['model_type'])) ? readPadId(config) + 1 : 0;
  return count === undefined ? undefined : count - unused;
}

export function readPadId(config: JsonObject): number {
  const value = config['pad_token_id'];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
