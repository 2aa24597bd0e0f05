import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VoisinError } from '../errors.js';
import { readConfig, type Environment } from './config.js';
import { isLoopback } from './loopback.js';
import { renderDocument, renderFlags } from './render.js';
import { everySetting } from './schema.js';

function problem(env: Environment, argv: string[] = []): string {
  try {
    readConfig(env, argv);
  } catch (error) {
    if (error instanceof VoisinError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('where values come from', () => {
  test('an empty environment gives the defaults of the contract', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      zmqPort: 5555,
      logLevel: 'info',
      keyless: true,
      apiKeys: [],
      warnings: [],
    });
    expect(config).toMatchObject({
      cacheL1Entries: 10_000,
      cacheL1Mb: 64,
      limits: { bodyMb: 100, embedBodyMb: 10, maxTextLength: 8192, maxBatchSize: 32 },
    });
    expect(config.dataDir.endsWith(`${sep}data`)).toBe(true);
    expect(config.inferenceThreads).toBeGreaterThan(0);
    expect(config.searchThreads).toBeGreaterThan(0);
  });

  test('the environment is read, and a flag wins over it', () => {
    const env = { PORT: '9001', LOG_LEVEL: 'WARNING', REQUEST_TIMEOUT: '5', FAISS_DATA_DIR: '/srv/x', ENABLE_METRICS: 'off' };
    expect(readConfig(env)).toMatchObject({
      port: 9001,
      logLevel: 'warn',
      limits: { requestTimeoutSeconds: 5 },
      dataDir: '/srv/x',
      enableMetrics: false,
    });
    expect(readConfig(env, ['--port', '9002', '--log-level=error', '--enable-metrics'])).toMatchObject({
      port: 9002,
      logLevel: 'error',
      enableMetrics: true,
    });
  });

  test('the bundled model is required unless others are, none are, or it is not allowed', () => {
    const required = (env: Record<string, string>) => readConfig(env).requiredModels;
    expect(required({})).toEqual(['sentence-transformers/all-MiniLM-L6-v2']);
    expect(required({ REQUIRED_MODELS: 'BAAI/bge-small-en-v1.5, other' })).toEqual(['BAAI/bge-small-en-v1.5', 'other']);
    expect(required({ REQUIRED_MODELS: 'none' })).toEqual([]);
    expect(required({ ALLOWED_MODELS: 'BAAI/bge-small-en-v1.5' })).toEqual([]);
    expect(required({ ALLOWED_MODELS: 'all-MiniLM-L6-v2' })).toEqual(['sentence-transformers/all-MiniLM-L6-v2']);
  });

  test('models that are required and not allowed, or more than memory holds, stop the start', () => {
    const read = (env: Record<string, string>) => () => readConfig(env);
    expect(read({ REQUIRED_MODELS: 'a/b', ALLOWED_MODELS: 'a/c' })).toThrow('REQUIRED_MODELS names a/b, which ALLOWED_MODELS does not');
    expect(read({ REQUIRED_MODELS: 'a,b', MAX_CACHED_MODELS: '1' })).toThrow('REQUIRED_MODELS names 2 models, MAX_CACHED_MODELS keeps 1');
    expect(read({ REQUIRED_MODELS: '../etc' })).toThrow('"../etc" is not a list of model names');
  });

  test('a variable set to nothing counts as not set, as compose files leave them', () => {
    expect(readConfig({ PORT: '', HOST: '  ', FAISS_PROXY_API_KEYS: '' })).toMatchObject({ port: 8000, host: '127.0.0.1', apiKeys: [] });
  });

  test('switches are turned on by their name, off by --no- and to either by a value', () => {
    expect(readConfig({}, ['--debug'])).toMatchObject({ debug: true, logLevel: 'debug' });
    expect(readConfig({ ENABLE_METRICS: 'true' }, ['--no-enable-metrics'])).toMatchObject({ enableMetrics: false });
    expect(readConfig({}, ['--enable-metrics=false'])).toMatchObject({ enableMetrics: false });
  });

  test('of a flag given twice the last counts', () => {
    expect(readConfig({}, ['--port', '1', '--port', '2']).port).toBe(2);
  });

  test('origins are a list, and a server without keys says that it heeds none', () => {
    const CORS_ORIGINS = 'https://a.example, http://b.example:81';
    expect(readConfig({ CORS_ORIGINS, FAISS_PROXY_API_KEYS: 'k:t' }).corsOrigins).toEqual(['https://a.example', 'http://b.example:81']);
    expect(readConfig({ CORS_ORIGINS, FAISS_PROXY_API_KEYS: 'k:t', ENABLE_CORS: 'false' }).corsOrigins).toEqual([]);
    expect(readConfig({ CORS_ORIGINS }).warnings.join()).toContain('CORS_ORIGINS has no effect without keys');
  });
});

