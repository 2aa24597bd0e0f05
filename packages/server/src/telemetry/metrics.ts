// What Prometheus reads at /metrics. Each server has its own registry, so that two in one process do not mix.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { type AccountReading, addAccountMetrics } from './account-metrics.js';
import { bucketQuantile } from './bucket-quantile.js';
import { addCacheMetrics, type CacheReading } from './cache-metrics.js';
import { addEmbeddingMetrics, type EmbeddingReading } from './embedding-metrics.js';

/** What an open index weighs, as the room of indexes tells it. */
export interface IndexSize {
  readonly tenant: string;
  readonly id: string;
  readonly vectors: number;
  readonly deadRows: number;
  readonly memoryBytes: number;
}

export interface FinishedRequest {
  readonly method: string;
  /** The route's pattern, never the path: ids would make a series each. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface EmbedRequests {
  readonly count: number;
  /** Undefined before the first request, as quantiles are. */
  readonly mean: number | undefined;
  quantile(quantile: number): number | undefined;
}

/** From a fifth of a millisecond, a search that hits everything, to the longest a request may take by default. */
const latencyBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter('voisin_http_requests_total', 'HTTP requests answered', ['method', 'route', 'status']);
  readonly #latency = this.#histogram('voisin_http_request_duration_seconds', 'Time from the request to the end of its answer', [
    'method',
    'route',
  ]);
  readonly #embedRequests = this.#counter('fastembed_requests_total', 'Requests for embeddings answered', ['status']);
  readonly #embedLatency = this.#histogram('fastembed_request_latency_seconds', 'Time of a request for embeddings', []);
  readonly #inference = this.#histogram('fastembed_inference_latency_seconds', 'Time of one run of a model', []);
  readonly #queues = new Map<string, () => number>();
  #indexes: () => readonly IndexSize[] = () => [];

  constructor() {
    // Process, memory, garbage collection and event-loop delay (nodejs_eventloop_lag_*, from perf_hooks.monitorEventLoopDelay).
    collectDefaultMetrics({ register: this.#registry });
    const queues = this.#queues;
    this.#registry.registerMetric(
      new Gauge({
        name: 'voisin_queue_length',
        help: 'What waits or is under way in a queue',
        labelNames: ['queue'],
        registers: [],
        collect() {
          for (const [queue, length] of queues) this.set({ queue }, length());
        },
      }),
    );
  }

  observeRequest({ method, route, status, seconds }: FinishedRequest): void {
    this.#requests.inc({ method, route, status });
    this.#latency.observe({ method, route }, seconds);
  }

  /** @param status the HTTP status, as fastembed's own label has it */
  observeEmbedRequest(status: number, seconds: number): void {
    this.#embedRequests.inc({ status });
    this.#embedLatency.observe(seconds);
  }

  /** The requests for embeddings so far, and their times in seconds. */
  async embedRequests(): Promise<EmbedRequests> {
    const [{ values: counts }, { values: times }] = await Promise.all([this.#embedRequests.get(), this.#embedLatency.get()]);
    const sum = times.find(({ metricName }) => metricName?.endsWith('_sum'))?.value ?? 0;
    const buckets = times
      .filter(({ metricName }) => metricName?.endsWith('_bucket'))
      .map(({ labels, value }) => ({ bound: boundOf(labels), count: value }));
    const observed = buckets.at(-1)?.count ?? 0;
    return {
      count: counts.reduce((total, { value }) => total + value, 0),
      mean: observed === 0 ? undefined : sum / observed,
      quantile: (quantile) => bucketQuantile(buckets, quantile),
    };
  }

  observeInference(seconds: number): void {
    this.#inference.observe(seconds);
  }

  /** `read` is asked at each scrape. */
  watchCache(read: () => CacheReading): void {
    addCacheMetrics(this.#registry, read);
  }

  /** `read` is asked at each scrape. */
  watchEmbedding(read: () => EmbeddingReading): void {
    addEmbeddingMetrics(this.#registry, read);
  }

  /** `read` is asked at each scrape. */
  watchAccounts(read: () => AccountReading): void {
    addAccountMetrics(this.#registry, read);
  }

  /** `length` is asked at each scrape. */
  watchQueue(queue: string, length: () => number): void {
    this.#queues.set(queue, length);
  }

  /** `sizes` is asked at each scrape; an index that it no longer names disappears. */
  watchIndexes(sizes: () => readonly IndexSize[]): void {
    this.#indexes = sizes;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @param sees whose indexes have a row each */
  async text(sees: (tenant: string) => boolean): Promise<string> {
    const sizes = this.#indexes().filter(({ tenant }) => sees(tenant));
    return (await this.#registry.metrics()) + (await indexRegistry(sizes).metrics());
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: latencyBuckets, registers: [this.#registry] });
  }
}

/** Made for each scrape, since callers see different indexes. */
function indexRegistry(sizes: readonly IndexSize[]): Registry {
  const registry = new Registry();
  const add = (name: string, help: string, value: (size: IndexSize) => number): void => {
    const gauge = new Gauge({ name, help, labelNames: ['tenant', 'index'], registers: [registry] });
    for (const size of sizes) gauge.set({ tenant: size.tenant, index: size.id }, value(size));
  };
  add('voisin_index_vectors', 'Vectors of an index in memory', (size) => size.vectors);
  add('voisin_index_dead_rows', 'Deleted or replaced rows that wait for compaction', (size) => size.deadRows);
  add('voisin_index_memory_bytes', 'Memory of an index', (size) => size.memoryBytes);
  return registry;
}

/** Of a bucket; prom-client adds the label to those that a histogram was made with. */
function boundOf({ le }: { readonly le?: number | string }): number {
  return le === '+Inf' ? Infinity : Number(le);
}

export function createMetrics(): Metrics {
  return new Metrics();
}
