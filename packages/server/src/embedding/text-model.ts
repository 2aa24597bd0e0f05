// A loaded text model: runs a batch, makes one vector a text. Runs inside an inference process.
import { join } from 'node:path';
import { DenseLayers } from './dense-layers.js';
import { EncoderForward } from './encoder-forward.js';
import type { Forward } from './forward.js';
import type { ModelToLoad } from './models/model-description.js';
import { poolTokens } from './pool-tokens.js';
import { oneByOne, type LoadRequest, type RunRequest } from './worker-protocol.js';

export class TextModel {
  readonly #forward: Forward;
  readonly #model: ModelToLoad;
  readonly #dense: DenseLayers;
  readonly #oneByOne: boolean;

  private constructor(forward: Forward, dense: DenseLayers, { model, oneByOne }: LoadRequest) {
    this.#forward = forward;
    this.#model = model;
    this.#dense = dense;
    this.#oneByOne = oneByOne && !forward.keepsTextsApart;
  }

  get keepsTextsApart(): boolean {
    return this.#forward.keepsTextsApart;
  }

  static async open(request: LoadRequest): Promise<TextModel> {
    const { model } = request;
    const dense = await DenseLayers.load(model.directory, model.dense);
    const opened = new TextModel(await forwardOf(request), dense, request);
    // The first run is slow, and it shows what the model gives.
    const values = await opened.run({ kind: 'run', id: 0, ids: Int32Array.of(model.padId), lengths: Int32Array.of(1) });
    if (!values.every(Number.isFinite)) throw new Error('gives values that are not finite numbers');
    return opened;
  }

  /** Vectors, texts x dimension, not normalised. */
  async run(request: RunRequest): Promise<Float32Array> {
    if (!this.#oneByOne || request.lengths.length === 1) return this.#runTogether(request);
    const rows: Float32Array[] = [];
    for (const one of oneByOne(request)) rows.push(await this.#runTogether(one));
    return joined(rows);
  }

  async #runTogether({ ids, lengths }: RunRequest): Promise<Float32Array> {
    const output = await this.#forward.run(ids, lengths);
    if (output.holds === 'vectors') return output.values;
    const { hiddenSize: size, pooling: modes } = this.#model;
    return this.#dense.apply(poolTokens(output.values, { lengths, first: output.first }, { size, modes }));
  }
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const row of rows) {
    all.set(row, offset);
    offset += row.length;
  }
  return all;
}

async function forwardOf(request: LoadRequest): Promise<Forward> {
  const { model, threads } = request;
  const file = join(model.directory, model.onnxFile);
  const encoder = await EncoderForward.open(file, { hiddenSize: model.hiddenSize, threads });
  if (encoder) return encoder;
  // A process that does without ONNX Runtime need not load it: 40 ms and 20 MB.
  const { OnnxForward } = await import('./onnx-forward.js');
  return OnnxForward.open(file, request);
}
