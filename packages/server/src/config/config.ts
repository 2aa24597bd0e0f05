// Environment and flags -> typed configuration -> secrets. The only reader of the environment; contradictions stop the start here.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VoisinError } from '../errors.js';
import { parseFlags } from './flags.js';
import { conversionEnvironment, hubConfig, type HubConfig } from './hub.js';
import { isLoopback } from './loopback.js';
import { checkProxies } from './proxies.js';
import { limits } from './limits.js';
import { everySetting, secrets, settings } from './schema.js';
import { parseApiKeys, parseServiceUrl, type ApiKey } from './secrets.js';
import { SettingProblem, type Setting } from './setting.js';
import { misspelt } from './suggest.js';
import { defaultTiers, readTiers, type Tiers } from './tiers.js';

type Values<Table> = { readonly [Key in keyof Table]: Table[Key] extends Setting<infer Value> ? Value : never };

export type Limits = Values<typeof limits>;

export interface Config extends Values<typeof settings> {
  readonly limits: Limits;
  /** Keys from the environment; empty when none were given. */
  readonly apiKeys: readonly ApiKey[];
  /** Where Redis is; undefined: there is none. May hold a password. */
  readonly redisUrl: string | undefined;
  /** PostgreSQL for accounts; undefined: they lie in the data directory. Holds a password. */
  readonly databaseUrl: string | undefined;
  readonly tiers: Tiers;
  readonly hub: HubConfig;
  /**
   * True when the configuration asks callers for no key: it has none, and the address is this machine's own or ALLOW_ANONYMOUS is set.
   * Accounts that are there ask for keys all the same, except with ALLOW_ANONYMOUS.
   */
  readonly keyless: boolean;
  /** Where the models that come with the server lie. */
  readonly bundledModelsDir: string;
  /** What the operator should know although the server starts; one line each. */
  readonly warnings: readonly string[];
}

/** In place of a list of required models; a variable that is set to nothing counts as not set. */
const noModels = 'none';

export type Environment = Readonly<Record<string, string | undefined>>;

// From dist/src/config/ up to the project's root.
const bundledModelsDir = fileURLToPath(new URL('../../../../../models', import.meta.url));

/**
 * Flags win over the environment; a variable that is set to nothing counts as not set, as compose files leave them.
 * @param argv the arguments after `serve`
 * @throws VoisinError invalid_argument with one line that names the setting
 */
export function readConfig(env: Environment, argv: readonly string[] = []): Config {
  // npm takes flags for its own, and leaves their values, unless two dashes stand before.
  const flags = parseFlags(argv, everySetting, env['npm_lifecycle_event'] === 'start' ? 'npm start -- ' : '');
  const read = (setting: Setting<unknown>): unknown => {
    const flag = flags.get(setting);
    const text = (flag ?? env[setting.name] ?? '').trim();
    if (text === '' && flag === undefined) return setting.default;
    return parse(setting, text, flag === undefined ? setting.name : `--${setting.flag}`);
  };
  const values = readTable(settings, read);
  const keysText = env[secrets.apiKeys]?.trim() ?? '';
  const apiKeys = keysText === '' ? [] : parseApiKeys(keysText);
  const redisUrl = env[secrets.redisUrl]?.trim() ?? '';
  const databaseUrl = env[secrets.databaseUrl]?.trim() ?? '';
  const keyless = apiKeys.length === 0 && (isLoopback(values.host) || values.allowAnonymous);
  const warnings = check(values, apiKeys, keyless, env);
  const cores = availableParallelism();
  return {
    ...values,
    limits: readTable(limits, read),
    apiKeys,
    redisUrl: redisUrl === '' ? undefined : parseServiceUrl(secrets.redisUrl, redisUrl, ['redis', 'rediss']),
    databaseUrl: databaseUrl === '' ? undefined : parseServiceUrl(secrets.databaseUrl, databaseUrl, ['postgres', 'postgresql']),
    tiers: values.tiersFile === '' ? defaultTiers : readTiers(resolve(values.tiersFile)),
    hub: hubConfig(values, env),
    convertEnvironment: conversionEnvironment(values.convertEnvironment, env),
    keyless,
    warnings,
    bundledModelsDir,
    dataDir: resolve(values.dataDir),
    modelsDir: values.modelsDir === '' ? bundledModelsDir : resolve(values.modelsDir),
    logLevel: values.debug && values.logLevel !== 'trace' ? 'debug' : values.logLevel,
    corsOrigins: values.enableCors ? values.corsOrigins : [],
    requiredModels: requiredModels(values),
    inferenceThreads: values.inferenceThreads || Math.max(1, Math.floor(cores / Math.max(1, values.inferenceWorkers))),
    searchThreads: values.searchThreads || cores,
  };
}

