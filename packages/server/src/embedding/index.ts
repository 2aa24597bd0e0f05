// What the embedding room shows to the rest of the server.
export { Embedding, type EmbedOptions, type EmbedResult, type ModelInfo } from './embedding.js';
export type { EmbeddingLog, EmbeddingOptions } from './options.js';
export type { Priority } from './batcher.js';
