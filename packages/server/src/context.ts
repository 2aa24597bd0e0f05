// The one place where the parts of a server are made and put together, and taken apart again in the opposite order.

import { openAccounts } from './accounts/account-services.js';
import type { HttpParts } from './api/http/parts.js';
import type { Config } from './config/config.js';
import { Embedding } from './embedding/embedding.js';
import { Indexes } from './indexes/indexes.js';
import { helpersGiveWay } from './indexes/node-threads.js';
import type { Services } from './operations/operation.js';
import { DataDirectory } from './store/data-directory.js';
import type { Logger } from './telemetry/logger.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { systemMetrics } from './telemetry/system-metrics.js';
import { modelPlaces } from './open-models.js';
import { version } from './version.js';

export interface Context extends HttpParts {
  /** Snapshots what changed, ends the inference processes, gives the data directory back. */
  close(): Promise<void>;
}

const mib = 1024 * 1024;

/**
 * Opens the data directory and everything that works on it.
 * @throws VoisinError failed_precondition when another server has the directory
 */
export async function createContext(config: Config, log: Logger, metrics: Metrics = createMetrics()): Promise<Context> {
  const startedAt = Date.now();
  helpersGiveWay();
  const directory = await DataDirectory.open(config.dataDir);
  const opened: (() => Promise<void>)[] = [() => directory.close()];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    const account = await openAccounts(config, directory.system, log);
    opened.push(() => account.close());
    const indexes = await openIndexes(config, directory, log);
    opened.push(() => indexes.close());
    const embedding = await openEmbedding(config, log, metrics);
    opened.push(() => embedding.close());
    watch(metrics, indexes, embedding);
    metrics.watchAccounts(() => ({
      refused: account.meter.refused,
      usageWaits: account.usage.isFailing,
      countsAlone: account.countsAlone(),
    }));
    const services: Services = { config, indexes, embedding, account, readSystem: systemMetrics(config.dataDir), version, startedAt };
    return { ...services, accounts: account.accounts, log, metrics, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openIndexes({ limits, searchThreads, snapshotIntervalSeconds }: Config, directory: DataDirectory, log: Logger): Promise<Indexes> {
  return Indexes.open({
    directory,
    log,
    threads: searchThreads,
    limits: {
      maxIndexes: limits.maxIndexes,
      maxOpenIndexes: limits.maxOpenIndexes,
      idleMilliseconds: limits.indexIdleSeconds * 1000,
      queueBytes: limits.writeQueueMb * mib,
      groupBytes: 16 * mib,
      snapshotMilliseconds: snapshotIntervalSeconds * 1000,
      snapshotPauseMilliseconds: Math.min(30, snapshotIntervalSeconds) * 1000,
      metadataBytes: limits.maxMetadataBytes,
      metadataCacheBytes: 32 * mib,
    },
  });
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
    redis: config.redisUrl === undefined ? undefined : redisOptions(config, config.redisUrl),
    maxTextLength: config.limits.maxTextLength,
    maxQueuedQueries: config.limits.maxEmbedQueue,
    maxQueuedBulk: config.limits.maxEmbedQueue * 2,
    onInference: ({ seconds }) => metrics.observeInference(seconds),
    log,
  });
}

function redisOptions({ redisPrefix: prefix, cacheL2TtlSeconds: ttlSeconds, cacheL2TimeoutMs: timeoutMs }: Config, url: string) {
  return { url, prefix, ttlSeconds, timeoutMs };
}

function watch(metrics: Metrics, indexes: Indexes, embedding: Embedding): void {
  metrics.watchIndexes(() => indexes.sizes().map(({ index, ...size }) => ({ ...size, id: index })));
  metrics.watchQueue('index_writes', () => indexes.sizes().reduce((sum, { writesWaiting }) => sum + writesWaiting, 0));
  metrics.watchCache(() => embedding.stats());
  metrics.watchEmbedding(() => embedding.stats());
  metrics.watchQueue('embedding_waiting', () => embedding.stats().queued);
  metrics.watchQueue('embedding_running', () => embedding.stats().inFlight);
}
