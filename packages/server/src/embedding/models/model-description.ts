// What the files of a model say of it.
import { VoisinError } from '../../errors.js';
import type { Precision } from '../types.js';
import type { TokenizerRules } from './read-tokenizer-rules.js';

/** How token vectors become one, in the words of sentence-transformers; several are put one after another, in this order. */
export const poolingModes = ['cls', 'max', 'mean', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] as const;
export type PoolingMode = (typeof poolingModes)[number];

export const activations = ['identity', 'tanh', 'relu', 'gelu', 'sigmoid'] as const;
export type Activation = (typeof activations)[number];

/** A linear layer behind the pooling. */
export interface DenseLayer {
  /** Its weights in the safetensors format, relative to the model's directory. */
  readonly file: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
  readonly activation: Activation;
}

/** Texts that a model was trained to see before others, by name. */
export interface Prompts {
  readonly byName: Readonly<Record<string, string>>;
  /** The one for a text of which nothing is said. */
  readonly defaultName: string | undefined;
}

export interface ModelDescription {
  /** The full name, as on the Hugging Face hub: `sentence-transformers/all-MiniLM-L6-v2`. */
  readonly name: string;
  readonly directory: string;
  /** Where config.json and the tokenizer lie, relative to the directory; '' is the directory itself. */
  readonly transformerFolder: string;
  /** The ONNX file of each precision there is, relative to the directory; at least one. */
  readonly onnxFiles: Readonly<Partial<Record<Precision, string>>>;
  /** The files beside it that hold its weights, where they are too large for one file or lie apart: `model.onnx_data`. */
  readonly dataFiles: Readonly<Partial<Record<Precision, readonly string[]>>>;
  /** Precisions whose dynamic int8 takes its scales from all texts that run together: one at a time, a vector depends on its text alone. */
  readonly oneByOne: readonly Precision[];
  /** Every other file that the vectors depend on, relative to the directory. */
  readonly readFiles: readonly string[];
  /** Values of a vector. */
  readonly dimension: number;
  /** Values of a token's vector, before pooling. */
  readonly hiddenSize: number;
  /** Most tokens that the model reads of one text, special tokens included. */
  readonly maxTokens: number;
  /** Texts are put into lower case before the tokenizer sees them. */
  readonly lowercases: boolean;
  /** What counts whatever tokenizer.json says. */
  readonly tokenizerRules: TokenizerRules;
  readonly pooling: readonly PoolingMode[];
  readonly dense: readonly DenseLayer[];
  /** The model's own list of modules ends in a normalisation. */
  readonly normalizes: boolean;
  readonly padId: number;
  /** Positions begin at `padId` + 1 and not at 0; padding is at the position `padId`. */
  readonly positionsFollowPadding: boolean;
  readonly prompts: Prompts;
  /** What had to be assumed because no file says it, one sentence each. */
  readonly assumptions: readonly string[];
}

export const shortName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** The precisions that there are files of, the one of a request that names none before others. */
export const presentIn = (onnxFiles: ModelDescription['onnxFiles']): Precision[] =>
  (['fp32', 'int8'] as const).filter((precision) => onnxFiles[precision] !== undefined);

export const precisionsOf = ({ onnxFiles }: ModelDescription): Precision[] => presentIn(onnxFiles);

/** What an inference process needs to know of a model. */
export interface ModelToLoad {
  readonly directory: string;
  readonly transformerFolder: string;
  readonly onnxFile: string;
  /** What the vectors depend on beside it. */
  readonly readFiles: readonly string[];
  readonly dimension: number;
  readonly hiddenSize: number;
  readonly pooling: readonly PoolingMode[];
  readonly dense: readonly DenseLayer[];
  readonly padId: number;
  readonly positionsFollowPadding: boolean;
  /** These change what the texts become before the model sees them, and so its vectors. */
  readonly maxTokens: number;
  readonly lowercases: boolean;
  readonly tokenizerRules: TokenizerRules;
}

/** Throws `invalid_argument` where the model has no file of this precision. */
export function modelToLoad(description: ModelDescription, precision: Precision): ModelToLoad {
  const { name, onnxFiles } = description;
  const onnxFile = onnxFiles[precision];
  if (onnxFile === undefined) {
    const there = precisionsOf(description).join(' and ');
    const message = `model ${name} has no ${precision} file; there is ${there}`;
    throw new VoisinError('invalid_argument', message, { field: 'precision', accepted: precisionsOf(description) });
  }
  // Exactly these: a description also says what makes no difference to the vectors.
  const { directory, transformerFolder, dimension, hiddenSize, pooling, dense, padId, positionsFollowPadding } = description;
  const { maxTokens, lowercases, tokenizerRules } = description;
  const readFiles = [...(description.dataFiles[precision] ?? []), ...description.readFiles];
  const texts = { maxTokens, lowercases, tokenizerRules };
  return {
    directory,
    transformerFolder,
    onnxFile,
    readFiles,
    dimension,
    hiddenSize,
    pooling,
    dense,
    padId,
    positionsFollowPadding,
    ...texts,
  };
}
