// An ONNX file as far as a forward pass needs it: nodes, constants, names. Field numbers are those of onnx.proto.
import Pbf from 'pbf';

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType: 1 float32, 3 int8, 6 int32, 7 int64, 10 float16. */
  readonly type: number;
  /** The numbers, least significant byte first. Empty where the file holds them in another form. */
  readonly raw: Uint8Array;
  /** Those of an int64 tensor in its other form. */
  readonly integers: readonly number[];
}

export interface Node {
  readonly operator: string;
  /** Whose operator it is: '' is ONNX's own. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Numbers only. */
  readonly attributes: ReadonlyMap<string, number>;
  /** Attributes that are not numbers, by name. */
  readonly others: readonly string[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: readonly Tensor[];
  readonly outputs: readonly string[];
}

/** Throws an Error where the bytes are no protocol buffer. Numbers are views of `bytes`. */
export function readOnnx(bytes: Uint8Array): Graph {
  const graph: { nodes: Node[]; constants: Tensor[]; outputs: string[] } = { nodes: [], constants: [], outputs: [] };
  // Pbf reads floats from the start of the buffer, whatever part of it is given.
  const file = new Pbf(bytes.byteOffset === 0 ? bytes : new Uint8Array(bytes));
  file.readFields((field, _, pbf) => {
    if (field === 7) pbf.readMessage(readGraph, graph);
  }, undefined);
  // Pbf reads nothing where there is nothing, and goes on.
  if (file.pos !== bytes.length) throw new Error('the file is cut');
  return graph;
}

function readGraph(field: number, graph: { nodes: Node[]; constants: Tensor[]; outputs: string[] }, pbf: Pbf): void {
  if (field === 1) graph.nodes.push(readNode(pbf));
  else if (field === 5) graph.constants.push(readTensor(pbf));
  else if (field === 12) graph.outputs.push(pbf.readMessage(readName, { name: '' }).name);
}

function readName(field: number, into: { name: string }, pbf: Pbf): void {
  if (field === 1) into.name = pbf.readString();
}

function readNode(pbf: Pbf): Node {
  const node = {
    operator: '',
    domain: '',
    inputs: new Array<string>(),
    outputs: new Array<string>(),
    attributes: new Map<string, number>(),
    others: new Array<string>(),
  };
  return pbf.readMessage((field, into, from) => {
    if (field === 1) into.inputs.push(from.readString());
    else if (field === 2) into.outputs.push(from.readString());
    else if (field === 4) into.operator = from.readString();
    else if (field === 7) into.domain = from.readString();
    else if (field === 5) {
      const { name, value } = readAttribute(from);
      if (value === undefined) into.others.push(name);
      else into.attributes.set(name, value);
    }
  }, node);
}

function readAttribute(pbf: Pbf): { name: string; value: number | undefined } {
  const attribute: { name: string; value: number | undefined } = { name: '', value: undefined };
  return pbf.readMessage((field, into, from) => {
    if (field === 1) into.name = from.readString();
    else if (field === 2) into.value = from.readFloat();
    else if (field === 3) into.value = from.readVarint(true);
  }, attribute);
}

function readTensor(pbf: Pbf): Tensor {
  const dims: number[] = [];
  const integers: number[] = [];
  const { name, type, raw } = pbf.readMessage(
    (field, into, from) => {
      if (field === 1) from.readPackedVarint(dims);
      else if (field === 2) into.type = from.readVarint();
      else if (field === 7) from.readPackedVarint(integers, true);
      else if (field === 8) into.name = from.readString();
      else if (field === 9) into.raw = from.readBytes();
    },
    { name: '', type: 0, raw: new Uint8Array() as Uint8Array },
  );
  return { name, dims, type, raw, integers };
}
