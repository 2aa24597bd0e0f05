// Models whose files are missing, cut or wrong: the error names the file, and other models serve.
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Embedding } from '../embedding.js';
import { chooseOnnxFiles, dataFilesAmong } from './find-onnx-files.js';
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
  const { assumptions, ...description } = await readModelDirectory(miniLmName, miniLm);
  expect(description).toEqual({
    name: miniLmName,
    directory: miniLm,
    transformerFolder: '',
    onnxFiles: expect.objectContaining({ fp32: 'onnx/model_compact.onnx' }),
    dataFiles: expect.objectContaining({ fp32: [] }),
    oneByOne: ['int8'],
    readFiles: ['tokenizer.json', 'tokenizer_config.json'],
    dimension: 384,
    hiddenSize: 384,
    maxTokens: 256,
    lowercases: false,
    tokenizerRules: {
      bertNormalizer: { lowercase: true, strip_accents: null, handle_chinese_chars: true },
      addPrefixSpace: undefined,
      truncationSide: undefined,
    },
    positionsFollowPadding: false,
    pooling: ['mean'],
    dense: [],
    normalizes: true,
    padId: 0,
    prompts: { byName: {}, defaultName: undefined },
  });
  expect(assumptions).toEqual([]);
});

test('what no file says is assumed as sentence-transformers does, and told', async () => {
  for (const file of ['modules.json', '1_Pooling', 'sentence_bert_config.json']) await rm(join(model.directory, file), { recursive: true });
  await change('tokenizer_config.json', (config) => ({ ...config, model_max_length: 1e30 }));
  await change('config.json', (config) => ({ ...config, max_position_embeddings: null }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({
    pooling: ['mean'],
    maxTokens: 512,
    normalizes: false,
    assumptions: [expect.stringContaining('the mean of all tokens'), expect.stringContaining('512 tokens')],
  });
});

test('a pooling without a list of modules counts', async () => {
  await rm(join(model.directory, 'modules.json'));
  await change('1_Pooling/config.json', () => ({ pooling_mode: 'lasttoken' }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ pooling: ['lasttoken'], assumptions: [] });
});

test('the positions of a model that numbers them behind its padding are fewer than its table', async () => {
  await rm(join(model.directory, 'sentence_bert_config.json'));
  await change('config.json', (config) => ({ ...config, model_type: 'xlm-roberta', pad_token_id: 1, max_position_embeddings: 514 }));
  await change('tokenizer_config.json', (config) => ({ ...config, model_max_length: 8192 }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ maxTokens: 512, padId: 1 });
});

test.each(['roberta', 'camembert', 'mpnet', 'longformer', 'data2vec-text'])(
  '%s has its padding at 1 where its configuration names none',
  async (model_type) => {
    await rm(join(model.directory, 'sentence_bert_config.json'));
    await change('config.json', (config) => ({ ...config, pad_token_id: undefined, model_type, max_position_embeddings: 130 }));
    await expect(readModelDirectory('a/b', model.directory)).resolves.toMatchObject({
      maxTokens: 128,
      padId: 1,
      positionsFollowPadding: true,
    });
  },
);

test.each(['roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'])(
  'the length of a text is read from sentence_%s_config.json where there is no sentence_bert_config.json',
  async (family) => {
    const [bert, other] = ['bert', family].map((name) => join(model.directory, `sentence_${name}_config.json`));
    await writeFile(other ?? '', JSON.stringify({ max_seq_length: 77, do_lower_case: true }));
    await expect(readModelDirectory('a/b', model.directory)).resolves.toMatchObject({ maxTokens: 256, lowercases: false });
    await rm(bert ?? '');
    await expect(readModelDirectory('a/b', model.directory)).resolves.toMatchObject({ maxTokens: 77, lowercases: true });
  },
);

test('a transformer in a folder of its own has its files there', async () => {
  const inFolder = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'sentence_bert_config.json'];
  await mkdir(join(model.directory, '0_Transformer'));
  for (const file of inFolder) await rename(join(model.directory, file), join(model.directory, '0_Transformer', file));
  await change('modules.json', (modules) =>
    Object.values(modules).map((one, at) => (at === 0 ? { ...Object(one), path: '0_Transformer' } : one)),
  );
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ transformerFolder: '0_Transformer', maxTokens: 256 });
  const embedding = await Embedding.open({ models: [{ name: 'a/b', directory: model.directory }], defaultModel: 'b', requiredModels: [] });
  await expect(embedding.embed(['x']))
    .resolves.toHaveProperty('tokens', [1])
    .finally(() => embedding.close());
});

test('the weights beside an ONNX file are found by its name, and in onnx/ by being nothing else', () => {
  const small = [
    'onnx/config.json',
    'onnx/tokenizer.json',
    'onnx/vocab.txt',
    'onnx/sentencepiece.bpe.model',
    '1_Pooling/config.json',
    'pytorch_model.bin',
  ];
  const data = ['onnx/model.onnx_data', 'onnx/model.onnx_data_1', 'onnx/Constant_7_attr__value', 'onnx/embeddings.weight'];
  const others = ['onnx/model_O4.onnx', 'onnx/model_O4.onnx_data', 'model.onnx', 'model.onnx_data', 'openvino/openvino_model.bin'];
  const paths = [...small, ...data, ...others, 'onnx/model.onnx'];
  expect(dataFilesAmong(paths, 'onnx/model.onnx')).toEqual(data);
  expect(dataFilesAmong(paths, 'model.onnx')).toEqual(['model.onnx_data']);
});

