// The tensors that a text model is given: only those it declares, in the integers it declares, padded to the longest text.
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ModelToLoad } from './models/model-description.js';

/** One row of a tensor: writes a text's values from `at` on; what it leaves out stays 0. */
type Fill = (values: Int32Array, at: { readonly start: number; readonly length: number; readonly width: number }, ids: Int32Array) => void;

interface Input {
  readonly name: string;
  readonly type: 'int32' | 'int64';
  readonly fill: Fill;
}

export class TextFeeds {
  readonly #inputs: readonly Input[];

  /** Throws an Error that names the input that no text gives, or whose numbers are of another type. */
  constructor(
    declared: readonly InferenceSession.ValueMetadata[],
    { padId, positionsFollowPadding }: Pick<ModelToLoad, 'padId' | 'positionsFollowPadding'>,
  ) {
    const fills: Readonly<Record<string, Fill>> = {
      input_ids: (values, { start, length, width }, ids) => {
        values.set(ids, start);
        values.fill(padId, start + length, start + width);
      },
      attention_mask: (values, { start, length }) => values.fill(1, start, start + length),
      token_type_ids: () => undefined,
      position_ids: positionsFollowPadding ? fillPositionsBehindPadding(padId) : fillPositions,
    };
    const foreign = declared.filter(({ name }) => !Object.hasOwn(fills, name)).map(({ name }) => name);
    if (foreign.length > 0) throw new Error(`wants the input ${foreign.join(', ')}; ${Object.keys(fills).join(', ')} can be given`);
    this.#inputs = declared.map((input) => {
      const fill = fills[input.name];
      const type = input.isTensor ? input.type : 'no tensor';
      if (fill && (type === 'int32' || type === 'int64')) return { name: input.name, type, fill };
      throw new Error(`wants the input ${input.name} as ${type}; int64 and int32 can be given`);
    });
  }

  /** @param ids those of all texts one after another, `lengths` of each */
  of(ids: Int32Array, lengths: Int32Array): { feeds: Record<string, Tensor>; width: number } {
    const width = lengths.reduce((most, length) => Math.max(most, length), 0);
    const feeds: Record<string, Tensor> = {};
    for (const { name, type, fill } of this.#inputs) {
      const values = new Int32Array(lengths.length * width);
      let read = 0;
      lengths.forEach((length, text) => {
        fill(values, { start: text * width, length, width }, ids.subarray(read, read + length));
        read += length;
      });
      feeds[name] = new Tensor(type, type === 'int32' ? values : widened(values), [lengths.length, width]);
    }
    return { feeds, width };
  }
}

const fillPositions: Fill = (values, { start, width }) => {
  for (let i = 0; i < width; i++) values[start + i] = i;
};

/** As the RoBERTa family counts in transformers: what is padding, also inside a text, has the padding's id and is not counted. */
function fillPositionsBehindPadding(padId: number): Fill {
  return (values, { start, length, width }, ids) => {
    let position = padId;
    for (let i = 0; i < width; i++) values[start + i] = i < length && ids[i] !== padId ? ++position : padId;
  };
}

/** Ids are never negative, so that they are the lower halves of their 64 bits; a BigInt for each would cost more than the copy. */
function widened(values: Int32Array): BigInt64Array {
  const wide = new BigInt64Array(values.length);
  const halves = new Int32Array(wide.buffer);
  for (let i = 0; i < values.length; i++) halves[2 * i] = values[i] ?? 0;
  return wide;
}
