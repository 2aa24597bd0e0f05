// GET /metrics for who asks for JSON: the batch contract's numbers, with the times that loading and processing took.

import { cacheInfo } from '../../operations/health-details.js';
import { uptimeSeconds } from '../../operations/health.js';
import { modelStatus } from '../../operations/model-get.js';
import type { HttpParts } from './parts.js';

export async function metricsJson({ config, embedding, metrics, startedAt }: HttpParts): Promise<object> {
  const requests = await metrics.embedRequests();
  const { cacheHits, cacheMisses } = embedding.stats();
  return {
    total_requests: requests.count,
    total_embeddings: cacheHits.l1 + cacheHits.l2 + cacheMisses,
    cache_info: cacheInfo({ embedding, config }),
    uptime_seconds: uptimeSeconds(startedAt),
    models: embedding
      .models()
      .filter(({ resident }) => resident)
      .map((model) => modelStatus(model.name, model)),
    processing_time_ms: {
      mean: milliseconds(requests.mean),
      p50: milliseconds(requests.quantile(0.5)),
      p95: milliseconds(requests.quantile(0.95)),
      p99: milliseconds(requests.quantile(0.99)),
    },
  };
}

/** Two decimals; null before the first request. */
function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.round(seconds * 1e5) / 100;
}
