// The options of the embedding room with their defaults, and the log it writes to.
import { availableParallelism } from 'node:os';
import type { RedisCacheOptions } from './cache/redis-cache.js';
import { shortName } from './models/model-description.js';
import type { HubSettings } from './models/hub-downloads.js';
import type { ModelPlace } from './models/model-places.js';

type LogMethod = (fields: object, message: string) => void;

/** The part of pino's logger that is used here. */
export interface EmbeddingLog {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

export interface EmbeddingOptions {
  /** Folders searched for models: `folder/model` and `folder/owner/model`. */
  readonly modelDirectories?: readonly string[];
  /** Models by name and place, before those found in folders. */
  readonly models?: readonly ModelPlace[];
  /** The Hugging Face hub and its cache, looked at after the folders. Default none. */
  readonly hub?: HubSettings | undefined;
  /** The folder of the models that come with the server, looked at last. Default none. */
  readonly bundledModels?: string | undefined;
  /** The model of a request that names none: full name or its last part. Default all-MiniLM-L6-v2, or the first allowed one where that is not. */
  readonly defaultModel?: string;
  /** Models that are loaded before `open` resolves, by full name or its last part; one that fails is its error. Default none. */
  readonly requiredModels?: readonly string[];
  /** Models that may be used, by full name or its last part. Default all. */
  readonly allowedModels?: readonly string[];
  /** Most models in memory; a model in two precisions counts twice. Default 5. */
  readonly maxCachedModels?: number;
  /** An unused model leaves the memory after so long (0: never), looked at in this interval. Defaults an hour and a minute. */
  readonly modelIdleMs?: number;
  readonly cleanupIntervalMs?: number;
  /** Inference processes of a model; 0: by load. One with two threads answers first, two with one thread carry more. Default 1. */
  readonly workers?: number;
  /** By load: the processes for texts that come at the same time leave the memory after so long without them. Default 30 s. */
  readonly teamStayMs?: number;
  /** Threads of each process. Default 2, or the number of cores if that is less. */
  readonly threadsPerWorker?: number;
  /** Threads without work spin for a while before they sleep: sooner answers on idle cores, later ones on busy cores. Default true, as ONNX Runtime has it. */
  readonly threadsSpin?: boolean;
  /** L1: most entries (default 10,000; 0 turns it off) and most bytes (default 64 MiB). */
  readonly cacheEntries?: number;
  readonly cacheBytes?: number;
  /** A tenant's request finds only vectors that requests of the same tenant made: what is in the cache says nothing of others. Default false. */
  readonly cachePerTenant?: boolean;
  /** L2; none without it. */
  readonly redis?: Omit<RedisCacheOptions, 'log'> | undefined;
  /** Longest text in characters. Default 8192. */
  readonly maxTextLength?: number;
  /** Most texts that wait or run; past it requests are refused as `unavailable`. Defaults 2,048 and 8,192. */
  readonly maxQueuedQueries?: number;
  readonly maxQueuedBulk?: number;
  /** Most padded tokens of one batch. Default 512. */
  readonly batchTokens?: number;
  /** A process that takes longer is ended and replaced. Defaults 60 s each. */
  readonly loadTimeoutMs?: number;
  readonly runTimeoutMs?: number;
  /** Told of every batch that ran: for the latency histogram of inference. */
  readonly onInference?: (batch: {
    readonly model: string;
    readonly texts: number;
    readonly tokens: number;
    readonly seconds: number;
  }) => void;
  readonly log?: EmbeddingLog;
}

export type Settings = Required<EmbeddingOptions>;

const nothing = (): void => undefined;
const silent: EmbeddingLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const bundled = 'all-MiniLM-L6-v2';

const defaultModel = (allowed: readonly string[]): string =>
  allowed.length === 0 || allowed.some((name) => shortName(name) === bundled) ? bundled : (allowed[0] ?? bundled);

/** The options with the defaults in place of what is absent. */
export function withDefaults(options: EmbeddingOptions): Settings {
  return {
    modelDirectories: options.modelDirectories ?? [],
    models: options.models ?? [],
    hub: options.hub,
    bundledModels: options.bundledModels,
    defaultModel: options.defaultModel ?? defaultModel(options.allowedModels ?? []),
    requiredModels: options.requiredModels ?? [],
    allowedModels: options.allowedModels ?? [],
    maxCachedModels: options.maxCachedModels ?? 5,
    modelIdleMs: options.modelIdleMs ?? 3_600_000,
    cleanupIntervalMs: options.cleanupIntervalMs ?? 60_000,
    workers: options.workers ?? 1,
    teamStayMs: options.teamStayMs ?? 30_000,
    threadsPerWorker: options.threadsPerWorker ?? Math.min(2, availableParallelism()),
    threadsSpin: options.threadsSpin ?? true,
    cacheEntries: options.cacheEntries ?? 10_000,
    cacheBytes: options.cacheBytes ?? 64 * 2 ** 20,
    cachePerTenant: options.cachePerTenant ?? false,
    redis: options.redis,
    maxTextLength: options.maxTextLength ?? 8192,
    maxQueuedQueries: options.maxQueuedQueries ?? 2048,
    maxQueuedBulk: options.maxQueuedBulk ?? 8192,
    batchTokens: options.batchTokens ?? 512,
    loadTimeoutMs: options.loadTimeoutMs ?? 60_000,
    runTimeoutMs: options.runTimeoutMs ?? 60_000,
    onInference: options.onInference ?? nothing,
    log: options.log ?? silent,
  };
}