describe('what stops the start', () => {
  test.each([
    [['--prot', '1'], 'unknown flag --prot; did you mean --port?'],
    [['--dta-dir=x'], 'unknown flag --dta-dir; did you mean --data-dir?'],
    [['--xyzzy-plugh'], 'unknown flag --xyzzy-plugh; see voisin help serve'],
    [['--no-port'], 'unknown flag --no-port; see voisin help serve'],
    [['--FAISS_DATA_DIR', 'x'], 'unknown flag --FAISS_DATA_DIR; did you mean --data-dir?'],
    [['--faiss-proxy-api-keys', 'a:b'], 'unknown flag --faiss-proxy-api-keys; see voisin help serve'],
    [['--port'], '--port needs a value: a whole number from 0 to 65535'],
    [['--host', '--port', '1'], '--host needs a value: an address or a host name'],
    [['--port='], '--port: "" is not a whole number from 0 to 65535'],
    [['--no-debug=1'], '--no-debug takes no value'],
    [['9000'], 'unexpected argument "9000": settings are given as flags, such as --port 9000'],
    [['-p', '1'], 'unexpected argument "-p": flags begin with two dashes, such as --port 9000'],
  ])('the flags %j', (argv, message) => {
    expect(problem({}, argv)).toBe(message);
  });

  test.each([
    [{ PORT: '65536' }, 'PORT: "65536" is not a whole number from 0 to 65535'],
    [{ PORT: '80a' }, 'PORT: "80a" is not a whole number from 0 to 65535'],
    [{ PORT: '-1' }, 'PORT: "-1" is not a whole number'],
    [{ PORT: '1e3' }, 'PORT: "1e3" is not a whole number'],
    [{ ZMQ_PORT: 'x' }, 'ZMQ_PORT: "x" is not a whole number'],
    [{ MAX_K: '0' }, 'MAX_K: "0" is not a whole number from 1 to'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: "loud" is not one of trace, debug, info'],
    [{ DEBUG: 'maybe' }, 'DEBUG: "maybe" is not true or false'],
    [{ HOST: 'a b' }, 'HOST: "a b" is not an address or a host name'],
    [{ CORS_ORIGINS: 'example.com' }, 'CORS_ORIGINS: "example.com" is not a list of origins'],
    [{ PORT: '7000', ZMQ_PORT: '7000' }, 'PORT and ZMQ_PORT are both 7000'],
    [{ ALLOW_ANONYMOUS: 'true', FAISS_PROXY_API_KEYS: 'a:b' }, 'contradict each other'],
  ])('the environment %j', (env, message) => {
    expect(problem(env)).toContain(message);
    expect(problem(env)).not.toContain('\n');
  });
});

describe('keys', () => {
  test('several keys, spaces around entries, one tenant with two keys', () => {
    const { apiKeys, keyless } = readConfig({ FAISS_PROXY_API_KEYS: 'k1:t1, k 2 : t2 ,k3:t1' });
    expect(apiKeys).toEqual([
      { key: 'k1', tenant: 't1' },
      { key: 'k 2', tenant: 't2' },
      { key: 'k3', tenant: 't1' },
    ]);
    expect(keyless).toBe(false);
  });

  test.each([
    ['seekrit', 'entry 1 has no colon'],
    ['seekrit:a:b', 'entry 1 has more than one colon'],
    ['ok:t,seekrit:', 'entry 2 has a tenant that is not'],
    [':t', 'entry 1 has no key'],
    ['seekrit:t,', 'entry 2 is empty'],
    ['seekrit:t,,b:c', 'entry 2 is empty'],
    ['seekrit:.t', 'entry 1 has a tenant that is not'],
    ['seekrit:a/b', 'entry 1 has a tenant that is not'],
    [`seekrit:${'t'.repeat(65)}`, 'entry 1 has a tenant that is not'],
    ['seekrit:t1,x:t,seekrit:t2', 'entry 3 has the same key as entry 1'],
    ['see\u0000krit:t', 'entry 1 has a control character'],
  ])('%j is refused without being shown', (text, message) => {
    const said = problem({ FAISS_PROXY_API_KEYS: text });
    expect(said).toContain(message);
    expect(said).not.toContain('seekrit');
  });

  test('a name in the environment that is almost one of ours is a warning, unless ours is there too', () => {
    const near = {
      ALLOWED_MODEL: 'a',
      MODEL_DIR: 'b',
      HF_HUB_CHACHE: 'c',
      HOSTS: 'd',
      ZMQ_HOST: 'e',
      PATH: 'f',
      npm_config_allowed_models: 'g',
    };
    expect(readConfig(near).warnings).toEqual([
      'ALLOWED_MODEL has no effect: did you mean ALLOWED_MODELS?',
      'MODEL_DIR has no effect: did you mean MODELS_DIR?',
      'HF_HUB_CHACHE has no effect: did you mean HF_HUB_CACHE?',
    ]);
    expect(readConfig({ MODEL_DIR: 'b', MODELS_DIR: 'c' }).warnings).toEqual([]);
  });

  test('a flag without its dashes, as npm start leaves it, is told of the dashes that are missing', () => {
    expect(() => readConfig({ npm_lifecycle_event: 'start' }, ['9000'])).toThrow('such as npm start -- --port 9000');
    const taken = { npm_lifecycle_event: 'start', npm_config_log_level: 'debug' };
    expect(readConfig(taken).warnings).toEqual([expect.stringContaining('npm start -- --log-level=debug')]);
    expect(readConfig({ npm_config_log_level: 'debug' }).warnings).toEqual([]);
  });

  test("a client's key in the server's environment is a warning that tells the two names apart", () => {
    expect(readConfig({ FAISS_PROXY_API_KEY: 'x' }).warnings).toEqual([
      expect.stringMatching(/FAISS_PROXY_API_KEY is a client's.*FAISS_PROXY_API_KEYS/),
    ]);
  });

  test('without keys, only an address that nobody else reaches is served freely', () => {
    expect(readConfig({ HOST: '0.0.0.0' }).keyless).toBe(false);
    expect(readConfig({ HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' })).toMatchObject({
      keyless: true,
      warnings: [expect.stringContaining('everyone who reaches')],
    });
    expect(readConfig({ FAISS_PROXY_API_KEYS: 'k:t' }).keyless).toBe(false);
  });

  test.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['LOCALHOST', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.5', false],
    ['127.example.com', false],
    ['localhost.example.com', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

describe('addresses of services', () => {
  test('Redis is off unless its address is given', () => {
    expect([readConfig({}).redisUrl, readConfig({ REDIS_URL: ' ' }).redisUrl]).toEqual([undefined, undefined]);
    const url = 'rediss://user:secret@cache.example:6380/2';
    expect(readConfig({ REDIS_URL: url })).toMatchObject({ redisUrl: url, redisPrefix: 'voisin:', cacheL2TtlSeconds: 86_400 });
  });

  test.each(['cache:secret', 'http://:secret@cache:6379', 'redis://', 'redis:secret', 'redis://:secret@cache:port'])(
    'REDIS_URL=%s is refused, and nothing of it is shown',
    (REDIS_URL) => {
      const message = problem({ REDIS_URL });
      expect(message).toBe('REDIS_URL: is not the address of a server; it begins with redis:// or rediss://, and a host follows');
    },
  );
});

describe('TRUSTED_PROXIES', () => {
  test('takes addresses, networks and words for them', () => {
    const entries = ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'loopback'];
    expect(readConfig({ TRUSTED_PROXIES: entries.join(', ') }).trustedProxies).toEqual(entries);
  });

  test.each(['10.0.0.256', '10.0.0.0/33', '::1/129', 'fd00', '1.2.3', 'proxy.example', '10.0.0.1,no'])(
    '%s is refused',
    (TRUSTED_PROXIES) => {
      expect(problem({ TRUSTED_PROXIES })).toMatch(/^TRUSTED_PROXIES: "[^"]+" is no/);
    },
  );
});

describe('what is made from the schema', () => {
  test('docs/configuration.md is what the schema says (npm run docs writes it)', () => {
    expect(readFileSync(new URL('../../../../../docs/configuration.md', import.meta.url), 'utf8')).toBe(renderDocument());
  });

  test('names and flags are unique, and help shows each of them', () => {
    const help = renderFlags();
    expect(new Set(everySetting.map((setting) => setting.name)).size).toBe(everySetting.length);
    expect(new Set(everySetting.map((setting) => setting.flag)).size).toBe(everySetting.length);
    for (const setting of everySetting) {
      expect(help).toContain(`--${setting.flag}`);
      expect(help).toContain(setting.help.split(' ')[0]);
    }
    expect(help).not.toContain('FAISS_PROXY');
  });
});
