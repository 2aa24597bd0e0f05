// int8 matrices stand for the float ones: how near what comes out is, to fp32 and to what ONNX Runtime makes of the same file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundled, bundledInt8, distance, openEncoder, takesInt8, withoutInt8 } from './models.test-help.js';
import { random, seed } from './random.test-help.js';
import { openReference } from './reference.test-help.js';
import { longest, onnxBytes, tinyBert, tinyMatrices, vocabulary } from './tiny-bert.test-help.js';

/** The mean of a text's token vectors. */
function pooled(vectors: Float32Array, size: number): Float64Array {
  const sum = new Float64Array(size);
  vectors.forEach((value, i) => (sum[i % size] = (sum[i % size] ?? 0) + value));
  return sum;
}

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

test.skipIf(!takesInt8)(
  `int8 vectors are at a mean cosine of 0.995 to fp32, each of 0.98 to ONNX Runtime's from the same file (SEED=${seed})${withoutInt8}`,
  async () => {
    const [fp32, int8, reference] = [await openEncoder(bundled), await openEncoder(bundledInt8), await openReference(bundledInt8)];
    const numbers = random(seed);
    const size = int8.hiddenSize;
    let sum = 0;
    const rounds = 30;
    for (let round = 0; round < rounds; round++) {
      const ids = numbers.ids(1 + numbers.below(60), int8.vocabulary);
      const lengths = Int32Array.of(ids.length);
      const ours = pooled(int8.run(ids, lengths), size);
      sum += cosine(ours, pooled(fp32.run(ids, lengths), size));
      expect(cosine(ours, pooled(await reference.run(ids), size)), `${ids.length} ids`).toBeGreaterThan(0.98);
    }
    expect(sum / rounds).toBeGreaterThan(0.995);
    await reference.release();
  },
);

test.skipIf(!takesInt8)(`whichever matrices of a layer are int8, the others floats (SEED=${seed})${withoutInt8}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-encoder-'));
  const numbers = random(seed);
  for (let which = 1; which < 2 ** tinyMatrices.length; which++) {
    const int8 = tinyMatrices.filter((_, i) => which & (1 << i));
    const file = join(folder, `${int8.join('-')}.onnx`);
    await writeFile(file, onnxBytes(tinyBert({ hidden: 64, intermediate: 192, int8 }, numbers)));
    const encoder = await openEncoder(file);
    const reference = await openReference(file);
    for (const length of [1, 2, 17, longest]) {
      const ids = numbers.ids(length, vocabulary);
      const apart = distance(encoder.run(ids, Int32Array.of(length)), await reference.run(ids));
      expect(apart, `${int8.join(', ')}; ${length} ids`).toBeLessThan(0.15);
    }
    await reference.release();
  }
  await rm(folder, { recursive: true });
});
