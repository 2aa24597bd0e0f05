import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig, type Environment } from './config.js';

const hubOf = (env: Environment) => readConfig(env).hub;

test('the hub cache is where the Hugging Face tools have it', () => {
  const standard = join(homedir(), '.cache/huggingface/hub');
  expect(hubOf({}).cache).toBe(standard);
  expect(hubOf({ XDG_CACHE_HOME: '/c' }).cache).toBe('/c/huggingface/hub');
  expect(hubOf({ XDG_CACHE_HOME: '/c', HF_HOME: '/h' }).cache).toBe('/h/hub');
  expect(hubOf({ HF_HOME: '/h', HF_HUB_CACHE: '/cache' }).cache).toBe('/cache');
  expect(hubOf({ HF_HOME: '~/h' }).cache).toBe(join(homedir(), 'h/hub'));
  expect(readConfig({}, ['--hf-hub-cache', '/flag']).hub.cache).toBe('/flag');
});

test('nothing is downloaded by itself unless that is allowed, and never offline', () => {
  expect(hubOf({})).toMatchObject({ download: false, offline: false, endpoint: 'https://huggingface.co', maxBytes: 4096 * 2 ** 20 });
  expect(hubOf({ ALLOW_DOWNLOAD: 'true' })).toMatchObject({ download: true });
  for (const offline of ['1', 'ON', 'yes', 'TRUE']) {
    expect(hubOf({ ALLOW_DOWNLOAD: 'true', HF_HUB_OFFLINE: offline })).toMatchObject({ download: false, offline: true });
  }
});

test('a mirror has an address without a slash at its end', () => {
  expect(hubOf({ HF_ENDPOINT: 'http://mirror.example/hub//' }).endpoint).toBe('http://mirror.example/hub');
  expect(() => hubOf({ HF_ENDPOINT: 'mirror.example' })).toThrow('HF_ENDPOINT: "mirror.example" is not an http or https address');
});

test('the token comes from the environment, else from a login, and has no flag', async () => {
  const home = await mkdtemp(join(tmpdir(), 'voisin-hf-'));
  try {
    expect(hubOf({ HF_HOME: home }).token).toBeUndefined();
    await writeFile(join(home, 'token'), 'hf_login\n');
    expect(hubOf({ HF_HOME: home }).token).toBe('hf_login');
    expect(hubOf({ HF_HOME: home, HF_TOKEN: ' hf_env ' }).token).toBe('hf_env');
    for (const text of ['hf_a\nhf_b', 'hf_a hf_b', 'hf_ä']) {
      expect(() => hubOf({ HF_TOKEN: text })).toThrow(/^HF_TOKEN: (?!.*hf_).*one token is wanted$/s);
      await writeFile(join(home, 'token'), text);
      expect(() => hubOf({ HF_HOME: home })).toThrow(/\/token: (?!.*hf_).*one token is wanted$/s);
    }
    expect(() => readConfig({}, ['--hf-token', 'x'])).toThrow('unknown flag --hf-token');
  } finally {
    await rm(home, { recursive: true });
  }
});
