// The embedding cache counts for itself; Prometheus learns of it when it asks.
import { Counter, Gauge, type Registry } from 'prom-client';

/** What the cache says of itself, since its start. */
export interface CacheReading {
  readonly cacheHits: { readonly l1: number; readonly l2: number };
  readonly cacheMisses: number;
  readonly l2: 'up' | 'down' | 'off';
  readonly l2Faults: Readonly<Record<string, number>>;
}

type Labels = Readonly<Record<string, string>>;

/** `read` is asked at each scrape. */
export function addCacheMetrics(registry: Registry, read: () => CacheReading): void {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[], values: () => readonly (readonly [Labels, number])[]) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.inc(labels, value);
      },
    });
  counter('fastembed_cache_hits_total', 'Embeddings found in a cache', ['level'], () =>
    Object.entries(read().cacheHits).map(([level, count]) => [{ level }, count] as const),
  );
  counter('voisin_cache_misses_total', 'Embeddings that no cache had', [], () => [[{}, read().cacheMisses]]);
  counter('voisin_cache_l2_faults_total', 'What went wrong with Redis', ['kind'], () =>
    Object.entries(read().l2Faults).map(([kind, count]) => [{ kind }, count] as const),
  );
  const up = new Gauge({
    name: 'voisin_cache_l2_up',
    help: 'Redis is used (1) or away, slow or failing (0); no value without REDIS_URL',
    registers: [],
    collect() {
      const { l2 } = read();
      if (l2 === 'off') this.remove();
      else this.set(l2 === 'up' ? 1 : 0);
    },
  });
  registry.registerMetric(up);
}
