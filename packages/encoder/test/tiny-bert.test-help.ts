// BERT encoders of a few kilobytes, in the form of ONNX Runtime's optimizer and written field by field, so that tests can change any part of one.
import type { Random } from './random.test-help.js';

export interface TinyNode {
  operator: string;
  inputs: string[];
  outputs: string[];
  /** A whole number; { float } is written as one, whatever its value; { } has no number. */
  attributes: Record<string, number | { readonly float?: number }>;
  /** Whose operator it is. Default: that of the operator. */
  domain?: string;
}

export interface TinyTensor {
  dims: number[];
  type: number;
  raw: Uint8Array;
  /** The file beside the model that has the numbers. */
  external?: string;
}

export interface TinyGraph {
  readonly nodes: Map<string, TinyNode>;
  readonly constants: Map<string, TinyTensor>;
  outputs: string[];
}

export interface TinyShape {
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly matrices: 'float32' | 'float16';
  readonly words: 'float32' | 'float16' | 'int8';
  /** Which matrices of a layer are int8 instead. */
  readonly int8: readonly TinyMatrix[];
}

export const tinyMatrices = ['attention', 'attention_output', 'wide', 'output'] as const;
export type TinyMatrix = (typeof tinyMatrices)[number];

export const FLOAT32 = 1;
export const INT8 = 3;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT16 = 10;

export const vocabulary = 11;
export const longest = 37;
export const usual: TinyShape = { hidden: 32, heads: 2, intermediate: 64, layers: 2, matrices: 'float16', words: 'int8', int8: [] };

