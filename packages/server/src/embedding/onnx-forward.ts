// Any ONNX graph, run by ONNX Runtime on batches padded to their longest text.
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { chooseOutput, type ChosenOutput } from './choose-output.js';
import type { Forward, Output } from './forward.js';
import { fromFloat16 } from './half-floats.js';
import type { ModelToLoad } from './models/model-description.js';
import { TextFeeds } from './text-feeds.js';
import { hasArena, type LoadRequest } from './worker-protocol.js';

/**
 * A thread without work looks for it less and less often, every 64 pauses of the processor in the end (1 us), for 3 ms. By default it looks after each pause
 * without end: on a machine of two cores the threads then are in one another's way, and in the server's and its caller's between two runs. One caller, 5, 20 and
 * 50 words: p50 9, 4 and 2% lower, p99 25, 10 and 0%.
 */
const patientSpinning = { allow_spinning: '1', spin_duration_us: '3000', spin_backoff_max: '64' };

export class OnnxForward implements Forward {
  readonly keepsTextsApart = false;
  readonly #session: InferenceSession;
  readonly #model: ModelToLoad;
  readonly #feeds: TextFeeds;
  readonly #output: ChosenOutput;

  private constructor(session: InferenceSession, model: ModelToLoad) {
    this.#session = session;
    this.#model = model;
    this.#feeds = new TextFeeds(session.inputMetadata, model);
    this.#output = chooseOutput(
      session.outputMetadata.map((one) => ({ name: one.name, rank: one.isTensor ? one.shape.length : undefined })),
    );
  }

  static async open(file: string, { model, threads, spin }: LoadRequest): Promise<OnnxForward> {
    const session = await InferenceSession.create(file, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // The arena keeps what the largest shape ever run needed: 630 MB after one batch of 32 x 256 texts. Where the batcher's budget of 512
      // padded tokens bounds the shapes, the process stays under 200 MB, less than without an arena (208), and short texts take 5% less time.
      // A model that reads more of one text than that gives the memory of each run back (onnxruntime-node passes on no option that shrinks the arena).
      enableCpuMemArena: hasArena(model),
      enableMemPattern: false,
      // Threads that spin between two pieces of work answer a query of 20 words about a millisecond sooner on two idle cores, over HTTP; on cores
      // that have other work the p95 is 16-23 ms against 9-11. One caller on an idle machine is who waits for a query: they spin by default.
      extra: { session: { intra_op: spin ? patientSpinning : { allow_spinning: '0' } } },
      logSeverityLevel: 3,
    });
    return new OnnxForward(session, model);
  }

  async run(ids: Int32Array, lengths: Int32Array): Promise<Output> {
    const { name, holds } = this.#output;
    const { feeds, width } = this.#feeds.of(ids, lengths);
    const output = (await this.#session.run(feeds, [name]))[name];
    if (!output) throw new Error(`gives no ${name}`);
    const { dimension, hiddenSize } = this.#model;
    if (holds === 'vectors') return { holds, values: this.#values(output, [lengths.length, dimension]) };
    return { holds, values: this.#values(output, [lengths.length, width, hiddenSize]), first: lengths.map((_, text) => text * width) };
  }

  #values(output: Tensor, shape: readonly number[]): Float32Array {
    const { name } = this.#output;
    if (output.dims.join() !== shape.join()) {
      throw new Error(`gives ${name} of shape ${output.dims.join(' x ')}; ${shape.join(' x ')} is wanted`);
    }
    if (output.data instanceof Float32Array) return output.data;
    if (output.data instanceof Uint16Array && output.type === 'float16') return fromFloat16(output.data);
    throw new Error(`gives ${name} as ${output.type}; float32 and float16 are accepted`);
  }
}
