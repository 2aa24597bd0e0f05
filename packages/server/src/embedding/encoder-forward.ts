// A BERT encoder, computed by our own addon on the texts' own tokens, without padding.
import { Encoder } from '@voisin/encoder';
import type { Forward, Output } from './forward.js';

export class EncoderForward implements Forward {
  readonly keepsTextsApart = true;
  readonly #encoder: Encoder;
  /** Of the largest batch so far, some 800 KB for the bundled model: fresh memory for each batch would cost the system as much as a twentieth of the run. */
  #room = new Float32Array();

  private constructor(encoder: Encoder) {
    this.#encoder = encoder;
  }

  /** Undefined where the file holds anything else than an encoder that the addon knows, or ONNX Runtime is faster. */
  static async open(
    file: string,
    { hiddenSize, threads }: { readonly hiddenSize: number; readonly threads: number },
  ): Promise<EncoderForward | undefined> {
    if (!Encoder.isFast) return undefined;
    const encoder = await Encoder.open(file, { threads });
    return encoder?.hiddenSize === hiddenSize ? new EncoderForward(encoder) : undefined;
  }

  run(ids: Int32Array, lengths: Int32Array): Output {
    const size = ids.length * this.#encoder.hiddenSize;
    if (this.#room.length < size) this.#room = new Float32Array(size);
    return { holds: 'tokens', values: this.#encoder.run(ids, lengths, this.#room), first: startsOf(lengths) };
  }
}

/** Where each text begins in rows of `lengths` that lie one behind the other. */
function startsOf(lengths: Int32Array): Int32Array {
  let row = 0;
  return lengths.map((length) => (row += length) - length);
}
