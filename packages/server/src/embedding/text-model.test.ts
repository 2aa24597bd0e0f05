// What a model's files make of its outputs: which output is read, how tokens become a vector, what is fed, what is refused.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import { cosine } from './testing.js';
import { idsOf, safetensors, tinyModel, vocabulary, type TinyOnnx } from './tiny-model.test-help.js';
import type { EmbedOptions } from './types.js';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function open(directory: string): Promise<Embedding> {
  const models = [{ name: 'lab/tiny', directory }];
  const embedding = await Embedding.open({ models, defaultModel: 'tiny', requiredModels: [], workers: 1, threadsPerWorker: 1 });
  opened.push(() => embedding.close());
  return embedding;
}

async function openTiny(onnx: Partial<TinyOnnx> = {}, files: Parameters<typeof tinyModel>[1] = {}) {
  const model = await tinyModel({ table, ...onnx }, files);
  opened.push(model.remove);
  return { embedding: await open(model.directory), directory: model.directory };
}

/** A row a token, no two alike, some of them negative. */
const table = vocabulary.map((_, id) => [id + 1, -id, id * id - 10]);
const rowsOf = (...words: string[]): number[][] => idsOf(...words).map((id) => table[id] ?? []);
const column = (rows: readonly (readonly number[])[], at: number): number[] => rows.map((row) => row[at] ?? Number.NaN);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** One value a column. */
const overRows = (rows: readonly (readonly number[])[], of: (values: number[]) => number): number[] =>
  [0, 1, 2].map((at) => of(column(rows, at)));

const words = ['one', 'three', 'four'];
const rows = rowsOf(...words);

async function vectorOf(embedding: Embedding, text: string, options: EmbedOptions = {}): Promise<number[]> {
  const { embeddings } = await embedding.embed([text], { normalize: false, ...options });
  return Array.from(embeddings[0] ?? []);
}

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(actual[at], `value ${at}`).toBeCloseTo(value, 4);
}

describe('bert-random-cls', () => {
  const directory = fileURLToPath(new URL('../../../test/models/bert-random-cls', import.meta.url));

  test('gives PyTorch’s vectors with and without its prompt, single and batched, in any order', async () => {
    const cases: { text: string; prompt: string | null; vector: number[] }[] = JSON.parse(
      await readFile(join(directory, 'reference.json'), 'utf8'),
    ).cases;
    const embedding = await open(directory);
    expect(embedding.model('tiny')).toMatchObject({ dimension: 32, maxTokens: 48, pooling: ['cls'], precisions: ['fp32'] });
    for (const prompt of [null, 'query']) {
      const wanted = cases.filter((one) => one.prompt === prompt);
      const options: EmbedOptions[] = prompt === null ? [{}, { inputType: 'document' }] : [{ promptName: 'query' }, { inputType: 'query' }];
      for (const option of options) {
        for (const order of [wanted, wanted.toReversed(), ...wanted.map((one) => [one])]) {
          const { embeddings } = await embedding.embed(
            order.map(({ text }) => text),
            option,
          );
          for (const [at, { vector }] of order.entries()) expect(cosine(embeddings[at] ?? [], vector)).toBeGreaterThan(0.9999);
        }
      }
    }
  });

  test('a prompt that it has not is refused with those it has', async () => {
    const embedding = await open(directory);
    await expect(embedding.embed(['x'], { promptName: 'toString' })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'model lab/tiny has no prompt "toString"; there are: query, document',
    });
  });
});

