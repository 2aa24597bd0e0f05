// Where models are looked for, which of two with one name counts, and what becomes of broken ones.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Embedding } from '../embedding.js';
import { miniLmName, modelsFolder } from '../testing.js';
import { tinyModel } from '../tiny-model.test-help.js';
import type { HubSettings } from './hub-downloads.js';
import { ModelRegistry } from './model-registry.js';

let folder: string;
let tiny: Awaited<ReturnType<typeof tinyModel>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-registry-'));
  tiny = await tinyModel({ table: Array.from({ length: 8 }, (_, id) => [id, -id]) });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await tiny.remove();
});

const inFolder = (path: string): string => join(folder, path);
const put = (path: string): Promise<void> => cp(tiny.directory, inFolder(path), { recursive: true });
const hub = (): HubSettings => ({ cache: inFolder('hub'), endpoint: 'http://127.0.0.1:1', token: undefined, download: false, maxBytes: 0 });
const commit = (letter: string): string => letter.repeat(40);

/** A snapshot as huggingface_hub leaves it; its files need not be links. */
async function putInCache(name: string, revision: string, isMain = true): Promise<string> {
  const root = `hub/models--${name.replace('/', '--')}`;
  await put(`${root}/snapshots/${revision}`);
  await mkdir(inFolder(`${root}/refs`), { recursive: true });
  if (isMain) await writeFile(inFolder(`${root}/refs/main`), revision);
  return inFolder(`${root}/snapshots/${revision}`);
}

test('models are found in folders, the hub cache and among the bundled ones, by full name and last part', async () => {
  await put('models/plain');
  await put('models/lab/owned');
  const cached = await putInCache('org/cached', commit('a'));
  const registry = await ModelRegistry.open({ folders: [inFolder('models')], hub: hub(), bundled: modelsFolder });
  expect(registry.list().map(({ name, kind }) => [name, kind])).toEqual([
    ['lab/owned', 'folder'],
    ['plain', 'folder'],
    ['org/cached', 'hub cache'],
    [miniLmName, 'bundled'],
  ]);
  expect(registry.find('cached')).toMatchObject({ name: 'org/cached', directory: cached, problem: undefined });
  expect(registry.find('all-MiniLM-L6-v2')).toBe(registry.find(miniLmName));
  expect(registry.find('org')).toBeUndefined();
});

test('of one name, a folder’s model counts before the hub cache’s, and that before the bundled one', async () => {
  const cached = await putInCache(miniLmName, commit('a'));
  const withCache = await ModelRegistry.open({ folders: [inFolder('models')], hub: hub(), bundled: modelsFolder });
  expect(withCache.find(miniLmName)).toMatchObject({ directory: cached, kind: 'hub cache' });
  await put(`models/${miniLmName}`);
  const withBoth = await ModelRegistry.open({ folders: [inFolder('models')], hub: hub(), bundled: modelsFolder });
  expect(withBoth.find(miniLmName)).toMatchObject({ directory: inFolder(`models/${miniLmName}`), kind: 'folder' });
});

test('of the hub cache, the snapshot that main points to counts, else the newest, and one without an ONNX file does not', async () => {
  await putInCache('org/two', commit('a'));
  const main = await putInCache('org/two', commit('b'));
  const only = await putInCache('org/pinned', commit('c'), false);
  const torch = await putInCache('org/torch', commit('d'));
  await rm(join(torch, 'onnx'), { recursive: true });
  await mkdir(inFolder('hub/models--org--empty/snapshots'), { recursive: true });
  await mkdir(inFolder('hub/datasets--org--data'), { recursive: true });
  await writeFile(inFolder('hub/version.txt'), '1');
  const registry = await ModelRegistry.open({ hub: hub() });
  expect(registry.list().map(({ name, directory }) => [name, directory])).toEqual([
    ['org/pinned', only],
    ['org/two', main],
  ]);
});

