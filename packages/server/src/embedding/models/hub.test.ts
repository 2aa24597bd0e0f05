// Downloads from a server that speaks the hub's routes, into a cache of the hub's layout.
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Embedding } from '../embedding.js';
import { cosine } from '../testing.js';
import { tinyModel } from '../tiny-model.test-help.js';
import { downloadModel, type Progress } from './download-model.js';
import { findInHubCache } from './hub-cache.js';
import { HubClient } from './hub-client.js';
import { etagOf, HubServer, isLarge } from './hub-server.test-help.js';

const name = 'lab/tiny';
const commit = 'c'.repeat(40);
const onnxFile = 'model.onnx';
const source = fileURLToPath(new URL('../../../../test/models/bert-random-cls', import.meta.url));

async function modelFiles(): Promise<Record<string, Buffer>> {
  const small = [
    'config.json',
    'modules.json',
    '1_Pooling/config.json',
    'sentence_bert_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ];
  const read = [...small, 'config_sentence_transformers.json', onnxFile].map(
    async (file) => [file, await readFile(join(source, file))] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

const files = await modelFiles();
const onnx = files[onnxFile] ?? Buffer.alloc(0);
const others = {
  'README.md': Buffer.from('# read me'),
  'pytorch_model.bin': Buffer.alloc(2_000_000),
  'onnx/model_O4.onnx': Buffer.alloc(2_000_000, 1),
};

let hub: HubServer;
let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'voisin-hub-'));
  blob = repository(`blobs/${etagOf(onnx)}`);
  hub = await HubServer.start();
  hub.add({ name, commit, files: { ...files, ...others } });
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true });
});

const clientOf = (token?: string): HubClient => new HubClient({ endpoint: hub.endpoint, token, silenceMs: 2000 });
const download = (options: Partial<Parameters<typeof downloadModel>[0]> = {}): Promise<string> =>
  downloadModel({ client: clientOf(), cache, name, wanted: ['fp32'], maxBytes: 2 ** 30, pauseMs: 1, ...options });

const repository = (path: string): string => join(cache, 'models--lab--tiny', path);
let blob: string;

