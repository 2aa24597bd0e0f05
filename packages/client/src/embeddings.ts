// What an embedding is asked with and answered by. Fields are named as in the REST API.

export interface EmbedFields {
  /** Full name or the last part of it; the server's default when left out. */
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
}

export interface EmbeddedBatch {
  /** In the order of the texts. */
  readonly embeddings: readonly Float32Array[];
  readonly model: string;
  /** Of all texts together. */
  readonly tokens: number;
}

export interface Progress {
  /** Never goes back. */
  readonly done: number;
  readonly total: number;
}