test('a link that leads nowhere is a missing file, and the model’s problem names it', async () => {
  const directory = await putInCache('org/cut', commit('a'));
  await rm(join(directory, 'config.json'));
  await symlink('../../blobs/none', join(directory, 'config.json'));
  const registry = await ModelRegistry.open({ hub: hub() });
  expect(registry.find('cut')?.problem).toMatchObject({
    code: 'failed_precondition',
    message: expect.stringMatching(/^model org\/cut: config.json is missing; voisin models pull org\/cut brings/),
  });
  await expect(registry.describe('cut')).rejects.toThrow('config.json is missing');
});

test('a broken model of a bundled one’s name lets the bundled one serve, with one warning, until it is mended', async () => {
  const cached = await putInCache(miniLmName, commit('a'));
  await writeFile(
    join(cached, 'modules.json'),
    JSON.stringify([
      { type: 'a.Transformer', path: '' },
      { type: 'a.Pooling', path: '1_Pooling' },
    ]),
  );
  const warnings: string[] = [];
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, error: nothing, warn: (_: object, message: string) => void warnings.push(message) };
  const registry = await ModelRegistry.open({ hub: hub(), bundled: modelsFolder, log });
  expect(registry.find(miniLmName)).toMatchObject({ kind: 'bundled', problem: undefined });
  await registry.describe(miniLmName);
  expect(warnings).toEqual([
    expect.stringMatching(`1_Pooling/config.json is missing; voisin models pull ${miniLmName} .*${cached}.*serves in its place`),
  ]);
  await rm(join(cached, 'modules.json'));
  expect(await registry.describe(miniLmName)).toMatchObject({ directory: cached });
});

test('a broken model is described once it is mended, and a new one once it is there', async () => {
  await put('models/lab/broken');
  const config = await readFile(inFolder('models/lab/broken/config.json'));
  await writeFile(inFolder('models/lab/broken/config.json'), '{');
  const registry = await ModelRegistry.open({ folders: [inFolder('models')] });
  await expect(registry.describe('lab/broken')).rejects.toThrow('config.json is not valid JSON');
  await writeFile(inFolder('models/lab/broken/config.json'), config);
  const description = await registry.describe('lab/broken');
  expect(description.dimension).toBe(2);
  expect(await registry.describe('broken')).toBe(description);

  await expect(registry.describe('lab/new')).rejects.toMatchObject({
    code: 'not_found',
    message: 'no model "lab/new"; there are: lab/broken; voisin models pull lab/new downloads it, if the hub has it',
  });
  await put('models/lab/new');
  expect(await registry.describe('new')).toMatchObject({ name: 'lab/new' });
});

test('a folder that is missing, or is none, holds no models', async () => {
  await writeFile(inFolder('file'), '');
  const registry = await ModelRegistry.open({ folders: [inFolder('nowhere'), inFolder('file')], hub: hub() });
  expect(registry.list()).toEqual([]);
  await expect(registry.describe('x')).rejects.toThrow('no model "x"; there are: none');
});

test('a folder of models that holds none, and allowed models that are not here, are told at the start', async () => {
  await writeFile(inFolder('file'), '');
  await put('models/lab/owned');
  const warnings: string[] = [];
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, error: nothing, warn: (_: object, message: string) => void warnings.push(message) };
  const modelDirectories = ['nowhere', 'file', 'models/lab/owned', 'models'].map(inFolder);
  await (await Embedding.open({ modelDirectories, allowedModels: ['owned', 'lab/none'], log })).close();
  expect(warnings).toEqual([
    expect.stringMatching(/MODELS_DIR.* is not there$/),
    expect.stringMatching(/MODELS_DIR.* cannot be read \(ENOTDIR\)$/),
    expect.stringMatching(/MODELS_DIR.* is itself a model/),
    'ALLOWED_MODELS names lab/none, which no model that is here is called',
  ]);
});
