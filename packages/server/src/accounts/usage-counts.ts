// Sums of usage.
import type { UsageCounts } from './records.js';

export function addCounts(a: UsageCounts, b: UsageCounts): UsageCounts {
  return {
    requests: a.requests + b.requests,
    embeddings: a.embeddings + b.embeddings,
    cacheHits: a.cacheHits + b.cacheHits,
    tokens: a.tokens + b.tokens,
    cost: a.cost + b.cost,
  };
}
