// A loaded ONNX text model: pads a batch, runs it, pools each text's token vectors. Runs inside an inference process.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadRequest, RunRequest } from './worker-protocol.js';

const feedable = ['input_ids', 'attention_mask', 'token_type_ids'];
const OUTPUT = 'last_hidden_state';

export class TextModel {
  readonly #session: InferenceSession;
  readonly #load: LoadRequest;

  constructor(session: InferenceSession, load: LoadRequest) {
    this.#session = session;
    this.#load = load;
  }

  static async open(load: LoadRequest): Promise<TextModel> {
    const session = await InferenceSession.create(load.file, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      intraOpNumThreads: load.threads,
      interOpNumThreads: 1,
      // The arena keeps what the largest shape ever run needed: 630 MB after one batch of 32 x 256 texts. The batcher's budget of 512 padded
      // tokens bounds the shapes; then the process stays under 200 MB, less than without an arena (208), and short texts take 5% less time.
      enableCpuMemArena: true,
      enableMemPattern: false,
      // Threads that spin between two pieces of work answer a query of 20 words about a millisecond sooner on two idle cores, over HTTP; on cores
      // that have other work the p95 is 16-23 ms against 9-11. One caller on an idle machine is who waits for a query: they spin by default.
      extra: { session: { intra_op: { allow_spinning: load.spin ? '1' : '0' } } },
      logSeverityLevel: 3,
    });
    const foreign = session.inputNames.filter((name) => !feedable.includes(name));
    if (foreign.length > 0) throw new Error(`wants the input ${foreign.join(', ')}; ${feedable.join(', ')} can be given`);
    if (!session.outputNames.includes(OUTPUT)) throw new Error(`has no output ${OUTPUT}, but ${session.outputNames.join(', ')}`);
    const model = new TextModel(session, load);
    // The first run is slow, and it shows what the model gives.
    const values = await model.run({ kind: 'run', id: 0, ids: Int32Array.of(load.padId), lengths: Int32Array.of(1) });
    if (!values.every(Number.isFinite)) throw new Error('gives values that are not finite numbers');
    return model;
  }

  /** Pooled vectors, texts x dimension, not normalised. */
  async run({ ids, lengths }: RunRequest): Promise<Float32Array> {
    const width = lengths.reduce((most, length) => Math.max(most, length), 0);
    const shape = [lengths.length, width];
    const feeds: Record<string, Tensor> = {};
    for (const name of this.#session.inputNames) feeds[name] = new Tensor('int64', this.#input(name, ids, lengths, width), shape);
    const output = (await this.#session.run(feeds, [OUTPUT]))[OUTPUT];
    const { dimension, pooling } = this.#load;
    if (!output || !(output.data instanceof Float32Array)) throw new Error(`gives no float32 ${OUTPUT}`);
    if (output.data.length !== lengths.length * width * dimension) {
      throw new Error(`gives ${OUTPUT} of shape ${output.dims.join(' x ')}; ${[...shape, dimension].join(' x ')} is wanted`);
    }
    const rows = pooling === 'cls' ? new Int32Array(lengths.length).fill(1) : lengths;
    return meanOfFirstRows(output.data, rows, width, dimension);
  }

  #input(name: string, ids: Int32Array, lengths: Int32Array, width: number): BigInt64Array {
    const values = new BigInt64Array(lengths.length * width);
    if (name === 'token_type_ids') return values;
    const pad = BigInt(this.#load.padId);
    let read = 0;
    lengths.forEach((length, text) => {
      const start = text * width;
      if (name === 'attention_mask') values.fill(1n, start, start + length);
      else {
        for (let i = 0; i < length; i++) values[start + i] = BigInt(ids[read++] ?? 0);
        values.fill(pad, start + length, start + width);
      }
    });
    return values;
  }
}

/** For each text the mean of its first `rows` token vectors: one row is the class token, all rows are mean pooling. */
function meanOfFirstRows(hidden: Float32Array, rows: Int32Array, width: number, dimension: number): Float32Array {
  const pooled = new Float32Array(rows.length * dimension);
  const sum = new Float64Array(dimension);
  rows.forEach((count, text) => {
    sum.fill(0);
    let at = text * width * dimension;
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < dimension; i++) sum[i] = (sum[i] ?? 0) + (hidden[at++] ?? 0);
    }
    for (let i = 0; i < dimension; i++) pooled[text * dimension + i] = (sum[i] ?? 0) / count;
  });
  return pooled;
}
