// The health of every part, as the embedding contracts show it.

import Type, { type Static } from 'typebox';
import { uptimeSeconds } from './health.js';
import { operation, type Services } from './operation.js';

const CacheInfo = Type.Object({
  cached_models: Type.Array(Type.String(), { description: 'models in memory' }),
  num_cached: Type.Integer({ description: 'how many models are in memory' }),
  max_cached: Type.Integer({ description: 'how many models may be in memory (MAX_CACHED_MODELS)' }),
  max_cached_models: Type.Integer({ description: 'the same as max_cached' }),
  cache_ttl: Type.Integer({ description: 'seconds after which an unused model leaves the memory; 0: never (MODEL_CACHE_TTL)' }),
  l1_entries: Type.Integer({ description: 'embeddings in memory' }),
  l1_hits: Type.Integer(),
  l1_misses: Type.Integer(),
  l2_hits: Type.Integer(),
});

export function cacheInfo({ embedding, config }: Pick<Services, 'embedding' | 'config'>): Static<typeof CacheInfo> {
  const { cacheEntries, cacheHits, cacheMisses, residents } = embedding.stats();
  return {
    cached_models: [...residents],
    num_cached: residents.length,
    max_cached: config.maxCachedModels,
    max_cached_models: config.maxCachedModels,
    cache_ttl: config.modelCacheTtlSeconds,
    l1_entries: cacheEntries,
    l1_hits: cacheHits.l1,
    l1_misses: cacheMisses + cacheHits.l2,
    l2_hits: cacheHits.l2,
  };
}

export const healthDetails = operation({
  name: 'health.details',
  summary: 'Is the server there, with its caches',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    status: Type.Literal('healthy'),
    version: Type.String(),
    uptime_seconds: Type.Number(),
    cache_info: CacheInfo,
    l2: Type.Enum(['up', 'down', 'off']),
    projects: Type.Array(Type.String()),
  }),
  run({ embedding, config, startedAt, version }) {
    return {
      status: 'healthy' as const,
      version,
      uptime_seconds: uptimeSeconds(startedAt),
      cache_info: cacheInfo({ embedding, config }),
      l2: embedding.stats().l2,
      projects: [],
    };
  },
});