describe('pooling', () => {
  test.each([
    ['cls', rows[0] ?? []],
    ['lasttoken', rows.at(-1) ?? []],
    ['max', overRows(rows, (values) => Math.max(...values))],
    ['mean', overRows(rows, (values) => sum(values) / rows.length)],
    ['mean_sqrt_len_tokens', overRows(rows, (values) => sum(values) / Math.sqrt(rows.length))],
    ['weightedmean', overRows(rows, (values) => sum(values.map((value, at) => value * (at + 1))) / sum(rows.map((_, at) => at + 1)))],
  ])('%s, the same beside longer and shorter texts', async (pooling_mode, expected) => {
    const { embedding } = await openTiny({}, { '1_Pooling/config.json': { word_embedding_dimension: 3, pooling_mode } });
    expectNear(await vectorOf(embedding, words.join(' ')), expected);
    const company = ['two', 'one three four', 'one two three four one two three four'];
    const { embeddings } = await embedding.embed(company, { normalize: false, truncate: true });
    expectNear(Array.from(embeddings[1] ?? []), expected);
  });

  test('several modes stand one after another', async () => {
    const flags = {
      word_embedding_dimension: 3,
      pooling_mode_max_tokens: true,
      pooling_mode_cls_token: true,
      pooling_mode_mean_tokens: false,
    };
    const { embedding } = await openTiny({}, { '1_Pooling/config.json': flags });
    expect(embedding.model().dimension).toBe(6);
    expectNear(await vectorOf(embedding, words.join(' ')), [...(rows[0] ?? []), ...overRows(rows, (values) => Math.max(...values))]);
  });

  test('without a word about it, it is the mean', async () => {
    const { embedding } = await openTiny();
    expectNear(
      await vectorOf(embedding, words.join(' ')),
      overRows(rows, (values) => sum(values) / rows.length),
    );
  });
});