function readTable<Table extends Readonly<Record<string, Setting<unknown>>>>(
  table: Table,
  read: (setting: Setting<unknown>) => unknown,
): Values<Table> {
  // Object.fromEntries forgets which key had which type; each value came from its own row's parse, so the types are as Values says.
  return Object.fromEntries(Object.entries(table).map(([key, setting]) => [key, read(setting)])) as Values<Table>;
}

function parse(setting: Setting<unknown>, text: string, source: string): unknown {
  try {
    if (text === '') throw new SettingProblem(`"" is not ${setting.accepts}`);
    return setting.parse(text);
  } catch (error) {
    if (!(error instanceof SettingProblem)) throw error;
    throw new VoisinError('invalid_argument', `${source}: ${error.message}`);
  }
}

function check(values: Values<typeof settings>, apiKeys: readonly ApiKey[], keyless: boolean, env: Environment): string[] {
  if (values.allowAnonymous && apiKeys.length > 0) {
    throw new VoisinError('invalid_argument', `ALLOW_ANONYMOUS=true and ${secrets.apiKeys} contradict each other: take one of them away`);
  }
  if (values.port !== 0 && values.port === values.zmqPort) {
    throw new VoisinError('invalid_argument', `PORT and ZMQ_PORT are both ${values.port}: each needs its own`);
  }
  checkProxies(values.trustedProxies);
  const warnings = [...misspeltNames(env), ...flagsThatNpmTook(env)];
  if ((env[secrets.clientKey] ?? '') !== '') {
    warnings.push(
      `${secrets.clientKey} is a client's setting and has no effect here; the server's keys are in ${secrets.apiKeys} (with an S)`,
    );
  }
  if (keyless && values.corsOrigins.length > 0) {
    warnings.push('CORS_ORIGINS has no effect without keys: a web page must not drive a server that asks for none');
  }
  if (keyless && !isLoopback(values.host)) {
    warnings.push(`ALLOW_ANONYMOUS: everyone who reaches ${values.host} may read and change everything`);
  }
  return warnings;
}

/** Names of ours that the environment has almost. Where it has the right one too, the other is somebody else's. */
function* misspeltNames(env: Environment): Generator<string> {
  const ours = new Set([...everySetting.map(({ name }) => name), ...Object.values(secrets)]);
  const missing = [...ours].filter((name) => env[name] === undefined);
  for (const name of Object.keys(env)) {
    if (ours.has(name) || !/^[A-Z][A-Z0-9_]+$/.test(name)) continue;
    const meant = misspelt(name, missing);
    if (meant !== undefined) yield `${name} has no effect: did you mean ${meant}?`;
  }
}

/** `npm start --port=9000`: npm takes that for a setting of its own, and hands it on in the environment. */
function* flagsThatNpmTook(env: Environment): Generator<string> {
  if (env['npm_lifecycle_event'] !== 'start') return;
  for (const { flag } of everySetting) {
    const value = flag === undefined ? undefined : env[`npm_config_${flag.replaceAll('-', '_')}`];
    if (value !== undefined) yield `npm took --${flag} for itself: two dashes more are missing, npm start -- --${flag}=${value}`;
  }
}

const lastPart = (model: string): string => model.slice(model.lastIndexOf('/') + 1);

/** The models to load before the port opens. Throws where a list that was given contradicts the other settings. */
function requiredModels({ requiredModels: required, allowedModels, maxCachedModels }: Values<typeof settings>): readonly string[] {
  const isAllowed = (name: string): boolean =>
    allowedModels.length === 0 || allowedModels.some((allowed) => allowed === name || lastPart(allowed) === lastPart(name));
  if (required === settings.requiredModels.default) return required.filter(isAllowed);
  const wanted = required.filter((name) => name !== noModels);
  if (wanted.length > maxCachedModels) {
    throw new VoisinError('invalid_argument', `REQUIRED_MODELS names ${wanted.length} models, MAX_CACHED_MODELS keeps ${maxCachedModels}`);
  }
  const forbidden = wanted.find((name) => !isAllowed(name));
  if (forbidden === undefined) return wanted;
  throw new VoisinError('invalid_argument', `REQUIRED_MODELS names ${forbidden}, which ALLOWED_MODELS does not`);
}
