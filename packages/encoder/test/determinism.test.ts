// A text's vectors depend on the text alone: not on a bit of the others in its batch, their order or the number of threads.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Encoder } from '../src/index.js';
import { bundled, bundledInt8, openEncoder, takesInt8, withoutInt8 } from './models.test-help.js';
import { random, seed } from './random.test-help.js';

const threads = [1, 2, 3, 8];
/** Texts are computed in groups of 512 ids: this is several of them. */
const most = 1500;

const numbers = random(seed);
/** The vectors of each text of a batch. */
function vectorsOf(encoder: Encoder, texts: readonly Int32Array[]): Float32Array[] {
  const lengths = Int32Array.from(texts, ({ length }) => length);
  const values = encoder.run(Int32Array.from(texts.flatMap((text) => [...text])), lengths);
  let end = 0;
  return texts.map(({ length }) => values.subarray(end, (end += length * encoder.hiddenSize)));
}

/** Texts of very different lengths, `most` ids in all at most. */
function randomTexts(vocabulary: number): Int32Array[] {
  const texts: Int32Array[] = [];
  let left = most;
  for (;;) {
    const length = 1 + numbers.below([8, 60, 200, 512][numbers.below(4)] ?? 1);
    if (length > left) return texts;
    texts.push(numbers.ids(length, vocabulary));
    left -= length;
  }
}

const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

describe.each([
  ['float16 matrices', bundled, true],
  [`int8 matrices${withoutInt8}`, bundledInt8, takesInt8],
])('with %s', (_, file, isKnown) => {
  let encoders: Encoder[] = [];
  beforeAll(async () => {
    if (isKnown) encoders = await Promise.all(threads.map((count) => openEncoder(file, count)));
  });

  test.skipIf(!isKnown)(
    `a text has the same vectors alone, among others in any order, and with ${threads.join(', ')} threads (SEED=${seed})`,
    () => {
      for (let round = 0; round < 4; round++) {
        const texts = randomTexts(encoders[0]?.vocabulary ?? 0);
        const alone = new Map(texts.map((text) => [text, encoders[0]?.run(text, Int32Array.of(text.length)) ?? new Float32Array()]));
        for (const [i, encoder] of encoders.entries()) {
          const order = numbers.shuffled(texts);
          const vectors = vectorsOf(encoder, order);
          for (const [at, text] of order.entries()) {
            const same = bits(vectors[at] ?? new Float32Array()).equals(bits(alone.get(text) ?? new Float32Array()));
            expect(same, `text ${at} of ${order.map(({ length }) => length).join()} with ${threads[i]} threads`).toBe(true);
          }
        }
      }
    },
    120_000,
  );

  test.skipIf(!isKnown)('a text that fills a group, and one that does not fit beside it, have the vectors that they have alone', () => {
    const [encoder] = encoders;
    if (encoder === undefined) throw new Error('no encoder');
    for (const lengths of [
      [512, 1],
      [1, 512],
      [511, 1, 1],
      [256, 256, 256],
      [512, 512],
    ]) {
      const texts = lengths.map((length) => numbers.ids(length, encoder.vocabulary));
      const alone = texts.map((text) => bits(encoder.run(text, Int32Array.of(text.length))));
      expect(
        vectorsOf(encoder, texts).map((values, i) => bits(values).equals(alone[i] ?? Buffer.alloc(0))),
        lengths.join(),
      ).toEqual(lengths.map(() => true));
    }
  });

  test.skipIf(!isKnown)('nothing gives nothing', () => {
    for (const encoder of encoders) expect(encoder.run(new Int32Array(), new Int32Array())).toEqual(new Float32Array());
  });
});
