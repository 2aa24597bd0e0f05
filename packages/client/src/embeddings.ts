// What an embedding is asked with and answered by. Fields are named as in the REST API.

export interface EmbedFields {
  /** Full name or the last part of it; when left out the bundled one, all-MiniLM-L6-v2. */
  readonly model?: string;
  /** Whether vectors have length 1; default true. */
  readonly normalize?: boolean;
  readonly precision?: 'fp32' | 'int8';
  /** For models that treat questions and passages differently. */
  readonly input_type?: 'query' | 'document';
  /** One of the model's own prompts, by name. */
  readonly prompt_name?: string;
  /** The first so many values, of length 1 again. */
  readonly dimensions?: number;
  /** Default true: what the model cannot read of a long text is cut off. False: such a text is an error. */
  readonly truncate?: boolean;
}

export interface Embedded {
  readonly embedding: Float32Array;
  /** As it was asked for. */
  readonly model: string;
  /** Word pieces of the text, without the special tokens. */
  readonly tokens: number;
  readonly cached: boolean;
  /** The server's own time, in milliseconds. */
  readonly latency_ms: number;
  /** There when the model could not read the text to its end. */
  readonly truncated?: true;
  /** Of a text of more than 65,536 characters at least so many. */
  readonly dropped_tokens?: number;
}

export interface CutText {
  /** The text's position, from 0. */
  readonly index: number;
  /** Of a text of more than 65,536 characters at least so many. */
  readonly dropped_tokens: number;
}

export interface EmbeddedBatch {
  /** In the order of the texts. */
  readonly embeddings: readonly Float32Array[];
  readonly model: string;
  /** Of all texts together. */
  readonly tokens: number;
  /** The texts that the model could not read to their ends. */
  readonly truncated: readonly CutText[];
}

export interface SimilarityFields extends Omit<EmbedFields, 'normalize'> {
  /** What each text is compared with; the texts themselves when left out. */
  readonly against?: readonly string[];
  /** `input_type` of `against`; the same when left out. */
  readonly against_input_type?: 'query' | 'document';
}

export interface Similarities {
  /** A row for each text, a cosine for each of `against`. */
  readonly similarities: readonly (readonly number[])[];
  readonly model: string;
  readonly tokens: number;
  readonly latency_ms: number;
  /** The texts, and those of `against`, that the model could not read to their ends; there when there are some. */
  readonly truncated?: readonly CutText[];
  readonly against_truncated?: readonly CutText[];
}

export interface Progress {
  /** Never goes back. */
  readonly done: number;
  readonly total: number;
}
