// What an ONNX file is fed and which of its outputs is read, whatever it calls them; its data in files beside it.
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { closeOpened, expectNear, open, openTiny, overRows, rows, sum, table, vectorOf, words } from './tiny-embedding.test-help.js';
import { idsOf, onnxFile, vocabulary } from './tiny-model.test-help.js';

afterEach(closeOpened);

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

  test.each(['said', 'unsaid'] as const)(
    'sentence_embedding has a width of its own, %s in the file, and needs no dense weights',
    async (twice) => {
      const modules = ['Transformer', 'Pooling', 'Dense'].map((kind, at) => ({ type: `a.${kind}`, path: at === 0 ? '' : `${at}_${kind}` }));
      const { embedding } = await openTiny(
        {
          outputs: [
            { name: 'last_hidden_state', holds: 'tokens' },
            { name: 'sentence_embedding', holds: 'vectors', twice },
          ],
        },
        {
          'modules.json': modules,
          '1_Pooling/config.json': { pooling_mode: 'mean' },
          '2_Dense/config.json': { in_features: 3, out_features: 6 },
          '2_Dense/pytorch_model.bin': Buffer.alloc(1),
        },
      );
      expectNear(await vectorOf(embedding, words.join(' ')), [...most, ...most]);
      expect(embedding.model()).toMatchObject({ dimension: 6 });
    },
  );

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

test('a token that the table has no row for is an error that says what does not fit', async () => {
  const { embedding } = await openTiny({ table: table.slice(0, 6) });
  await expect(embedding.embed(['one two'])).resolves.toHaveProperty('dimension', 3);
  await expect(embedding.embed(['one four'])).rejects.toMatchObject({
    code: 'failed_precondition',
    message: expect.stringMatching(/^model lab\/tiny has no row for a token .*idx=7/),
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

  test.each([
    ['xlm-roberta', { pad_token_id: 1 }, [2, 3, 4, 5, 6]],
    ['mpnet', {}, [2, 3, 4, 5, 6]],
    ['camembert', { pad_token_id: 0 }, [1, 2, 3, 4, 5]],
    ['distilbert', { pad_token_id: 1 }, [0, 1, 2, 3, 4]],
  ])('position_ids of %s with %j', async (model_type, padding, positions) => {
    const config = { model_type, hidden_size: 3, max_position_embeddings: 16, ...padding };
    const onnx = { inputs: ['input_ids', 'position_ids'], lookup: 'position_ids' };
    const { embedding } = await openTiny(onnx, { 'config.json': config });
    const seen = positions.map((position) => table[position] ?? []);
    // Beside a longer text, so that this one is padded.
    const { embeddings } = await embedding.embed(['one', words.join(' ')], { normalize: false });
    expectNear(
      Array.from(embeddings[1] ?? []),
      overRows(seen, (values) => sum(values) / seen.length),
    );
    expectNear(
      Array.from(embeddings[0] ?? []),
      overRows(seen.slice(0, 3), (values) => sum(values) / 3),
    );
  });

  test('that no text has are an error that names them', async () => {
    const { embedding } = await openTiny({ inputs: ['input_ids', 'pixel_values'] });
    await expect(embedding.embed(['one'])).rejects.toThrow('wants the input pixel_values; input_ids, attention_mask');
  });
});

test('dynamic int8 in a file of any name runs one text at a time: a vector depends on its text alone', async () => {
  const { embedding } = await openTiny({ rounds: true });
  const alone = await vectorOf(embedding, 'one');
  const again = await open((await openTiny({ rounds: true })).directory);
  const { embeddings } = await again.embed(['one', 'four four four', 'two'], { normalize: false });
  expect(Array.from(embeddings[0] ?? [])).toEqual(alone);
});

describe('external data', () => {
  test.each(['model.onnx_data', 'Constant_7_attr__value'])('is read from beside the file: %s', async (externalData) => {
    const { embedding } = await openTiny({ externalData });
    expectNear(
      await vectorOf(embedding, words.join(' ')),
      overRows(rows, (values) => sum(values) / rows.length),
    );
  });

  test.each([
    ['', 'weights.bin'],
    ['onnx', 'parts/weights'],
  ] as const)('in any file that the ONNX file names counts for the fingerprint: %s %s', async (folder, externalData) => {
    const { embedding, directory } = await openTiny({ folder, externalData });
    const before = await vectorOf(embedding, 'one');
    const doubled = Float32Array.from(table.flat().map((value) => 2 * value));
    await writeFile(join(directory, folder, externalData), Buffer.from(doubled.buffer));
    const again = await open(directory);
    expectNear(
      await vectorOf(again, 'one'),
      before.map((value) => 2 * value),
    );
    expect(again.model().hash).not.toBe(embedding.model().hash);
  });

  test('folders and other files beside the ONNX file are none', async () => {
    const { directory } = await openTiny({ externalData: 'Constant_7_attr__value' });
    for (const folder of ['.ipynb_checkpoints', 'quantized']) await mkdir(join(directory, 'onnx', folder));
    await writeFile(join(directory, 'onnx/notes'), 'what somebody left');
    const again = await open(directory);
    expect(await vectorOf(again, 'one')).toHaveLength(3);
    const { hash } = again.model();
    await rm(join(directory, 'onnx/notes'));
    const without = await open(directory);
    await vectorOf(without, 'one');
    expect(without.model().hash).toBe(hash);
  });

  test('out of the model’s folder is refused', async () => {
    const { directory } = await openTiny({}, { 'onnx/model.onnx': onnxFile({ table, externalData: '../../weights' }) });
    await expect((await open(directory)).embed(['one'])).rejects.toThrow('weights are in "../weights", out of the model');
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
