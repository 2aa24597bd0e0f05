// Every setting of the server, once: environment names, flags, --help and docs/configuration.md are made from this table.
import { limits, limitsGroup } from './limits.js';
import { hubSettings, hubToken } from './hub.js';
import { choice, integer, list, text, toggle, type Setting } from './setting.js';

const address = 'Address';
const data = 'Data';
const access = 'Access';
const observation = 'Logs and metrics';
const models = 'Models';

/** As on the Hugging Face hub: `owner/name` or `name`. */
const modelName = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/;

export const settings = {
  host: text('HOST', {
    group: address,
    default: '127.0.0.1',
    accepts: 'an address or a host name',
    placeholder: 'ADDRESS',
    pattern: /^[A-Za-z0-9._:%-]+$/,
    help: "Address to listen on. On any other than this machine's own (127.0.0.0/8, ::1, localhost) callers need a key.",
  }),
  port: integer('PORT', { group: address, default: 8000, min: 0, max: 65_535, help: 'Port for HTTP; 0 takes a free one and prints it.' }),
  zmqPort: integer('ZMQ_PORT', {
    group: address,
    default: 5555,
    min: 0,
    max: 65_535,
    help: 'Port for ZeroMQ (reserved: this version does not listen on it yet).',
  }),

  dataDir: text('FAISS_DATA_DIR', {
    group: data,
    flag: 'data-dir',
    default: './data',
    accepts: 'a folder',
    placeholder: 'FOLDER',
    help: 'Folder that holds the indexes. One server at a time uses it.',
  }),
  snapshotIntervalSeconds: integer('SNAPSHOT_INTERVAL_SECONDS', {
    group: data,
    default: 600,
    min: 1,
    max: 86_400,
    help: 'Longest time after a change until index.faiss is written anew. Changes are safe in the store before that.',
  }),

  allowAnonymous: toggle('ALLOW_ANONYMOUS', {
    group: access,
    default: false,
    help: 'Serve without keys on an address that others can reach. Everyone who reaches it may read and change everything.',
  }),
  enableCors: toggle('ENABLE_CORS', {
    group: access,
    default: true,
    help: 'Send CORS headers to the pages of CORS_ORIGINS. Never sent by a server without keys.',
  }),
  corsOrigins: list('CORS_ORIGINS', {
    group: access,
    accepts: 'a list of origins such as https://example.com, or *',
    placeholder: 'ORIGINS',
    pattern: /^(\*|https?:\/\/[^\s/,]+)$/,
    help: 'Origins of the web pages that may call the server, with commas between them; * for all.',
  }),

  enableRateLimit: toggle('ENABLE_RATE_LIMIT', {
    group: access,
    default: false,
    help: 'Bound the requests of each address to /embed, /embed/batch and /models. Tiers of keys are another thing.',
  }),
  rateLimitRequests: integer('RATE_LIMIT_REQUESTS', {
    group: access,
    default: 100,
    min: 1,
    max: 1_000_000_000,
    help: 'With ENABLE_RATE_LIMIT: requests a minute and an address; past it, 429 with Retry-After.',
  }),
  trustedProxies: list('TRUSTED_PROXIES', {
    group: access,
    accepts: 'a list of addresses or networks such as 10.0.0.1, 10.0.0.0/8 or loopback',
    placeholder: 'ADDRESSES',
    pattern: /^(loopback|linklocal|uniquelocal|[0-9A-Fa-f.:]+(\/\d{1,3})?)$/,
    help: 'Proxies whose X-Forwarded-For names the address of the caller, with commas between them.',
  }),

  tiersFile: text('TIERS_FILE', {
    group: access,
    default: '',
    defaultText: 'free, pro and scale',
    accepts: 'a YAML file',
    placeholder: 'FILE',
    help: 'Tiers of accounts: per_month, per_minute and cache_hit (what a vector from the cache counts) by name; see docs/accounts.md.',
  }),
  accountsGraceSeconds: integer('ACCOUNTS_GRACE_SECONDS', {
    group: access,
    default: 0,
    min: 0,
    max: 60,
    help: 'While PostgreSQL is away, keys that were checked in the last so many seconds go on working, with quotas counted apart; a key revoked meanwhile does too. With 0, 503 until it is back.',
  }),

  logLevel: choice('LOG_LEVEL', {
    group: observation,
    default: 'info',
    words: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    aliases: { warning: 'warn', critical: 'fatal', off: 'silent' },
    help: 'Least important message that is logged; INFO, WARNING and CRITICAL are understood too.',
  }),
  debug: toggle('DEBUG', {
    group: observation,
    default: false,
    help: 'LOG_LEVEL=debug, and the causes of internal errors in answers. Not for production.',
  }),
  enableMetrics: toggle('ENABLE_METRICS', { group: observation, default: true, help: 'Answer GET /metrics (403 when off).' }),
  metricsPublic: toggle('METRICS_PUBLIC', { group: observation, default: false, help: 'Answer GET /metrics without a key.' }),

  modelsDir: text('MODELS_DIR', {
    group: models,
    default: '',
    defaultText: 'the bundled models',
    accepts: 'a folder',
    placeholder: 'FOLDER',
    help: 'Folder with one folder a model, looked at before the bundled models.',
  }),
  requiredModels: list('REQUIRED_MODELS', {
    group: models,
    accepts: 'a list of model names such as BAAI/bge-small-en-v1.5, or none',
    placeholder: 'MODELS',
    pattern: modelName,
    default: ['sentence-transformers/all-MiniLM-L6-v2'],
    help: 'Models that are loaded before the port opens, with commas between them; one that fails stops the start. none: every model waits for its first use.',
  }),
  allowedModels: list('ALLOWED_MODELS', {
    group: models,
    accepts: 'a list of model names such as BAAI/bge-small-en-v1.5',
    placeholder: 'MODELS',
    pattern: modelName,
    defaultText: 'all',
    help: 'Models that may be used, by full name or its last part, with commas between them.',
  }),
  maxCachedModels: integer('MAX_CACHED_MODELS', {
    group: models,
    default: 5,
    min: 1,
    max: 1000,
    help: 'Models in memory at the same time; the longest unused one leaves for the next. A model in two precisions counts twice.',
  }),
  modelCacheTtlSeconds: integer('MODEL_CACHE_TTL', {
    group: models,
    default: 3600,
    min: 0,
    max: 31_536_000,
    help: 'Seconds after which an unused model leaves the memory; 0 keeps it.',
  }),
  cleanupIntervalSeconds: integer('CLEANUP_INTERVAL', {
    group: models,
    default: 60,
    min: 1,
    max: 86_400,
    help: 'Seconds between two looks for unused models.',
  }),
  inferenceWorkers: integer('THREAD_POOL_WORKERS', {
    group: models,
    default: 0,
    min: 0,
    max: 64,
    defaultText: '0 (by load: one over all cores, and one a core while texts keep coming at the same time)',
    help: 'Inference processes of a model. One with several threads answers a single caller first; more carry more at once.',
  }),
  inferenceThreads: integer('INFERENCE_THREADS', {
    group: models,
    default: 0,
    min: 0,
    max: 256,
    defaultText: '0 (the cores divided by the processes)',
    help: 'Threads of each inference process.',
  }),
  cacheL1Entries: integer('CACHE_L1_ENTRIES', {
    group: models,
    default: 10_000,
    min: 0,
    max: 100_000_000,
    help: 'Embeddings remembered in memory; 0 remembers none.',
  }),
  cacheL1Mb: integer('CACHE_L1_MB', {
    group: models,
    default: 64,
    min: 0,
    max: 1_048_576,
    help: 'Memory for remembered embeddings, in MiB; 0 remembers none.',
  }),
  cachePerTenant: toggle('CACHE_PER_TENANT', {
    group: models,
    default: false,
    help: 'Keep the cached embeddings of tenants apart, so that nobody can find out from `cached` or from the time of an answer which texts another tenant embeds. A text of two tenants is then computed twice.',
  }),
  cacheL2TtlSeconds: integer('CACHE_L2_TTL', {
    group: models,
    default: 86_400,
    min: 1,
    max: 31_536_000,
    help: 'How long Redis keeps an embedding, in seconds. With REDIS_URL.',
  }),
  cacheL2TimeoutMs: integer('CACHE_L2_TIMEOUT_MS', {
    group: models,
    default: 4,
    min: 1,
    max: 1000,
    help: 'How long a text is held back for Redis, in milliseconds, before the model has it. Redis is left alone while it is slower.',
  }),
  redisPrefix: text('REDIS_PREFIX', {
    group: models,
    default: 'voisin:',
    accepts: '1 to 64 printable characters without spaces',
    placeholder: 'TEXT',
    pattern: /^[\u0021-\u007e]{1,64}$/,
    help: 'What the keys of this server begin with in Redis. Servers with the same one share their embeddings.',
  }),

  ...hubSettings,

  searchThreads: integer('SEARCH_THREADS', {
    group: limitsGroup,
    default: 0,
    min: 0,
    max: 256,
    defaultText: '0 (the number of cores)',
    help: 'Searches that run at the same time.',
  }),
} as const;

/** Names of the environment that hold secrets: never a flag, never shown. */
export const secrets = {
  apiKeys: 'FAISS_PROXY_API_KEYS',
  clientKey: 'FAISS_PROXY_API_KEY',
  databaseUrl: 'DATABASE_URL',
  redisUrl: 'REDIS_URL',
  hubToken,
} as const;

export const everySetting: readonly Setting<unknown>[] = [...Object.values(settings), ...Object.values(limits)];
