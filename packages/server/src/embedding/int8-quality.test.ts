// The int8 file of the bundled model, held to PyTorch's fp32 vectors.
import { expect, test } from 'vitest';
import { Embedding } from './embedding.js';
import { cosine, miniLm, miniLmName, readReference } from './testing.js';

test("int8 vectors of the bundled model have a mean cosine of 0.99 or more to PyTorch's, and none is under 0.97", async () => {
  const options = { models: [{ name: miniLmName, directory: miniLm }], defaultModel: miniLmName, requiredModels: [], workers: 1 };
  const embedding = await Embedding.open(options);
  try {
    const { texts, vectors } = await readReference();
    const { embeddings } = await embedding.embed(texts, { precision: 'int8' });
    const cosines = embeddings.map((vector, at) => cosine(vector, vectors[at] ?? []));
    expect(cosines.reduce((sum, one) => sum + one, 0) / cosines.length).toBeGreaterThanOrEqual(0.99);
    expect(Math.min(...cosines)).toBeGreaterThan(0.97);
  } finally {
    await embedding.close();
  }
});
