// Processors without AMX, AVX-512 or AVX2 run kernels of their own: tested wherever the tests run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Encoder } from '../src/index.js';
import { bundled, bundledInt8, distance, openEncoder, takesInt8, withoutInt8 } from './models.test-help.js';
import { random, seed } from './random.test-help.js';

const script = fileURLToPath(new URL('./kernels.child.js', import.meta.url));

/** Vectors by this processor's kernels and by the named ones, of texts together and one by one. */
async function compared(file: string, name: string): Promise<{ usual: Float32Array; together: Float32Array; alone: Float32Array }> {
  const encoder = await openEncoder(file);
  // Tiles of every height, one and several, and more rows than one piece of work has.
  const lengths = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 11, 13, 22, 33, 100);
  const ids = random(seed).ids(
    lengths.reduce((sum, length) => sum + length),
    encoder.vocabulary,
  );
  const child = fork(script, { env: { ...process.env, VOISIN_ENCODER_KERNELS: name }, serialization: 'advanced' });
  child.send({ file, ids, lengths });
  const [{ together, alone }] = (await once(child, 'message')) as [{ together: Float32Array; alone: Float32Array[] }];
  return { usual: encoder.run(ids, lengths), together, alone: Float32Array.from(alone.flatMap((vectors) => [...vectors])) };
}

test.each(['avx2', 'generic'])(
  `the kernels for %s give the vectors of this processor's, in a batch as alone (SEED=${seed})`,
  async (name) => {
    const { usual, together, alone } = await compared(bundled, name);
    expect(distance(together, usual)).toBeLessThan(2e-5);
    // Vectors of other widths are summed up in another order: these were other kernels.
    if (name === 'generic' && Encoder.isFast) expect(together).not.toEqual(usual);
    expect(together).toEqual(alone);
  },
);

test.skipIf(!takesInt8)(`int8 vectors are the same to the last bit with AMX and without (SEED=${seed})${withoutInt8}`, async () => {
  const { usual, together, alone } = await compared(bundledInt8, 'avx512');
  expect(together).toEqual(usual);
  expect(together).toEqual(alone);
});
