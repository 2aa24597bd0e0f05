// A BERT encoder, computed by our own addon on the texts' own tokens, without padding.
import { Encoder } from '@voisin/encoder';
import { startsOf, type Forward, type Output } from './forward.js';

export class EncoderForward implements Forward {
  readonly keepsTextsApart = true;
  readonly #encoder: Encoder;

  private constructor(encoder: Encoder) {
    this.#encoder = encoder;
  }

  /** Undefined where the file holds anything else than an encoder that the addon knows. */
  static async open(
    file: string,
    { hiddenSize, threads }: { readonly hiddenSize: number; readonly threads: number },
  ): Promise<EncoderForward | undefined> {
    const encoder = await Encoder.open(file, { threads });
    return encoder?.hiddenSize === hiddenSize ? new EncoderForward(encoder) : undefined;
  }

  run(ids: Int32Array, lengths: Int32Array): Output {
    return { holds: 'tokens', values: this.#encoder.run(ids, lengths), first: startsOf(lengths) };
  }
}
