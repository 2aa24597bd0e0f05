// int8 matrices stand for the float ones: how near what comes out is, to fp32 and to what ONNX Runtime makes of the same file.
import { expect, test } from 'vitest';
import { bundled, bundledInt8, openEncoder, takesInt8, withoutInt8 } from './models.test-help.js';
import { random, seed } from './random.test-help.js';
import { openReference } from './reference.test-help.js';

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
