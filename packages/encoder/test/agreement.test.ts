// Token vectors are those of ONNX Runtime, on the bundled model and on small ones of every form.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Encoder } from '../src/index.js';
import { bundled, distance, openEncoder } from './models.test-help.js';
import { random, seed } from './random.test-help.js';
import { openReference } from './reference.test-help.js';
import { longest, onnxBytes, part, tinyBert, type TinyShape, usual, vocabulary } from './tiny-bert.test-help.js';

const numbers = random(seed);

describe(`the bundled model agrees with ONNX Runtime (SEED=${seed})`, () => {
  let encoder: Encoder;
  let reference: Awaited<ReturnType<typeof openReference>>;
  beforeAll(async () => {
    encoder = await openEncoder(bundled);
    reference = await openReference(bundled);
  });
  afterAll(() => reference.release());

  test('it has the sizes that its configuration says', () => {
    expect(encoder).toMatchObject({ hiddenSize: 384, vocabulary: 30_522, longest: 512 });
  });

  test.each([1, 2, 7, 22, 52, 128, 512])('on a text of %i ids', async (length) => {
    const ids = numbers.ids(length, encoder.vocabulary);
    expect(distance(encoder.run(ids, Int32Array.of(length)), await reference.run(ids))).toBeLessThan(2e-5);
  });
});

describe(`a small model agrees with ONNX Runtime (SEED=${seed})`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voisin-encoder-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each<Partial<TinyShape>>([
    { matrices: 'float16', words: 'int8' },
    { matrices: 'float16', words: 'float16' },
    { matrices: 'float32', words: 'float32' },
    { matrices: 'float32', words: 'int8' },
    { layers: 1 },
    { layers: 7 },
    { hidden: 32, heads: 1 },
    { hidden: 96, heads: 2 },
    { hidden: 96, heads: 6 },
    { hidden: 160, heads: 2 },
    { hidden: 64, heads: 1, intermediate: 32 },
    { intermediate: 224 },
  ])('%o', async (shape) => {
    const file = join(folder, 'model.onnx');
    await writeFile(file, onnxBytes(tinyBert(shape, numbers)));
    const encoder = await openEncoder(file);
    const reference = await openReference(file);
    expect(encoder).toMatchObject({ vocabulary, longest });
    for (let length = 1; length <= longest; length++) {
      const ids = numbers.ids(length, vocabulary);
      expect(distance(encoder.run(ids, Int32Array.of(length)), await reference.run(ids)), `${length} ids`).toBeLessThan(2e-5);
    }
    await reference.release();
  });

  test('where GELU takes numbers far out on both sides', async () => {
    const file = join(folder, 'model.onnx');
    const graph = tinyBert({ layers: 1 }, numbers);
    const far = Float32Array.from({ length: usual.intermediate }, (_, i) => ((i + 0.5) / usual.intermediate - 0.5) * 40);
    part(graph.constants, '0.wide.bias').raw = new Uint8Array(far.buffer);
    await writeFile(file, onnxBytes(graph));
    const encoder = await openEncoder(file);
    const reference = await openReference(file);
    const ids = numbers.ids(longest, vocabulary);
    expect(distance(encoder.run(ids, Int32Array.of(longest)), await reference.run(ids))).toBeLessThan(2e-5);
    await reference.release();
  });
});
