// Finds a BERT encoder in an ONNX graph, in the form that ONNX Runtime's transformer optimizer gives it (scripts/models/compact.py), or with
// int8 matrices (scripts/models/int8.py). Each node is looked at: a graph that computes anything else is none.
import { readOnnx, type Graph, type Node, type Tensor } from './onnx-file.js';
import type { BertWeights, Layer, Linear, Matrix, Norm, QuantizedMatrix, Table } from './weights.js';

const FLOAT32 = 1;
const INT8 = 3;
const INT32 = 6;
const INT64 = 7;
const FLOAT16 = 10;

/** A matrix product, and its bias where the same node adds it. */
interface Product {
  readonly input: string;
  readonly weight: Matrix | QuantizedMatrix;
  readonly bias: Float32Array | undefined;
}

const ofMicrosoft = new Set(['Attention', 'BiasGelu', 'DynamicQuantizeMatMul', 'QAttention']);

/** The graph is not what is looked for. */
class Foreign extends Error {}

/** @returns the encoder whose token vectors are the output `last_hidden_state`; undefined where the file holds anything else */
export function findBert(bytes: Uint8Array): BertWeights | undefined {
  let graph: Graph;
  try {
    graph = readOnnx(bytes);
  } catch {
    // Cut or damaged: who reads it next will say so.
    return undefined;
  }
  try {
    return new Search(graph).encoder('last_hidden_state');
  } catch (error) {
    if (error instanceof Foreign) return undefined;
    throw error;
  }
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Foreign(what);
}

function at(names: readonly string[], index: number): string {
  const name = names[index];
  demand(name !== undefined, `input ${index}`);
  return name;
}

function shape({ name, dims }: Tensor): readonly [rows: number, columns: number] {
  const [rows, columns] = dims;
  demand(dims.length === 2 && rows !== undefined && columns !== undefined, name);
  return [rows, columns];
}

/** The numbers where a typed array may begin. */
const copied = ({ raw }: Tensor): ArrayBuffer => new Uint8Array(raw).buffer;

/** Goes from a value to the node that makes it. */
class Search {
  readonly #makers = new Map<string, Node>();
  readonly #constants: ReadonlyMap<string, Tensor>;
  readonly #outputs: readonly string[];

  constructor({ nodes, constants, outputs }: Graph) {
    for (const node of nodes) {
      // A node that is not understood in every part makes nothing that is known.
      const domain = ofMicrosoft.has(node.operator) ? 'com.microsoft' : '';
      if (node.domain !== domain || node.others.length > 0) continue;
      for (const name of node.outputs) this.#makers.set(name, node);
    }
    this.#constants = new Map(constants.map((one) => [one.name, one]));
    this.#outputs = outputs;
  }

