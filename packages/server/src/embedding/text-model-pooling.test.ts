// How the vectors of tokens become the vector of a text: pooling and dense layers, as a model's own files say.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { cosine } from './testing.js';
import { closeOpened, expectNear, open, openTiny, overRows, rows, sum, vectorOf, words } from './tiny-embedding.test-help.js';
import { safetensors } from './tiny-model.test-help.js';
import type { EmbedOptions } from './types.js';

afterEach(closeOpened);

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
