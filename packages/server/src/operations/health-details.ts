// The health of every part, as the embedding contracts show it.

import Type from 'typebox';
import { uptimeSeconds } from './health.js';
import { operation } from './operation.js';

export const healthDetails = operation({
  name: 'health.details',
  summary: 'Is the server there, with its caches',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    status: Type.Literal('healthy'),
    version: Type.String(),
    uptime_seconds: Type.Number(),
    cache_info: Type.Object({
      l1_entries: Type.Integer(),
      l1_hits: Type.Integer(),
      l1_misses: Type.Integer(),
      l2_hits: Type.Integer(),
    }),
    l2: Type.Enum(['up', 'down', 'off']),
    projects: Type.Array(Type.String()),
  }),
  run({ embedding, startedAt, version }) {
    const { cacheEntries, cacheHits, cacheMisses, l2 } = embedding.stats();
    return {
      status: 'healthy' as const,
      version,
      uptime_seconds: uptimeSeconds(startedAt),
      cache_info: { l1_entries: cacheEntries, l1_hits: cacheHits.l1, l1_misses: cacheMisses + cacheHits.l2, l2_hits: cacheHits.l2 },
      l2,
      projects: [],
    };
  },
});