describe('a download', () => {
  test('lays the files out as huggingface_hub does, and takes only what the model needs', async () => {
    const directory = await download();
    expect(directory).toBe(repository(`snapshots/${commit}`));
    expect(await readFile(repository('refs/main'), 'utf8')).toBe(commit);
    expect(await readlink(join(directory, 'config.json'))).toBe(`../../blobs/${etagOf(files['config.json'] ?? onnx)}`);
    expect(await readlink(join(directory, '1_Pooling/config.json'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(await readlink(join(directory, onnxFile))).toBe(`../../blobs/${etagOf(onnx)}`);
    const wanted = Object.values(files).map(etagOf);
    expect((await readdir(repository('blobs'))).toSorted()).toEqual(wanted.toSorted());
    expect(await findInHubCache(cache)).toEqual([{ name, directory, kind: 'hub cache' }]);
  });

  test('tells how far it is, up to all bytes', async () => {
    const seen: Progress[] = [];
    await download({ onProgress: (progress) => seen.push(progress) });
    const total = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
    expect(new Set(seen.map((one) => one.total))).toEqual(new Set([total]));
    expect(seen.at(-1)?.received).toBe(total);
    expect(seen.map(({ received }) => received)).toEqual(seen.map(({ received }) => received).toSorted((a, b) => a - b));
  });

  test('gives a model that embeds as its original', async () => {
    await download();
    const embedding = await Embedding.open({
      hub: { cache, endpoint: hub.endpoint, token: undefined, download: false, maxBytes: 0 },
      defaultModel: name,
      requiredModels: [],
    });
    const { cases } = JSON.parse(await readFile(join(source, 'reference.json'), 'utf8'));
    const [first] = cases;
    const result = await embedding.embed([first.text]).finally(() => embedding.close());
    expect(cosine(result.embeddings[0] ?? [], first.vector)).toBeGreaterThan(0.9999);
  });

  test.each([
    ['onnx', 'Constant_7_attr__value'],
    ['', 'weights.bin'],
  ] as const)('brings the weights beside an ONNX file, which are then found through the links: %s %s', async (folder, externalData) => {
    const tiny = await tinyModel({ table: Array.from({ length: 8 }, (_, id) => [id, 1]), folder, externalData });
    const paths = (await readdir(tiny.directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const read = paths
      .map(({ parentPath, name: file }) => join(parentPath, file))
      .map(async (file) => [relative(tiny.directory, file), await readFile(file)]);
    hub.add({ name: 'lab/apart', commit, files: Object.fromEntries(await Promise.all(read)) });
    await tiny.remove();
    const directory = await download({ name: 'lab/apart' });
    const embedding = await Embedding.open({ models: [{ name: 'lab/apart', directory }], requiredModels: [] });
    const answer = embedding.embed(['one'], { model: 'apart', normalize: false }).finally(() => embedding.close());
    expect((await answer).embeddings).toEqual([Float32Array.of(3, 1)]);
  });

  test('done twice asks for no bytes again', async () => {
    await download();
    hub.requests.length = 0;
    await download();
    expect(hub.requests.map(({ path }) => path)).toEqual([`/api/models/${name}/revision/main`]);
  });

  test('two at once bring each file once', async () => {
    await Promise.all([download(), download()]);
    expect(hub.requestsFor(onnxFile).filter(({ storage }) => storage)).toHaveLength(1);
    expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
  });
});

describe('a connection that breaks', () => {
  test('is taken up where it ended, until the file is whole', async () => {
    hub.faults.cuts = 3;
    hub.faults.cutAfter = 500_000;
    await download();
    const ranges = hub.requestsFor(onnxFile).flatMap(({ storage, range }) => (storage ? [range] : []));
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=\d+-$/);
    expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
  });

  test('and never comes back leaves what came, from which the next download goes on', async () => {
    hub.faults.cuts = 1000;
    hub.faults.cutAfter = 0;
    await expect(download()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(onnxFile) });
    hub.faults.cuts = 0;
    await writeFile(`${blob}.incomplete`, onnx.subarray(0, 12_345));
    expect(await findInHubCache(cache)).toEqual([]);
    hub.requests.length = 0;
    await download();
    expect(hub.requestsFor(onnxFile).map(({ range }) => range)).toEqual(['bytes=12345-', 'bytes=12345-']);
    expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
  });

  test('is begun anew with a server that gives no parts', async () => {
    await download();
    await rm(blob);
    await writeFile(`${blob}.incomplete`, Buffer.alloc(99));
    hub.faults.ignoresRange = true;
    await download();
    expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
  });

  test.each([0, 12_345])(
    'is given up with a server that refuses every part, from %i on too, and none of its pages is kept',
    async (there) => {
      await expect(download({ maxBytes: 10 })).rejects.toMatchObject({ code: 'resource_exhausted' });
      if (there > 0) await writeFile(`${blob}.incomplete`, onnx.subarray(0, there));
      hub.faults.refusesParts = true;
      await expect(download()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('answered 416') });
      expect(await readdir(repository('blobs'))).not.toContain(`${etagOf(onnx)}.incomplete`);
    },
  );

  test('after a fault of the server it is tried again', async () => {
    hub.faults.statuses = [503, 500, 429];
    await download();
    expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
  });
});

describe('bytes that are not the right ones', () => {
  test('are refused by their checksum and not kept', async () => {
    hub.faults.damages = true;
    await expect(download()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('checksum') });
    expect((await readdir(repository('blobs'))).filter((file) => file.startsWith(etagOf(onnx)))).toEqual([]);
    expect(await readdir(repository('refs'))).toEqual([]);
    hub.faults.damages = false;
    await download();
  });

  test('left over from before are found out, and the file comes whole the next time', async () => {
    await expect(download({ maxBytes: 10 })).rejects.toMatchObject({ code: 'resource_exhausted' });
    await writeFile(`${blob}.incomplete`, Buffer.alloc(1000, 7));
    await expect(download()).rejects.toThrow('checksum');
    await download();
    expect((await stat(blob)).size).toBe(onnx.length);
  });
});

describe('a refusal says why', () => {
  test.each([
    ['nobody/nothing', 'main', 'not_found', 'HF_TOKEN'],
    [name, 'v9', 'not_found', 'no revision v9'],
    ['../../etc', 'main', 'invalid_argument', 'no name on the hub'],
    ['a--b/c', 'main', 'invalid_argument', 'no name on the hub'],
  ])('%s at %s', async (model, revision, code, words) => {
    await expect(download({ name: model, revision })).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test('a repository without ONNX files names what to do', async () => {
    const { [onnxFile]: _, ...rest } = files;
    hub.add({ name: 'lab/torch', commit, files: { ...rest, 'model.safetensors': Buffer.alloc(2_000_000) } });
    await expect(download({ name: 'lab/torch' })).rejects.toThrow(/no onnx\/model\*\.onnx .* voisin models pull --weights/);
    const directory = await download({ name: 'lab/torch', wanted: 'weights' });
    expect((await readdir(directory)).includes('model.safetensors')).toBe(true);
    expect(await findInHubCache(cache)).toEqual([]);
  });

  test('a precision that the repository has not is named with those it has', async () => {
    await expect(download({ wanted: ['int8'] })).rejects.toThrow('no int8 file; there is fp32');
  });

  test('a list with a path out of the folder is refused', async () => {
    hub.add({ name: 'evil/paths', commit, files: { ...files, '../../../escaped': Buffer.from('x') } });
    await expect(download({ name: 'evil/paths' })).rejects.toThrow('a file called "../../../escaped"');
  });

  test('a server that is away', async () => {
    const away = new HubClient({ endpoint: 'http://127.0.0.1:1', token: undefined });
    await expect(download({ client: away })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });
});

test('a cache that cannot be written is named with its variables', async () => {
  await writeFile(join(cache, 'file'), '');
  for (const unusable of [join(cache, 'file'), join(cache, 'file/hub'), '/proc/nowhere']) {
    await expect(download({ cache: unusable })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(`the hub cache ${unusable} cannot be written .*HF_HUB_CACHE`),
    });
  }
});

test('a token that no header may have is not shown', () => {
  expect(() => clientOf('hf_secret\nhf_other')).toThrow(/^(?!.*hf_)/s);
});

test('the token opens a private repository and does not follow to the storage', async () => {
  hub.hidden.add(name);
  await expect(download()).rejects.toMatchObject({ code: 'not_found' });
  await download({ client: clientOf('hf_test') });
  expect(hub.requests.filter(({ storage }) => storage).map(({ authorization }) => authorization)).toEqual(
    Object.values(files)
      .filter(isLarge)
      .map(() => undefined),
  );
});

test('a download that is given up leaves what came', async () => {
  const stop = new AbortController();
  const answer = download({ signal: stop.signal, onProgress: ({ received }) => received > 500_000 && stop.abort() });
  await expect(answer).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect((await stat(`${blob}.incomplete`)).size).toBeGreaterThan(0);
  await download();
  expect(etagOf(await readFile(blob))).toBe(etagOf(onnx));
});
