// Where transformers lets tokenizer_config.json overrule tokenizer.json, and by which side a long text is cut.
// Compared with transformers 4.57 and 5.24; where these two differ, tokenizer.json counts.
import { inFolder } from './read-modules.js';
import type { JsonObject, ModelFiles } from './model-files.js';

export interface TokenizerRules {
  /** Fields of a BertNormalizer, which has these values whatever tokenizer.json says. */
  readonly bertNormalizer: BertNormalizerRules | undefined;
  /** Of a ByteLevel pre-tokenizer; undefined: as tokenizer.json says. */
  readonly addPrefixSpace: boolean | undefined;
  /** undefined: as tokenizer.json says. */
  readonly truncationSide: TruncationSide | undefined;
}

export interface BertNormalizerRules {
  readonly lowercase: boolean;
  readonly strip_accents: boolean | null;
  readonly handle_chinese_chars: boolean;
}

/** The side at which a text loses what the model cannot read. */
export type TruncationSide = 'left' | 'right';

/** Tokenizer classes that make their BertNormalizer from the configuration. */
const bertClasses = new Set(
  ['Bert', 'DistilBert', 'Electra', 'Funnel', 'LayoutLM', 'Lxmert', 'MPNet', 'MobileBert', 'Splinter', 'SqueezeBert'].map(named),
);
/** Model types that have such a class where tokenizer_config.json names none. */
const bertTypes = new Set([
  'bert',
  'distilbert',
  'electra',
  'ernie',
  'funnel',
  'layoutlm',
  'lxmert',
  'megatron-bert',
  'mobilebert',
  'mpnet',
  'nomic_bert',
  'splinter',
  'squeezebert',
]);

/** Tokenizer classes that put a space before a text only where the configuration says so. */
const byteLevelClasses = new Set(['Bart', 'Deberta', 'GPT2', 'LED', 'Longformer', 'Qwen2', 'Roberta'].map(named));
const byteLevelTypes = new Set([
  'bart',
  'data2vec-text',
  'deberta',
  'gpt2',
  'ibert',
  'led',
  'longformer',
  'qwen2',
  'roberta',
  'roberta-prelayernorm',
]);

function named(family: string): string {
  return `${family}Tokenizer`;
}

/** tokenizer_config.json; empty where the model has none. */
export async function readTokenizerConfig(files: ModelFiles, folder: string): Promise<JsonObject> {
  const file = inFolder(folder, 'tokenizer_config.json');
  return (await files.isFile(file)) ? files.object(file) : {};
}

/** @param config the model's config.json */
export function tokenizerRules(tokenizerConfig: JsonObject, config: JsonObject): TokenizerRules {
  const { tokenizer_class: named } = tokenizerConfig;
  const name = typeof named === 'string' ? named.replace(/Fast$/, '') : undefined;
  const type = String(config['model_type']);
  const isOf = (classes: ReadonlySet<string>, types: ReadonlySet<string>): boolean =>
    name === undefined ? types.has(type) : classes.has(name);
  const flag = (field: string): boolean | undefined => {
    const value = tokenizerConfig[field];
    return typeof value === 'boolean' ? value : undefined;
  };
  const side = tokenizerConfig['truncation_side'];
  return {
    bertNormalizer: isOf(bertClasses, bertTypes)
      ? {
          lowercase: flag('do_lower_case') ?? true,
          strip_accents: flag('strip_accents') ?? null,
          handle_chinese_chars: flag('tokenize_chinese_chars') ?? true,
        }
      : undefined,
    addPrefixSpace: flag('add_prefix_space') ?? (isOf(byteLevelClasses, byteLevelTypes) ? false : undefined),
    truncationSide: side === 'left' || side === 'right' ? side : undefined,
  };
}