/** Nodes have the names of what they make. */
export function tinyBert(shape: Partial<TinyShape>, random: Random): TinyGraph {
  const { hidden, heads, intermediate, layers, matrices, words, int8 } = { ...usual, ...shape };
  const graph: TinyGraph = { nodes: new Map(), constants: new Map(), outputs: ['last_hidden_state'] };
  const node = (name: string, operator: string, inputs: string[], attributes: TinyNode['attributes'] = {}): string => {
    graph.nodes.set(name, { operator, inputs, outputs: [name], attributes });
    return name;
  };
  const constant = (name: string, type: number, dims: number[], values: ArrayLike<number>): string => {
    graph.constants.set(name, { dims, type, raw: bytesOf(type, values) });
    return name;
  };
  const integers = (name: string, ...values: number[]) => constant(name, INT64, [values.length], values);
  const floats = (name: string, dims: number[], around = 0) =>
    constant(
      name,
      FLOAT32,
      dims,
      numbers(dims, () => around + weight(random)),
    );
  const halves = (name: string, dims: number[]) =>
    constant(
      name,
      FLOAT16,
      dims,
      numbers(dims, () => halfWeight(random)),
    );
  /** The float32 values of a matrix, whatever it is stored in. */
  const matrix = (name: string, dims: number[], stored = matrices) =>
    stored === 'float32' ? floats(name, dims) : node(name, 'Cast', [halves(`${name}.halves`, dims)], { to: FLOAT32 });
  const bytes = (name: string, inner: number, outer: number) => {
    const values = numbers([inner, outer], () => random.below(255) - 127);
    const scales = numbers([outer], () => (1 + random.below(4)) / 2000);
    const factors = numbers([inner], () => (2 + random.below(3)) / 4);
    return {
      even: (input: string) => node(`${name}.even`, 'Mul', [input, constant(`${name}.factors`, FLOAT32, [inner], factors)]),
      weight: constant(`${name}.bytes`, INT8, [inner, outer], values),
      scales: constant(`${name}.scales`, FLOAT32, [outer], scales),
    };
  };
  const norm = (name: string, sum: string) =>
    node(name, 'LayerNormalization', [sum, floats(`${name}.scale`, [hidden], 1), floats(`${name}.shift`, [hidden])], {
      axis: -1,
      epsilon: { float: 1e-12 },
    });

  node('mask', 'Cast', ['attention_mask'], { to: INT32 });
  node('count', 'ReduceSum', ['mask', integers('mask.axes', 1)], { keepdims: 0 });
  node('shape', 'Shape', ['input_ids']);
  graph.constants.set('one', { dims: [], type: INT64, raw: bytesOf(INT64, [1]) });
  node('length', 'Gather', ['shape', 'one'], { axis: 0 });
  node('end', 'Unsqueeze', ['length', integers('end.axes', 0)]);
  constant(
    'all_places',
    INT64,
    [1, longest],
    Array.from({ length: longest }, (_, place) => place),
  );
  node('places', 'Slice', ['all_places', integers('places.start', 0), 'end', integers('places.axes', 1), integers('places.steps', 1)]);

  if (words === 'int8') {
    constant(
      'words.bytes',
      INT8,
      [vocabulary, hidden],
      numbers([vocabulary, hidden], () => random.below(255) - 127),
    );
    halves('words.scales', [vocabulary, 1]);
    for (const part of ['bytes', 'scales']) {
      node(`words.${part}.rows`, 'Gather', [`words.${part}`, 'input_ids']);
      node(`words.${part}.floats`, 'Cast', [`words.${part}.rows`], { to: FLOAT32 });
    }
    node('word', 'Mul', ['words.bytes.floats', 'words.scales.floats']);
  } else node('word', 'Gather', [matrix('words', [vocabulary, hidden], words), 'input_ids']);
  node('type', 'Gather', [matrix('types', [2, hidden]), 'token_type_ids']);
  node('position', 'Gather', [matrix('positions', [longest, hidden]), 'places']);
  node('word_and_type', 'Add', ['word', 'type']);
  let vectors = norm(layers === 0 ? 'last_hidden_state' : 'embeddings', node('embedding_sum', 'Add', ['word_and_type', 'position']));

  for (let i = 0; i < layers; i++) {
    const of = (name: string) => `${i}.${name}`;
    const product = (name: TinyMatrix, input: string, inner: number, outer: number) => {
      if (!int8.includes(name)) return node(of(`${name}.product`), 'MatMul', [input, matrix(of(`${name}.weight`), [inner, outer])]);
      const { even, weight, scales } = bytes(of(name), inner, outer);
      return node(of(`${name}.product`), 'DynamicQuantizeMatMul', [even(input), weight, scales]);
    };
    const linear = (name: TinyMatrix, input: string, inner: number, outer: number) =>
      node(of(name), 'Add', [floats(of(`${name}.bias`), [outer]), product(name, input, inner, outer)]);
    const attend = (input: string) => {
      const bias = floats(of('attention.bias'), [3 * hidden]);
      if (!int8.includes('attention')) {
        const weight = matrix(of('attention.weight'), [hidden, 3 * hidden]);
        return node(of('attention'), 'Attention', [input, weight, bias, 'count'], { num_heads: heads });
      }
      const { even, weight, scales } = bytes(of('attention'), hidden, 3 * hidden);
      const rounded = ['', '.scale', '.zero'].map((part) => of(`attention.rounded${part}`)) as [string, string, string];
      node(rounded[0], 'DynamicQuantizeLinear', [even(input)]);
      part(graph.nodes, rounded[0]).outputs = rounded;
      const zeros = constant(of('attention.zeros'), INT8, [3 * hidden], new Int8Array(3 * hidden));
      const inputs = [rounded[0], weight, bias, rounded[1], scales, 'count', rounded[2], zeros];
      return node(of('attention'), 'QAttention', inputs, { num_heads: heads });
    };
    const attention = attend(vectors);
    const attended = norm(
      of('attended'),
      node(of('attended.sum'), 'Add', [linear('attention_output', attention, hidden, hidden), vectors]),
    );
    const wide = node(of('wide'), 'BiasGelu', [product('wide', attended, hidden, intermediate), floats(of('wide.bias'), [intermediate])]);
    const sum = node(of('sum'), 'Add', [linear('output', wide, intermediate, hidden), attended]);
    vectors = norm(i === layers - 1 ? 'last_hidden_state' : of('vectors'), sum);
  }
  return graph;
}

