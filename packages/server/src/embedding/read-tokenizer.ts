// tokenizer.json, with what transformers lets the configuration overrule, as Hugging Face's own tokenizer.
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { encodeText } from './encode-calls.js';
import type { ModelDescription } from './models/model-description.js';
import { isObject, ModelFiles, type JsonObject } from './models/model-files.js';
import { inFolder } from './models/read-modules.js';
import type { TokenizerRules, TruncationSide } from './models/read-tokenizer-rules.js';

export interface ReadTokenizer {
  readonly tokenizer: HuggingFaceTokenizer;
  /** The special tokens before and after every text. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** White space always ends a word: a text can be read in pieces. */
  readonly splitsAtSpaces: boolean;
  readonly truncationSide: TruncationSide;
}

export type TokenizerSource = Pick<
  ModelDescription,
  'name' | 'directory' | 'transformerFolder' | 'maxTokens' | 'lowercases' | 'tokenizerRules'
>;

/** Throws `failed_precondition` naming the file. */
export async function readTokenizer(model: TokenizerSource): Promise<ReadTokenizer> {
  const files = new ModelFiles(model.name, model.directory);
  const file = inFolder(model.transformerFolder, 'tokenizer.json');
  const definition = await files.object(file);
  if (!isObject(definition['model'])) throw files.broken(file, 'has no "model"');
  const { pre_tokenizer: splitter, truncation } = definition;
  const changes = changesOf(definition, model.tokenizerRules);
  try {
    const tokenizer =
      Object.keys(changes).length === 0
        ? HuggingFaceTokenizer.fromFile(files.path(file))
        : HuggingFaceTokenizer.fromString(JSON.stringify({ ...definition, ...changes }));
    // Texts are cut and padded here: by the file's own settings long texts would lose their ends unnoticed.
    tokenizer.disableTruncation();
    tokenizer.disablePadding();
    const [prefix, suffix] = await specialTokens(tokenizer);
    return {
      tokenizer,
      prefix,
      suffix,
      splitsAtSpaces: isObject(splitter) && splitter['type'] === 'BertPreTokenizer',
      truncationSide: model.tokenizerRules.truncationSide ?? sideOf(truncation),
    };
  } catch (error) {
    throw files.broken(file, `cannot be used: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Parts of tokenizer.json that have other values by the configuration. */
function changesOf(definition: JsonObject, { bertNormalizer, addPrefixSpace }: TokenizerRules): JsonObject {
  const { normalizer, pre_tokenizer: splitter, post_processor: processor } = definition;
  const changes: Record<string, unknown> = {};
  const change = (name: string, part: JsonObject, fields: JsonObject): void => {
    const differs = Object.entries(fields).some(([field, value]) => (part[field] ?? null) !== value);
    if (differs) changes[name] = { ...part, ...fields };
  };
  if (bertNormalizer && isObject(normalizer) && normalizer['type'] === 'BertNormalizer')
    change('normalizer', normalizer, { ...bertNormalizer });
  if (addPrefixSpace !== undefined && isObject(splitter) && splitter['type'] === 'ByteLevel') {
    change('pre_tokenizer', splitter, { add_prefix_space: addPrefixSpace });
    if (isObject(processor) && processor['type'] === 'RobertaProcessing')
      change('post_processor', processor, { add_prefix_space: addPrefixSpace });
  }
  return changes;
}

const sideOf = (truncation: unknown): TruncationSide => (isObject(truncation) && truncation['direction'] === 'Left' ? 'left' : 'right');

/** Texts of which at least one has a token in most vocabularies. */
const samples = ['a', 'the', '1', '.', 'ا', 'а', '中', 'あ', '가'];

/** Found by encoding a text with and without them. */
async function specialTokens(tokenizer: HuggingFaceTokenizer): Promise<[prefix: number[], suffix: number[]]> {
  const around = (await tokenizer.encode('', null)).getIds();
  if (around.length === 0) return [[], []];
  for (const sample of [...samples, ...vocabularyStart(tokenizer)]) {
    const encoded = await encodeText(tokenizer, sample).catch(() => undefined);
    const bare = encoded?.getLength() ?? 0;
    if (bare === 0) continue;
    const whole = await tokenizer.encode(sample, null);
    const first = whole.getSpecialTokensMask().indexOf(0);
    const ids = whole.getIds();
    return [ids.slice(0, first), ids.slice(first + bare)];
  }
  throw new Error('no text has a token');
}

function vocabularyStart(tokenizer: HuggingFaceTokenizer): string[] {
  const tokens = Array.from({ length: 64 }, (_, id) => tokenizer.idToToken(id));
  return tokens.flatMap((token) => (token === null ? [] : [token.replace(/^##/, '').replaceAll(/[▁Ġ]/g, ' ')]));
}
