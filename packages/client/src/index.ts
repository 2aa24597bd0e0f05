// @voisin/client: what a program may use of it.

export type { Account, CreatedKey, KeyFields, KeyInfo, KeyQuery, Tier, Usage, UsageQuery, User } from './account-types.js';
export { type Health, VoisinClient } from './client.js';
export type { EmbedBatchOptions } from './embed-batch.js';
export type { CutText, Embedded, EmbeddedBatch, EmbedFields, Progress, Similarities, SimilarityFields } from './embeddings.js';
export { type ErrorCode, errorCodes, type ErrorDetails, type ErrorFacts, VoisinError } from './errors.js';
export type { Values } from './floats.js';
export type { ImportOptions } from './import-vectors.js';
export { type AddOptions, IndexClient } from './index-client.js';
export type {
  Added,
  Filter,
  Hit,
  Imported,
  IndexDefinition,
  IndexInfo,
  IndexState,
  IndexStats,
  Metadata,
  Metric,
  NewVector,
  Query,
  RefusedVector,
  SearchFields,
  StoredVector,
  StreamFormat,
  VectorFields,
} from './index-types.js';
export type { CallOptions, ClientOptions, Retry } from './options.js';
export type { ApiRequest } from './transport.js';
