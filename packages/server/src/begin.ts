// How a server begins: its data are its own, and its models are being loaded.
import type { Config } from './config/config.js';
import { Embedding } from './embedding/embedding.js';
import { modelPlaces } from './open-models.js';
import { DataDirectory } from './store/data-directory.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';

/** What takes longest and needs nothing else: the required models are loaded while the rest of the program is. */
export interface Begun {
  readonly metrics: Metrics;
  readonly directory: Promise<DataDirectory>;
  readonly embedding: Promise<Embedding>;
}

const mib = 1024 * 1024;

/** Neither promise need be waited for: whoever does hears of a failure. */
export function begin(config: Config, log: Logger): Begun {
  const metrics = createMetrics();
  const directory = DataDirectory.open(config.dataDir);
  // A server that another one keeps from its data loads nothing.
  const embedding = directory.then(() => openEmbedding(config, log, metrics));
  embedding.catch(() => undefined);
  return { metrics, directory, embedding };
}

function openEmbedding(config: Config, log: Logger, metrics: Metrics): Promise<Embedding> {
  return Embedding.open({
    ...modelPlaces(config),
    requiredModels: config.requiredModels,
    allowedModels: config.allowedModels,
    maxCachedModels: config.maxCachedModels,
    modelIdleMs: config.modelCacheTtlSeconds * 1000,
    cleanupIntervalMs: config.cleanupIntervalSeconds * 1000,
    workers: config.inferenceWorkers,
    threadsPerWorker: config.inferenceThreads,
    cacheEntries: config.cacheL1Entries,
    cacheBytes: config.cacheL1Mb * mib,
    cachePerTenant: config.cachePerTenant,
    redis: config.redisUrl === undefined ? undefined : redisOptions(config, config.redisUrl),
    maxTextLength: config.limits.maxTextLength,
    maxQueuedQueries: config.limits.maxEmbedQueue,
    // Beside the queries, and more of them: a batch is many texts at once.
    maxQueuedBulk: config.limits.maxEmbedQueue * 2,
    onInference: ({ seconds }) => metrics.observeInference(seconds),
    log,
  });
}

function redisOptions({ redisPrefix: prefix, cacheL2TtlSeconds: ttlSeconds, cacheL2TimeoutMs: timeoutMs }: Config, url: string) {
  return { url, prefix, ttlSeconds, timeoutMs };
}
