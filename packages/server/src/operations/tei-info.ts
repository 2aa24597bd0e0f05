// What text-embeddings-inference says of itself at /info, of this server and its default model.

import Type from 'typebox';
import { operation } from './operation.js';

export const teiInfo = operation({
  name: 'tei.info',
  summary: 'The default model and the limits, as text-embeddings-inference says them',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    model_id: Type.String(),
    model_sha: Type.Union([Type.String(), Type.Null()], {
      description: 'one SHA-256 over all files that the vectors depend on; null until the model is loaded',
    }),
    model_dtype: Type.String(),
    model_type: Type.Object({ embedding: Type.Object({ pooling: Type.String(), dim: Type.Integer() }) }),
    max_concurrent_requests: Type.Integer(),
    max_input_length: Type.Integer({ description: 'tokens, special tokens included' }),
    max_batch_tokens: Type.Integer(),
    max_batch_requests: Type.Null(),
    max_client_batch_size: Type.Integer(),
    auto_truncate: Type.Literal(true),
    tokenization_workers: Type.Integer(),
    version: Type.String(),
    sha: Type.Null(),
    docker_label: Type.Null(),
  }),
  async run({ embedding, config, version }) {
    await embedding.refresh();
    const { name, dimension, maxTokens, hash, pooling } = embedding.model();
    const { maxInFlightRequests, maxBatchSize } = config.limits;
    return {
      model_id: name,
      model_sha: hash ?? null,
      model_dtype: 'float32',
      model_type: { embedding: { pooling: pooling?.join('+') ?? 'mean', dim: dimension } },
      max_concurrent_requests: maxInFlightRequests,
      max_input_length: maxTokens,
      max_batch_tokens: maxBatchSize * maxTokens,
      max_batch_requests: null,
      max_client_batch_size: maxBatchSize,
      auto_truncate: true as const,
      tokenization_workers: 1,
      version,
      sha: null,
      docker_label: null,
    };
  },
});