describe('dense layers', () => {
  const modules = ['Transformer', 'Pooling', 'Dense', 'Normalize'].map((kind, idx) => ({
    idx,
    name: String(idx),
    path: kind === 'Transformer' ? '' : `${idx}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
  const weight = [
    [0.1, 0, -0.2],
    [0, 0.3, 0.05],
  ];
  const bias = [0.01, -0.02];
  const config = { in_features: 3, out_features: 2, bias: true, activation_function: 'torch.nn.modules.activation.Tanh' };
  const files = {
    'modules.json': modules,
    '1_Pooling/config.json': { word_embedding_dimension: 3, pooling_mode: 'cls' },
    '2_Dense/config.json': config,
    '2_Dense/model.safetensors': safetensors({ 'linear.weight': weight, 'linear.bias': bias }),
  };

  test('come after the pooling', async () => {
    const { embedding } = await openTiny({}, files);
    expect(embedding.model().dimension).toBe(2);
    const pooled = rows[0] ?? [];
    expectNear(
      await vectorOf(embedding, words.join(' ')),
      weight.map((row, at) => Math.tanh(sum(row.map((value, i) => value * (pooled[i] ?? 0))) + (bias[at] ?? 0))),
    );
  });

  test.each([
    ['are named where their weights are missing', { '2_Dense/model.safetensors': undefined }, '2_Dense/model.safetensors is missing'],
    [
      'are named where their weights are pickled',
      { '2_Dense/model.safetensors': undefined, '2_Dense/pytorch_model.bin': Buffer.from('x') },
      'pytorch_model.bin beside it is not read',
    ],
    [
      'are named where they do not fit the pooling',
      { '2_Dense/config.json': { ...config, in_features: 5 } },
      '2_Dense/config.json takes 5 values where the module before it gives 3',
    ],
    [
      'are named where their weights have another shape',
      { '2_Dense/model.safetensors': safetensors({ 'linear.weight': [[1, 2, 3]], 'linear.bias': bias }) },
      '2_Dense/model.safetensors has linear.weight of shape 1 x 3; 2 x 3 is wanted',
    ],
    [
      'are named where their weights are cut',
      { '2_Dense/model.safetensors': safetensors({ 'linear.weight': weight, 'linear.bias': bias }).subarray(0, -3) },
      '2_Dense/model.safetensors is cut short',
    ],
    [
      'are named where their weights are something else',
      { '2_Dense/model.safetensors': Buffer.alloc(100, 1) },
      '2_Dense/model.safetensors is cut short',
    ],
  ])('%s', async (_, changed, words) => {
    const { embedding } = await openTiny({}, { ...files, ...changed });
    await expect(embedding.embed(['one'])).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(words) });
  });
});

describe('outputs', () => {
  const most = overRows(rows, (values) => Math.max(...values));
  const mean = overRows(rows, (values) => sum(values) / rows.length);

  test.each([
    [
      'sentence_embedding before the tokens',
      [
        ['last_hidden_state', 'tokens'],
        ['sentence_embedding', 'vectors'],
      ],
      most,
    ],
    [
      'image_embeds before the tokens',
      [
        ['last_hidden_state', 'tokens'],
        ['image_embeds', 'vectors'],
      ],
      most,
    ],
    [
      'the tokens before a pooler',
      [
        ['pooler_output', 'vectors'],
        ['last_hidden_state', 'tokens'],
      ],
      mean,
    ],
    ['token_embeddings', [['token_embeddings', 'tokens']], mean],
    ['a pooler where there is nothing else', [['pooler_output', 'vectors']], most],
    ['the only output, whatever its name: tokens', [['output_0', 'tokens']], mean],
    ['the only output, whatever its name: vectors', [['output_0', 'vectors']], most],
  ] as const)('%s', async (_, outputs, expected) => {
    const { embedding } = await openTiny({ outputs: outputs.map(([name, holds]) => ({ name, holds })) });
    expectNear(await vectorOf(embedding, words.join(' ')), expected);
  });

  test('that nobody knows are an error that lists them', async () => {
    const { embedding } = await openTiny({
      outputs: [
        { name: 'a', holds: 'tokens' },
        { name: 'b', holds: 'vectors' },
      ],
    });
    await expect(embedding.embed(['one'])).rejects.toThrow(/onnx\/model.onnx cannot be loaded: has no output .*, but a, b/);
  });

  test('that are not numbers are an error that names the file', async () => {
    const { embedding } = await openTiny({ table: table.map((row) => row.map(() => Number.NaN)) });
    await expect(embedding.embed(['one'])).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('onnx/model.onnx cannot be loaded: gives values that are not finite numbers'),
    });
  });

  test('that are not numbers for one text fail that text alone', async () => {
    const { embedding } = await openTiny({
      table: table.map((row, id) => (id === vocabulary.indexOf('four') ? row.map(() => Number.NaN) : row)),
    });
    await expect(embedding.embed(['one four'])).rejects.toMatchObject({ code: 'internal' });
    await expect(embedding.embed(['one two'])).resolves.toHaveProperty('dimension', 3);
  });
});

describe('inputs', () => {
  const positions = idsOf(...words).map((_, at) => table[at] ?? []);

  test.each([
    ['input_ids alone', { inputs: ['input_ids'] }, rows],
    ['32-bit integers', { integers: 'int32' }, rows],
    ['attention_mask', { inputs: ['input_ids', 'attention_mask'], lookup: 'attention_mask' }, rows.map(() => table[1] ?? [])],
    [
      'token_type_ids',
      { inputs: ['input_ids', 'attention_mask', 'token_type_ids'], lookup: 'token_type_ids' },
      rows.map(() => table[0] ?? []),
    ],
    ['position_ids', { inputs: ['input_ids', 'position_ids'], lookup: 'position_ids' }, positions],
  ] as const)('%s', async (_, onnx, seen) => {
    const { embedding } = await openTiny(onnx);
    expectNear(
      await vectorOf(embedding, words.join(' ')),
      overRows(seen, (values) => sum(values) / seen.length),
    );
  });

  test('that no text has are an error that names them', async () => {
    const { embedding } = await openTiny({ inputs: ['input_ids', 'pixel_values'] });
    await expect(embedding.embed(['one'])).rejects.toThrow('wants the input pixel_values; input_ids, attention_mask');
  });
});

describe('external data', () => {
  test.each(['model.onnx_data', 'Constant_7_attr__value'])('is read from beside the file: %s', async (externalData) => {
    const { embedding } = await openTiny({ externalData });
    expectNear(
      await vectorOf(embedding, words.join(' ')),
      overRows(rows, (values) => sum(values) / rows.length),
    );
  });

  test('missing or cut, it is named', async () => {
    const { embedding, directory } = await openTiny({ externalData: 'model.onnx_data' });
    const file = join(directory, 'onnx/model.onnx_data');
    await truncate(file, 8);
    await expect(embedding.embed(['one'])).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('onnx') });
    await rm(file);
    const again = await open(directory);
    await expect(again.embed(['one'])).rejects.toThrow('model.onnx_data');
  });

  test('changes the fingerprint', async () => {
    const { embedding, directory } = await openTiny({ externalData: 'model.onnx_data' });
    await embedding.embed(['one']);
    const before = embedding.model().hash;
    await writeFile(join(directory, 'onnx/model.onnx_data'), Buffer.from(Float32Array.from(table.flat().map((value) => value + 1)).buffer));
    const again = await open(directory);
    await again.embed(['one']);
    expect(again.model().hash).not.toBe(before);
  });
});
