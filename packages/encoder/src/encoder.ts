// A BERT encoder in memory: token ids in, token vectors out.
import { open, readFile } from 'node:fs/promises';
import { isFloat32Array, isInt32Array } from 'node:util/types';
import { findBert } from './bert-graph.js';
import { native, type NativeEncoder } from './native.js';
import type { BertWeights } from './weights.js';

/** Sizes that the kernels can cut into whole vectors and panels. */
const HIDDEN_STEP = 32;
const HEAD_STEP = 16;

/** Where a file names the operators of its nodes, before the numbers. */
const HEAD_BYTES = 2 ** 18;

export class Encoder {
  /** Whether there are kernels for this kind of processor (AVX2, AVX-512). On any other one ONNX Runtime is faster. */
  static readonly isFast = native.isFast;

  readonly hiddenSize: number;
  /** Ids are below this. */
  readonly vocabulary: number;
  /** Ids of the longest text. */
  readonly longest: number;
  readonly #native: NativeEncoder;

  private constructor(weights: BertWeights, threads: number) {
    this.hiddenSize = weights.words.columns;
    this.vocabulary = weights.words.rows;
    this.longest = weights.positions.rows;
    this.#native = new native.NativeEncoder(weights, threads);
  }

  /**
   * @param file an ONNX model with its weights inside
   * @param threads the calling one among them: 1 to 256
   * @returns undefined where the file holds something else than a BERT encoder in the form that is known here (README.md)
   */
  static async open(file: string, { threads }: { readonly threads: number }): Promise<Encoder | undefined> {
    if (!Number.isInteger(threads) || threads < 1 || threads > 256)
      throw new RangeError(`threads must be a whole number from 1 to 256, not ${threads}`);
    if (!(await isFused(file))) return undefined;
    const weights = findBert(await readFile(file));
    return weights && fits(weights) && (native.multipliesBytes || !isQuantized(weights)) ? new Encoder(weights, threads) : undefined;
  }

  /**
   * Token vectors, ids x hiddenSize, text after text. Computed on the calling thread and this encoder's own. A text's vectors are the same to the last
   * bit whatever texts are beside it.
   * @param ids those of all texts one after another
   * @param lengths how many each text has
   * @param room where to write them, for callers who would throw a megabyte away at each call: a part of it is given back
   */
  run(ids: Int32Array, lengths: Int32Array, room?: Float32Array): Float32Array {
    demandIntegers('ids', ids);
    demandIntegers('lengths', lengths);
    if (room !== undefined && !isFloat32Array(room))
      throw new TypeError(`room must be a Float32Array, not ${Object.prototype.toString.call(room)}`);
    const size = ids.length * this.hiddenSize;
    const vectors = room === undefined ? new Float32Array(size) : room.subarray(0, size);
    this.#native.run(ids, lengths, vectors);
    return vectors;
  }
}

/** Whether the file uses operators that only ONNX Runtime's optimizer writes: a large model without them need not be read to see that it is none. */
async function isFused(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    return head.subarray(0, bytesRead).includes('BiasGelu');
  } finally {
    await handle.close();
  }
}

const isQuantized = ({ layers }: BertWeights): boolean =>
  layers.some((layer) =>
    [layer.queryKeyValue, layer.attentionOutput, layer.intermediate, layer.output].some(({ weight }) => 'scales' in weight),
  );

function demandIntegers(name: string, value: unknown): void {
  if (!isInt32Array(value)) throw new TypeError(`${name} must be an Int32Array, not ${Object.prototype.toString.call(value)}`);
}

function fits({ heads, words, positions, types, norm, layers }: BertWeights): boolean {
  const size = words.columns;
  const isNorm = (one: BertWeights['norm']) => one.scale.length === size && one.shift.length === size;
  const isLinear = ({ weight, bias }: BertWeights['layers'][number]['output'], rows: number, columns: number) =>
    weight.rows === rows && weight.columns === columns && bias.length === columns;
  return (
    size % HIDDEN_STEP === 0 &&
    Number.isInteger(heads) &&
    heads > 0 &&
    size % heads === 0 &&
    (size / heads) % HEAD_STEP === 0 &&
    positions.columns === size &&
    words.rows > 0 &&
    positions.rows > 0 &&
    types.rows > 0 &&
    types.columns === size &&
    isNorm(norm) &&
    layers.every((layer) => {
      const wide = layer.intermediate.bias.length;
      return (
        wide % HIDDEN_STEP === 0 &&
        isLinear(layer.queryKeyValue, size, 3 * size) &&
        isLinear(layer.attentionOutput, size, size) &&
        isLinear(layer.intermediate, size, wide) &&
        isLinear(layer.output, wide, size) &&
        isNorm(layer.attentionNorm) &&
        isNorm(layer.outputNorm)
      );
    })
  );
}
