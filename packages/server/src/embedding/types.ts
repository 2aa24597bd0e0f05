// What the embedding room takes and gives: the types of its face.

export type Precision = 'fp32' | 'int8';

/** Queries run before bulk. */
export type Priority = 'query' | 'bulk';

/** A text, or the ids of its tokens: used as they are, with the model's special tokens around them where they are absent. */
export type Input = string | readonly number[];

/** What texts are embedded for. */
export type InputType = 'query' | 'document' | 'classification' | 'clustering';

export interface EmbedOptions {
  /** Full name or its last part; default the default model. */
  readonly model?: string | undefined;
  /** Vectors of length 1. Default true. */
  readonly normalize?: boolean | undefined;
  /** Default fp32. */
  readonly precision?: Precision | undefined;
  /** What the text is for: the prompt that the model's files have for it is put before it, if there is one. */
  readonly inputType?: InputType | undefined;
  /** The prompt of this name in the model's files; wins over `inputType`. */
  readonly promptName?: string | undefined;
  /** The first so many values of the vector, brought to length 1 again when `normalize`. Default all. */
  readonly dimensions?: number | undefined;
  /** What the model cannot read of a text is cut off; false: such a text is refused. Default true. */
  readonly truncate?: boolean | undefined;
  /** Longest text in characters, where the caller has a bound of its own. */
  readonly maxTextLength?: number | undefined;
  /** Default query. */
  readonly priority?: Priority | undefined;
}

/** Who waits. The signal is asked for when there is something to wait for: to make one costs a tenth of the whole answer to a known text. */
export interface Asker {
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Whose texts these are, where caches are separate by tenant. */
  readonly tenant?: string | undefined;
}

export type CacheLevel = 'l1' | 'l2';

/** One entry an input, in the order of the inputs. The vectors may be shared with other callers: never to be written to. */
export interface EmbedResult {
  readonly embeddings: Float32Array[];
  /** Word pieces read, without special tokens. */
  readonly tokens: number[];
  /** The cache that the vector came from, if one had it. */
  readonly cached: (CacheLevel | false)[];
  /** The text was longer than the model reads. */
  readonly truncated: boolean[];
  /** Word pieces that were cut off. */
  readonly droppedTokens: number[];
  /** The name that was asked by, else the short name of the default model. */
  readonly model: string;
  readonly fullName: string;
  /** Values of each vector: the model's, or `dimensions`. */
  readonly dimension: number;
}

export interface TokenizeOptions {
  readonly model?: string | undefined;
  /** Default true. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Longest text in characters, where the caller has a bound of its own. */
  readonly maxTextLength?: number | undefined;
}

export interface Token {
  readonly id: number;
  /** What the text has there; of a special token, its own name. */
  readonly text: string;
  /** One that the model wants around every text. A text that names a special token has a token with a place. */
  readonly special: boolean;
  /** In the text, in characters (code points); null for special tokens. */
  readonly start: number | null;
  readonly stop: number | null;
}

export interface ModelInfo {
  /** As on the Hugging Face hub: `sentence-transformers/all-MiniLM-L6-v2`. */
  readonly name: string;
  /** The last part of the name. */
  readonly shortName: string;
  /** Values of a vector; 0 for a model with a `problem`. */
  readonly dimension: number;
  /** Most tokens that the model reads of a text, special tokens included; the rest is cut off. 0 for a model with a `problem`. */
  readonly maxTokens: number;
  /** What its files offer; none for a model with a `problem`. */
  readonly precisions: readonly Precision[];
  /** How the vectors of tokens become one, in the words of sentence-transformers; several are put one after another. */
  readonly pooling?: readonly string[];
  /** One word for all files that its vectors depend on (SHA-256), once it was loaded. */
  readonly hash?: string;
  /** In memory now. */
  readonly resident: boolean;
  /** How long the last load took. */
  readonly loadSeconds?: number;
  /** Times in milliseconds since 1970. */
  readonly loadedAt?: number;
  readonly lastUsedAt?: number;
  /** Why the model cannot be used, where that is known. */
  readonly problem?: string;
}

export interface EmbeddingStats {
  /** Texts that wait for inference, and texts that run. */
  readonly queued: number;
  readonly inFlight: number;
  readonly cacheEntries: number;
  readonly cacheBytes: number;
  readonly cacheHits: { readonly l1: number; readonly l2: number };
  /** Texts that no cache had. */
  readonly cacheMisses: number;
  readonly l2: 'up' | 'down' | 'off';
  /** Of Redis: questions without an answer in time; entries that it refused, that were lost on the way to it, that were garbage in it. */
  readonly l2Faults: { readonly failures: number; readonly refused: number; readonly dropped: number; readonly garbage: number };
  /** Full names of the models in memory. */
  readonly residents: readonly string[];
  /** Process ids of the inference processes. */
  readonly workers: readonly number[];
  /** Processes that ended by themselves, since the start. */
  readonly restarts: number;
}
