// Models whose files are missing, cut or wrong: the error names the file, and other models serve.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Embedding } from '../embedding.js';
import { readModelDirectory } from './model-directory.js';
import { copyModel, miniLm, miniLmName } from '../testing.js';

let model: Awaited<ReturnType<typeof copyModel>>;
beforeEach(async () => {
  model = await copyModel();
});
afterEach(() => model.remove());

async function change(file: string, edit: (content: Record<string, unknown>) => unknown): Promise<void> {
  const path = join(model.directory, file);
  const content: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify(edit(content)));
}

/** The error of the first request to a server with this model and the bundled one. */
async function failure(): Promise<unknown> {
  const models = [{ name: 'lab/broken', directory: model.directory }];
  const embedding = await Embedding.open({ models: [...models, { name: miniLmName, directory: miniLm }], threadsPerWorker: 1 });
  try {
    await embedding.embed(['the other model serves'], { model: miniLmName });
    return await embedding.embed(['x'], { model: 'lab/broken' }).then(
      () => 'no error',
      (error: unknown) => error,
    );
  } finally {
    await embedding.close();
  }
}

test('everything is read from the files', async () => {
  expect(await readModelDirectory(miniLmName, miniLm)).toEqual({
    name: miniLmName,
    directory: miniLm,
    onnxFile: 'onnx/model_compact.onnx',
    dimension: 384,
    maxTokens: 256,
    pooling: 'mean',
    normalizes: true,
    padId: 0,
  });
});

test('the pooling is read in both dialects', async () => {
  await change('1_Pooling/config.json', () => ({ word_embedding_dimension: 384, pooling_mode: 'cls' }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ pooling: 'cls' });
  await change('1_Pooling/config.json', () => ({
    word_embedding_dimension: 384,
    pooling_mode_cls_token: true,
    pooling_mode_mean_tokens: false,
  }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ pooling: 'cls' });
});

const jsonFiles = [
  'config.json',
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

describe.each([...jsonFiles, 'onnx/model_compact.onnx'])('%s', (file) => {
  const named = file.startsWith('onnx/') ? 'onnx/model' : file;

  test('missing, it is named', async () => {
    await rm(join(model.directory, file));
    expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(named) });
  });

  test('cut, it is named', async () => {
    const bytes = (await readFile(join(model.directory, file))).length;
    await truncate(join(model.directory, file), Math.floor(bytes / 2));
    expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(named) });
  });
});

test('wrong contents are named with their file', async () => {
  await change('1_Pooling/config.json', (config) => ({ ...config, word_embedding_dimension: 768 }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(
    '1_Pooling/config.json says 768 dimensions where config.json says 384',
  );
  await change('1_Pooling/config.json', () => ({ pooling_mode: 'weightedmean' }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(
    /1_Pooling\/config.json .* weightedmean; mean and cls are accepted/,
  );
  await change('sentence_bert_config.json', () => ({ max_seq_length: -1 }));
  await change('1_Pooling/config.json', () => ({ pooling_mode: 'mean' }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(/sentence_bert_config.json .* -1 came/);
});

test('weights that do not fit the configuration are an error that names them', async () => {
  await change('1_Pooling/config.json', (config) => ({ ...config, word_embedding_dimension: 128 }));
  await change('config.json', (config) => ({ ...config, hidden_size: 128 }));
  expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('onnx/model_compact.onnx') });
});

test('a tokenizer of another kind of file is an error that names it', async () => {
  await change('tokenizer.json', () => ({ model: { type: 'Nothing' } }));
  expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('tokenizer.json') });
});

test('a model that is mended is served without a restart', async () => {
  const file = join(model.directory, 'onnx/model_compact.onnx');
  const config = await readFile(join(model.directory, 'config.json'));
  await truncate(file, 1000);
  await truncate(join(model.directory, 'config.json'), 10);
  const embedding = await Embedding.open({ models: [{ name: 'lab/mended', directory: model.directory }], defaultModel: 'mended' });
  await expect(embedding.embed(['x'])).rejects.toThrow('config.json is not valid JSON');
  await writeFile(join(model.directory, 'config.json'), config);
  await expect(embedding.embed(['x'])).rejects.toThrow('onnx/model_compact.onnx cannot be loaded');
  await writeFile(file, await readFile(join(miniLm, 'onnx/model_compact.onnx')));
  await expect.poll(() => embedding.embed(['x']).then(({ tokens }) => tokens, String), { timeout: 20_000 }).toEqual([1]);
  await embedding.close();
});