/** What stands under a name that must be there. */
export function part<T>(of: ReadonlyMap<string, T>, name: string): T {
  const found = of.get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

const numbers = (dims: readonly number[], next: () => number): number[] =>
  Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, next);

const weight = (random: Random): number => (random.below(2001) - 1000) / 4000;

/** The bits of a float16 from 1/64 to 1/4 and of either sign. */
const halfWeight = (random: Random): number => (random.below(2) << 15) | ((9 + random.below(4)) << 10) | random.below(1024);

export function bytesOf(type: number, values: ArrayLike<number>): Uint8Array {
  const array =
    type === INT64
      ? BigInt64Array.from(Array.from(values), BigInt)
      : type === INT8
        ? Int8Array.from(values)
        : type === FLOAT16
          ? Uint16Array.from(values)
          : Float32Array.from(values);
  return new Uint8Array(array.buffer);
}

// Protocol buffers: a field is its number and wire type, then a varint (0), a length and bytes (2) or four bytes (5). Numbers of fields: onnx.proto.
const varint = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)]);
const tag = (field: number, type: number): number[] => varint(BigInt(field * 8 + type));
const integer = (field: number, value: number): Buffer => Buffer.from([...tag(field, 0), ...varint(BigInt.asUintN(64, BigInt(value)))]);
const float = (field: number, value: number): Buffer =>
  Buffer.concat([Buffer.from(tag(field, 5)), Buffer.from(Float32Array.of(value).buffer)]);
const bytes = (field: number, value: Uint8Array | string): Buffer => {
  const content = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([...tag(field, 2), ...varint(BigInt(content.length))]), content]);
};
const message = (field: number, ...parts: Buffer[]): Buffer => bytes(field, Buffer.concat(parts));

const ofMicrosoft = new Set(['Attention', 'BiasGelu', 'DynamicQuantizeMatMul', 'FastGelu', 'QAttention']);

export function onnxBytes({ nodes, constants, outputs }: TinyGraph): Buffer {
  const graph = message(
    7,
    ...Array.from(nodes.values(), nodeBytes),
    bytes(2, 'tiny'),
    ...Array.from(constants, ([name, tensor]) => tensorBytes(name, tensor)),
    ...['input_ids', 'attention_mask', 'token_type_ids'].map((name) => message(11, ...valueInfo(name, INT64, 2))),
    ...outputs.map((name) => message(12, ...valueInfo(name, FLOAT32, 3))),
  );
  const ours = integer(2, 17);
  const theirs = Buffer.concat([bytes(1, 'com.microsoft'), integer(2, 1)]);
  return Buffer.concat([integer(1, 8), graph, message(8, ours), message(8, theirs)]);
}

function nodeBytes({ operator, inputs, outputs, attributes, domain }: TinyNode): Buffer {
  const written = Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number'
      ? message(5, bytes(1, name), integer(3, value), integer(20, 2))
      : message(5, bytes(1, name), ...(value.float === undefined ? [] : [float(2, value.float)]), integer(20, 1)),
  );
  const owner = domain ?? (ofMicrosoft.has(operator) ? 'com.microsoft' : '');
  const names = [...inputs.map((name) => bytes(1, name)), ...outputs.map((name) => bytes(2, name))];
  return message(1, ...names, bytes(4, operator), ...written, bytes(7, owner));
}

function tensorBytes(name: string, { dims, type, raw, external }: TinyTensor): Buffer {
  const head = [...dims.map((dim) => integer(1, dim)), integer(2, type), bytes(8, name)];
  if (external === undefined) return message(5, ...head, bytes(9, raw));
  return message(5, ...head, message(13, bytes(1, 'location'), bytes(2, external)), integer(14, 1));
}

function valueInfo(name: string, type: number, rank: number): Buffer[] {
  const shape = message(2, ...Array.from({ length: rank }, (_, i) => message(1, bytes(2, `${name}_${i}`))));
  return [bytes(1, name), message(2, message(1, integer(1, type), shape))];
}