  encoder(output: string): BertWeights {
    demand(this.#outputs.length === 1 && this.#outputs[0] === output, 'outputs');
    const layers: Layer[] = [];
    let heads = 0;
    let vectors = output;
    for (;;) {
      const found = this.#layer(vectors);
      if (found === undefined) break;
      demand(layers.length < this.#makers.size, 'layers in a circle');
      demand(heads === 0 || heads === found.heads, 'heads');
      ({ heads } = found);
      layers.unshift(found.layer);
      vectors = found.input;
    }
    demand(layers.length > 0, 'layers');
    return { heads, ...this.#embedding(vectors), layers };
  }

  /** The layer that makes these vectors, undefined where they are the embeddings. */
  #layer(vectors: string): { layer: Layer; heads: number; input: string } | undefined {
    const outer = this.#normOfSum(vectors);
    const output = this.#linearAmong(outer.terms);
    if (output === undefined) return undefined;
    const gelu = this.#made(output.input, 'BiasGelu');
    const intermediate = this.#product(at(gelu.inputs, 0));
    demand(intermediate !== undefined && intermediate.bias === undefined, 'intermediate layer');
    const middle = intermediate.input;
    demand(middle === output.rest, 'the sum after the intermediate layer');
    const attended = this.#normOfSum(middle);
    const attentionOutput = this.#linearAmong(attended.terms);
    demand(attentionOutput !== undefined, 'attention output');
    const { queryKeyValue, heads, input } = this.#attention(attentionOutput.input);
    demand(input === attentionOutput.rest, 'the sum after attention');
    return {
      layer: {
        queryKeyValue,
        attentionOutput: attentionOutput.linear,
        attentionNorm: attended.norm,
        intermediate: { weight: intermediate.weight, bias: this.#floats(at(gelu.inputs, 1)) },
        output: output.linear,
        outputNorm: outer.norm,
      },
      heads,
      input,
    };
  }

  #attention(context: string): { queryKeyValue: Linear; heads: number; input: string } {
    const node = this.#makers.get(context);
    demand(node?.operator === 'Attention' || node?.operator === 'QAttention', 'attention');
    const { inputs, attributes } = node;
    const heads = attributes.get('num_heads');
    demand(attributes.size === 1 && heads !== undefined, 'attention');
    const bias = this.#floats(at(inputs, 2));
    if (node.operator === 'Attention') {
      demand(inputs.length === 4, 'attention');
      this.#demandMask(at(inputs, 3));
      return { queryKeyValue: { weight: this.#matrix(at(inputs, 1)), bias }, heads, input: at(inputs, 0) };
    }
    demand(inputs.length === 8, 'attention');
    this.#demandMask(at(inputs, 5));
    const rounded = this.#made(at(inputs, 0), 'DynamicQuantizeLinear');
    demand(rounded.outputs.join() === [0, 3, 6].map((input) => at(inputs, input)).join(), 'attention');
    demand(
      new Int8Array(copied(this.#constant(at(inputs, 7)))).every((zero) => zero === 0),
      'attention',
    );
    const { input, factors } = this.#evened(at(rounded.inputs, 0));
    return { queryKeyValue: { weight: this.#bytes(at(inputs, 1), at(inputs, 4), factors), bias }, heads, input };
  }

  /** What is masked is what stands behind a text's own tokens: the mask is their number. */
  #demandMask(value: string): void {
    const count = this.#made(value, 'ReduceSum');
    demand(count.attributes.get('keepdims') === 0 && this.#integers(at(count.inputs, 1)).join() === '1', 'mask');
    const mask = this.#made(at(count.inputs, 0), 'Cast');
    demand(mask.attributes.get('to') === INT32 && at(mask.inputs, 0) === 'attention_mask', 'mask');
  }

  #embedding(vectors: string): Pick<BertWeights, 'words' | 'positions' | 'types' | 'norm'> {
    const { norm, terms } = this.#normOfSum(vectors);
    const leaves = terms.flatMap((term) => (this.#makers.get(term)?.operator === 'Add' ? this.#terms(term) : [term]));
    demand(leaves.length === 3, 'embeddings');
    const found: { words?: Table; positions?: Table; types?: Table } = {};
    for (const leaf of leaves) {
      const { table, index } = this.#gathered(leaf);
      if (index === 'input_ids') found.words = table;
      else if (index === 'token_type_ids') found.types = table;
      else {
        this.#demandPositions(index, table.rows);
        found.positions = table;
      }
    }
    const { words, positions, types } = found;
    demand(words !== undefined && positions !== undefined && types !== undefined, 'embeddings');
    return { words, positions, types, norm };
  }

  /** A row of a table for each index: float, or int8 times a scale. */
  #gathered(value: string): { table: Table; index: string } {
    const node = this.#makers.get(value);
    if (node?.operator !== 'Mul') {
      const { constant, index } = this.#gather(value);
      return { table: this.#matrix(constant), index };
    }
    const parts = node.inputs.map((name) => this.#gather(at(this.#castToFloat(name).inputs, 0)));
    const [bytes, scales] = parts.map(({ constant }) => this.#constant(constant));
    const [index, other] = parts.map(({ index }) => index);
    demand(bytes !== undefined && scales !== undefined && index !== undefined && index === other, 'a table of bytes');
    const [rows, columns] = shape(bytes);
    demand(bytes.type === INT8 && scales.type === FLOAT16 && scales.dims.join() === `${rows},1`, 'a table of bytes');
    return { table: { rows, columns, values: new Int8Array(copied(bytes)), scales: new Uint16Array(copied(scales)) }, index };
  }

  #gather(value: string): { constant: string; index: string } {
    const { inputs, attributes } = this.#made(value, 'Gather');
    demand((attributes.get('axis') ?? 0) === 0, 'gather');
    return { constant: at(inputs, 0), index: at(inputs, 1) };
  }

  /** 0, 1, 2 ... up to the number of ids. */
  #demandPositions(value: string, count: number): void {
    const { inputs } = this.#made(value, 'Slice');
    const positions = this.#integers(at(inputs, 0));
    demand(positions.length === count && positions.every((position, i) => position === i), 'positions');
    const [start, axes, steps] = [1, 3, 4].map((input) => this.#integers(at(inputs, input)).join());
    demand(start === '0' && axes === '1' && steps === '1', 'positions');
    const size = this.#made(at(this.#made(at(inputs, 2), 'Unsqueeze').inputs, 0), 'Gather');
    demand(this.#integers(at(size.inputs, 1)).join() === '1', 'positions');
    demand(at(this.#made(at(size.inputs, 0), 'Shape').inputs, 0) === 'input_ids', 'positions');
  }

  #normOfSum(value: string): { norm: Norm; terms: readonly string[] } {
    const { inputs, attributes } = this.#made(value, 'LayerNormalization');
    demand((attributes.get('axis') ?? -1) === -1, 'normalisation');
    const epsilon = attributes.get('epsilon') ?? 1e-5;
    return { norm: { scale: this.#floats(at(inputs, 1)), shift: this.#floats(at(inputs, 2)), epsilon }, terms: this.#terms(at(inputs, 0)) };
  }

  #terms(sum: string): readonly string[] {
    return this.#made(sum, 'Add').inputs;
  }

  /** The one of two terms that is a matrix product with a bias, and the other one; undefined where neither is. */
  #linearAmong(terms: readonly string[]): { linear: Linear; input: string; rest: string } | undefined {
    for (const [i, term] of terms.entries()) {
      const found = this.#product(term) ?? this.#productAndBias(term);
      if (found?.bias === undefined) continue;
      const { input, weight, bias } = found;
      return { linear: { weight, bias }, input, rest: at(terms, 1 - i) };
    }
    return undefined;
  }

  #productAndBias(value: string): Product | undefined {
    const node = this.#makers.get(value);
    if (node?.operator !== 'Add') return undefined;
    const bias = node.inputs.find((name) => this.#constants.has(name));
    const product = this.#product(node.inputs.find((name) => name !== bias) ?? '');
    return bias === undefined || product === undefined || product.bias ? undefined : { ...product, bias: this.#floats(bias) };
  }

  #product(value: string): Product | undefined {
    const node = this.#makers.get(value);
    if (node?.operator === 'MatMul') return { input: at(node.inputs, 0), weight: this.#matrix(at(node.inputs, 1)), bias: undefined };
    if (node?.operator !== 'DynamicQuantizeMatMul') return undefined;
    const [x = '', weight = '', scales = '', zeros = '', bias = ''] = node.inputs;
    demand(zeros === '', 'zero points');
    const { input, factors } = this.#evened(x);
    return { input, weight: this.#bytes(weight, scales, factors), bias: bias === '' ? undefined : this.#floats(bias) };
  }

  /** A value times a factor a channel. */
  #evened(value: string): { input: string; factors: Float32Array } {
    const { inputs } = this.#made(value, 'Mul');
    return { input: at(inputs, 0), factors: this.#floats(at(inputs, 1)) };
  }

  #bytes(name: string, scales: string, factors: Float32Array): QuantizedMatrix {
    const tensor = this.#constant(name);
    const [rows, columns] = shape(tensor);
    demand(tensor.type === INT8 && factors.length === rows, name);
    const found = this.#floats(scales);
    demand(found.length === columns, scales);
    return { rows, columns, values: new Int8Array(copied(tensor)), factors, scales: found };
  }

  #made(value: string, operator: string): Node {
    const node = this.#makers.get(value);
    demand(node?.operator === operator, operator);
    return node;
  }

  #castToFloat(value: string): Node {
    const node = this.#made(value, 'Cast');
    demand(node.attributes.get('to') === FLOAT32, 'cast');
    return node;
  }

  #constant(name: string): Tensor {
    const constant = this.#constants.get(name);
    demand(constant !== undefined, name);
    const { dims, type, raw } = constant;
    const size = { [FLOAT32]: 4, [INT8]: 1, [FLOAT16]: 2 }[type];
    demand(size !== undefined && raw.length === size * dims.reduce((product, dim) => product * dim, 1), name);
    return constant;
  }

  /** A matrix that stands in the file, in float32 or in float16 that a node widens. */
  #matrix(name: string): Matrix {
    const wide = this.#constants.has(name);
    const tensor = this.#constant(wide ? name : at(this.#castToFloat(name).inputs, 0));
    const [rows, columns] = shape(tensor);
    demand(tensor.type === (wide ? FLOAT32 : FLOAT16), name);
    const bytes = copied(tensor);
    return { rows, columns, values: wide ? new Float32Array(bytes) : new Uint16Array(bytes) };
  }

  #floats(name: string): Float32Array {
    const tensor = this.#constant(name);
    demand(tensor.type === FLOAT32 && tensor.dims.length === 1, name);
    return new Float32Array(copied(tensor));
  }

  #integers(name: string): readonly number[] {
    const tensor = this.#constants.get(name);
    demand(tensor?.type === INT64 && tensor.raw.length % 8 === 0, name);
    return tensor.integers.length > 0 ? tensor.integers : Array.from(new BigInt64Array(copied(tensor)), Number);
  }
}