describe('of several ONNX files', () => {
  test.each([
    [['onnx/model.onnx', 'model.onnx', 'onnx/model_O3.onnx'], { fp32: 'onnx/model.onnx' }],
    [['model_optimized.onnx'], { fp32: 'model_optimized.onnx' }],
    [
      ['onnx/model_fp16.onnx', 'onnx/model_q4.onnx', 'onnx/model_quantized.onnx'],
      { fp32: 'onnx/model_fp16.onnx', int8: 'onnx/model_quantized.onnx' },
    ],
    [
      ['onnx/model.onnx', 'onnx/model_qint8_arm64.onnx', 'onnx/model_quint8_avx2.onnx'],
      { fp32: 'onnx/model.onnx', int8: 'onnx/model_quint8_avx2.onnx' },
    ],
    [['onnx/model_quantized.onnx', 'onnx/model_int8.onnx'], { int8: 'onnx/model_int8.onnx' }],
    [['onnx/model_q4f16.onnx', 'onnx/model_bnb4.onnx', 'onnx/decoder_model.onnx'], {}],
  ])('%j gives %j', (paths, chosen) => expect(chooseOnnxFiles(paths)).toEqual(chosen));

  test('none says what makes one', async () => {
    await rm(join(model.directory, 'onnx'), { recursive: true });
    await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(/onnx\/model\*\.onnx is missing, and so is model\.onnx$/);
    await mkdir(join(model.directory, 'onnx'));
    await writeFile(join(model.directory, 'onnx/model_q4.onnx'), 'x');
    await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(/there is onnx\/model_q4.onnx, and fp32, fp16 and int8 files/);
    await writeFile(join(model.directory, 'onnx/model.onnx'), 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n');
    await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow('onnx/model.onnx is a Git LFS pointer');
    await rm(join(model.directory, 'onnx'), { recursive: true });
    await writeFile(join(model.directory, 'model.safetensors'), '');
    await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow('voisin models convert makes it from model.safetensors');
  });
});

test('the pooling is read in both dialects', async () => {
  await change('1_Pooling/config.json', () => ({ word_embedding_dimension: 384, pooling_mode: 'cls' }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ pooling: ['cls'] });
  await change('1_Pooling/config.json', () => ({
    word_embedding_dimension: 384,
    pooling_mode_cls_token: true,
    pooling_mode_mean_tokens: false,
  }));
  expect(await readModelDirectory('a/b', model.directory)).toMatchObject({ pooling: ['cls'] });
});

const needed = ['config.json', '1_Pooling/config.json', 'tokenizer.json', 'onnx/model_compact.onnx'];
const optional = ['tokenizer_config.json', 'modules.json', 'sentence_bert_config.json', 'config_sentence_transformers.json'];
const namedAs = (file: string): string => (file.startsWith('onnx/') ? 'onnx/model' : file);

test.each(needed)('%s missing is named', async (file) => {
  // Another file of the folder may hold the same model in another precision.
  await rm(join(model.directory, file.startsWith('onnx/') ? 'onnx' : file), { recursive: true });
  expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(namedAs(file)) });
});

test.each([...needed, ...optional])('%s cut is named', async (file) => {
  const bytes = (await readFile(join(model.directory, file))).length;
  await truncate(join(model.directory, file), Math.floor(bytes / 2));
  expect(await failure()).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(namedAs(file)) });
});

test('a tokenizer without its configuration reads texts all the same', async () => {
  await rm(join(model.directory, 'tokenizer_config.json'));
  expect(await failure()).toBe('no error');
});

test('wrong contents are named with their file', async () => {
  await change('1_Pooling/config.json', (config) => ({ ...config, word_embedding_dimension: 768 }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(
    '1_Pooling/config.json says 768 dimensions where config.json says 384',
  );
  await change('1_Pooling/config.json', () => ({ pooling_mode: 'attention' }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(
    /1_Pooling\/config.json .* attention; cls, max, mean, .* are accepted/,
  );
  await change('sentence_bert_config.json', () => ({ max_seq_length: -1 }));
  await change('1_Pooling/config.json', () => ({ pooling_mode: 'mean' }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(/sentence_bert_config.json .* -1 came/);
  await change('sentence_bert_config.json', () => ({}));
  await change('config_sentence_transformers.json', () => ({ prompts: { query: 'q: ' }, default_prompt_name: 'passage' }));
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(
    /config_sentence_transformers.json has the default prompt "passage"/,
  );
});

test.each([
  [
    'an unknown module',
    [
      { type: 'a.Transformer', path: '' },
      { type: 'a.LSTM', path: '1_LSTM' },
    ],
    'has a module LSTM',
  ],
  [
    'modules in another order',
    [
      { type: 'a.Pooling', path: '1_Pooling' },
      { type: 'a.Transformer', path: '' },
    ],
    'in this order',
  ],
  ['a path out of the model', [{ type: 'a.Transformer', path: '../other' }], 'leads out of the model'],
])('%s in modules.json is named', async (_, modules, words) => {
  await change('modules.json', () => modules);
  await expect(readModelDirectory('a/b', model.directory)).rejects.toThrow(words);
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
