// What the embedding room shows to the rest of the server.
export { Embedding } from './embedding.js';
export type { EmbeddingLog, EmbeddingOptions } from './options.js';
export type * from './types.js';
