// Models that a server downloads when they are first asked for, from a server that speaks the hub's routes.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Embedding } from '../embedding.js';
import { until } from '../testing.js';
import { downloadModel } from './download-model.js';
import { HubClient } from './hub-client.js';
import { HubServer } from './hub-server.test-help.js';

const name = 'lab/tiny';
const commit = 'c'.repeat(40);
const onnxFile = 'model.onnx';
const source = fileURLToPath(new URL('../../../../test/models/bert-random-cls', import.meta.url));
const paths = ['config.json', 'modules.json', '1_Pooling/config.json', 'tokenizer.json', 'tokenizer_config.json', onnxFile];
const files: Record<string, Buffer> = Object.fromEntries(
  await Promise.all(paths.map(async (file) => [file, await readFile(join(source, file))] as const)),
);

let hub: HubServer;
let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'voisin-first-use-'));
  hub = await HubServer.start();
  hub.add({ name, commit, files });
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true });
});

describe('first use', () => {
  const open = (allowed: boolean): Promise<Embedding> =>
    Embedding.open({
      hub: { cache, endpoint: hub.endpoint, token: undefined, download: allowed, maxBytes: 2 ** 30 },
      requiredModels: [],
    });

  test('downloads where that is allowed, once for all who ask', async () => {
    const embedding = await open(true);
    const answers = await Promise.all(['one', 'two', 'three'].map((text) => embedding.embed([text], { model: name }))).finally(() =>
      embedding.close(),
    );
    expect(answers.map(({ dimension }) => dimension)).toEqual([32, 32, 32]);
    expect(hub.requestsFor(onnxFile).filter(({ storage }) => storage)).toHaveLength(1);
  });

  test('asks the hub once for a name that it has not', async () => {
    const embedding = await open(true);
    for (let i = 0; i < 3; i++) await expect(embedding.embed(['x'], { model: 'no/such' })).rejects.toMatchObject({ code: 'not_found' });
    await embedding.close();
    expect(hub.requests).toHaveLength(1);
  });

  test('brings the precision that is asked for, and another one when that is', async () => {
    const { [onnxFile]: onnx = Buffer.alloc(0), ...rest } = files;
    hub.add({ name: 'lab/both', commit, files: { ...files, 'onnx/model_int8.onnx': onnx } });
    hub.add({ name: 'lab/int8', commit, files: { ...rest, 'onnx/model_int8.onnx': onnx } });
    const embedding = await open(true);
    const ask = (model: string, precision?: 'fp32' | 'int8') => embedding.embed(['x'], { model, precision });
    await ask('lab/both', 'int8');
    expect(embedding.model('lab/both').precisions).toEqual(['int8']);
    await ask('both');
    expect(embedding.model('lab/both').precisions).toEqual(['fp32', 'int8']);
    await ask('lab/int8', 'int8');
    await expect(ask('lab/int8')).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('there is int8') });
    await embedding.close();
    const required = await Embedding.open({
      hub: { cache: join(cache, 'other'), endpoint: hub.endpoint, token: undefined, download: true, maxBytes: 2 ** 30 },
      requiredModels: ['lab/int8'],
    });
    expect(required.stats().residents).toEqual(['lab/int8']);
    await required.close();
  });

  test('asks again when a hub that is away for a moment says so', async () => {
    hub.faults.listStatuses = [503];
    hub.faults.retryAfter = 1;
    const embedding = await open(true);
    await expect(embedding.embed(['x'], { model: name })).rejects.toMatchObject({ code: 'unavailable', details: { retryAfterSeconds: 1 } });
    await until(
      () =>
        embedding.embed(['x'], { model: name }).then(
          () => true,
          () => false,
        ),
      'the model came',
    );
    await embedding.close();
  });

  test('finds a model that was pulled while the server runs, and downloads none by itself', async () => {
    const embedding = await open(false);
    await expect(embedding.embed(['x'], { model: name })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining(`voisin models pull ${name}`),
    });
    expect(hub.requests).toEqual([]);
    const client = new HubClient({ endpoint: hub.endpoint, token: undefined });
    await downloadModel({ client, cache, name, wanted: ['fp32'], maxBytes: 2 ** 30 });
    await expect(embedding.embed(['x'], { model: 'tiny' })).resolves.toMatchObject({ fullName: name, dimension: 32 });
    await embedding.close();
  });
});
