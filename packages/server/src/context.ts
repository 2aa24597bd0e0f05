// The one place where the parts of a server are made and put together, and taken apart again in the opposite order.

import { openAccounts } from './accounts/account-services.js';
import { pendingSecretChecks } from './accounts/api-key.js';
import type { HttpParts } from './api/http/parts.js';
import { closeAll } from './close-all.js';
import type { Config } from './config/config.js';
import type { Embedding } from './embedding/embedding.js';
import { Indexes } from './indexes/indexes.js';
import { AnswerMemory } from './operations/answer-bound.js';
import type { Services } from './operations/operation.js';
import type { DataDirectory } from './store/data-directory.js';
import type { Logger } from './telemetry/logger.js';
import type { Metrics } from './telemetry/metrics.js';
import { systemMetrics } from './telemetry/system-metrics.js';
import { begin, type Begun } from './begin.js';
import { HeapTrimmer } from './process/heap-trimmer.js';
import { tuneNode } from './process/tune-node.js';
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
export async function createContext(config: Config, log: Logger, begun: Begun = begin(config, log)): Promise<Context> {
  const startedAt = Date.now();
  tuneNode();
  const { metrics } = begun;
  const trimmer = new HeapTrimmer();
  const opened: (() => Promise<void>)[] = [() => trimmer.close(), () => closeWhenOpen(begun.embedding)];
  const close = (): Promise<void> => closeAll(opened.splice(0).reverse());
  try {
    const directory = await begun.directory;
    opened.push(() => directory.close());
    const account = await openAccounts(config, directory.system, log);
    opened.push(() => account.close());
    const indexes = await openIndexes(config, directory, log);
    opened.push(() => indexes.close());
    const embedding = await begun.embedding;
    watch(metrics, indexes, embedding);
    metrics.watchQueue('key_checks', pendingSecretChecks);
    metrics.watchAccounts(() => ({
      refused: account.meter.refused,
      usageWaits: account.usage.isFailing,
      countsAlone: account.countsAlone(),
    }));
    const answers = new AnswerMemory(config.limits.maxAnswerMb);
    metrics.watchQueue('http_answer_bytes', () => answers.held);
    const readSystem = systemMetrics(config.dataDir);
    const services: Services = { config, indexes, embedding, account, answers, readSystem, version, startedAt };
    return { ...services, accounts: account.accounts, log, metrics, close };
  } catch (error) {
    await close().catch((failure: unknown) => log.warn({ err: failure }, 'a part of the server could not be closed in order'));
    throw error;
  }
}

function closeWhenOpen(embedding: Promise<Embedding>): Promise<void> {
  return embedding.then(
    (room) => room.close(),
    () => undefined,
  );
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
      retryJobMilliseconds: 60_000,
      metadataBytes: limits.maxMetadataBytes,
      metadataCacheBytes: 32 * mib,
    },
  });
}

function watch(metrics: Metrics, indexes: Indexes, embedding: Embedding): void {
  metrics.watchIndexes(() => indexes.sizes().map(({ index, ...size }) => ({ ...size, id: index })));
  metrics.watchQueue('index_writes', () => indexes.sizes().reduce((sum, { writesWaiting }) => sum + writesWaiting, 0));
  metrics.watchQueue('remembered_metadata_bytes', () => indexes.rememberedBytes);
  metrics.watchCache(() => embedding.stats());
  metrics.watchEmbedding(() => embedding.stats());
  metrics.watchQueue('embedding_waiting', () => embedding.stats().queued);
  metrics.watchQueue('embedding_running', () => embedding.stats().inFlight);
}
