// What is not a BERT encoder in the form that is known is left to others: undefined, never an error, never a wrong vector.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Encoder } from '../src/index.js';
import { bundled } from './models.test-help.js';
import { random, seed } from './random.test-help.js';
import { bytesOf, FLOAT16, INT64, longest, onnxBytes, part, tinyBert, type TinyGraph, type TinyShape } from './tiny-bert.test-help.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-encoder-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(bytes: Uint8Array): Promise<Encoder | undefined> {
  const file = join(folder, 'model.onnx');
  await writeFile(file, bytes);
  return Encoder.open(file, { threads: 1 });
}

describe('a file gives undefined', () => {
  test.each([
    ['that is empty', ''],
    ['of text', 'This is no model.\n'.repeat(1000)],
    ['of text that names the operators', 'BiasGelu Attention LayerNormalization\n'.repeat(1000)],
    ['of zeros behind the name of an operator', `BiasGelu${'\0'.repeat(10_000)}`],
    ['of bytes that are all ones behind it', Buffer.concat([Buffer.from('BiasGelu'), Buffer.alloc(10_000, 255)])],
  ])('%s', async (_, content) => {
    await expect(open(Buffer.from(content as string))).resolves.toBeUndefined();
  });

  test('of another model', async () => {
    const graph: TinyGraph = { nodes: new Map(), constants: new Map(), outputs: ['last_hidden_state'] };
    graph.nodes.set('', { operator: 'Gather', inputs: ['table', 'input_ids'], outputs: ['last_hidden_state'], attributes: {} });
    graph.constants.set('table', { dims: [3, 32], type: 1, raw: new Uint8Array(3 * 32 * 4) });
    await expect(open(onnxBytes(graph))).resolves.toBeUndefined();
    // The same with the operator's name in it, so that more than the head is read.
    part(graph.nodes, '').outputs.push('BiasGelu');
    await expect(open(onnxBytes(graph))).resolves.toBeUndefined();
  });
});

describe('a copy of the bundled model gives undefined', () => {
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = await readFile(bundled);
  });

  test.each([
    ['BiasGelu', 'FastGelu'],
    ['num_heads', 'num_tails'],
    ['Attention', 'Attendant'],
    ['LayerNormalization', 'LayerNormalisation'],
    ['ReduceSum', 'ReduceMax'],
    ['keepdims', 'keepdogs'],
    ['attention_mask', 'attention_musk'],
    ['token_type_ids', 'token_role_ids'],
    ['last_hidden_state', 'first_hidden_stat'],
    ['Slice', 'Split'],
  ])('whose %s is a %s', async (from, to) => {
    expect(to).toHaveLength(from.length);
    const changed = Buffer.from(bytes);
    for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at + 1)) changed.write(to, at);
    expect(changed.equals(bytes)).toBe(false);
    await expect(open(changed)).resolves.toBeUndefined();
  });

  test(`that was cut anywhere (SEED=${seed})`, async () => {
    const { below } = random(seed);
    const first = [1, 45, 1000, 5514, 5520, 19_000, 20_000].map((length) => length + below(3));
    const last = [1, 10, 100, 200, 300, 1000, 10_000].map((missing) => bytes.length - missing);
    const between = Array.from({ length: 8 }, () => below(bytes.length));
    for (const length of [...first, ...between, ...last]) {
      expect(await open(bytes.subarray(0, length)), `${length} of ${bytes.length} bytes`).toBeUndefined();
    }
  });
});

describe('a small model gives undefined', () => {
  const node = (graph: TinyGraph, name: string) => part(graph.nodes, name);
  const constant = (graph: TinyGraph, name: string) => part(graph.constants, name);
  const integers = (graph: TinyGraph, name: string, values: readonly number[]) => {
    const tensor = constant(graph, name);
    tensor.dims = tensor.dims.map((dim) => (dim === 1 ? 1 : values.length));
    tensor.raw = bytesOf(INT64, values);
  };

  test.each<[string, (graph: TinyGraph) => void, Partial<TinyShape>?]>([
    ['that has another output beside', (graph) => void graph.outputs.push('embeddings')],
    ['whose output is that of an earlier layer, by another name', (graph) => (graph.outputs = ['0.vectors'])],
    ['whose attention looks backwards only', (graph) => (node(graph, '0.attention').attributes['unidirectional'] = 1)],
    ['whose attention has a scale of its own', (graph) => (node(graph, '1.attention').attributes['scale'] = { float: 0.5 })],
    ['whose attention is one of other people', (graph) => (node(graph, '0.attention').domain = 'org.example')],
    ['whose sum is one of other people', (graph) => (node(graph, '0.sum').domain = 'org.example')],
    ['whose attention has no mask', (graph) => void node(graph, '0.attention').inputs.pop()],
    ['whose attention adds something to its scores', (graph) => void node(graph, '0.attention').inputs.push('', '0.wide.bias')],
    ['whose heads are not counted', (graph) => delete node(graph, '0.attention').attributes['num_heads']],
    [
      'whose heads are not counted in whole numbers',
      (graph) => (node(graph, '0.attention').attributes['num_heads'] = { float: 1.5 }),
      { layers: 1, hidden: 96, heads: 3 },
    ],
    ['with no heads', (graph) => (node(graph, '0.attention').attributes['num_heads'] = 0), { layers: 1 }],
    ['with fewer than no heads', (graph) => (node(graph, '0.attention').attributes['num_heads'] = -2), { layers: 1 }],
    ['with heads that do not divide its size', () => {}, { heads: 3 }],
    ['with heads of 8', () => {}, { heads: 4 }],
    ['whose layers have different heads', (graph) => (node(graph, '0.attention').attributes['num_heads'] = 1)],
    ['whose size is no multiple of 32', () => {}, { hidden: 48, heads: 3 }],
    ['whose intermediate size is no multiple of 32', () => {}, { intermediate: 48 }],
    ['without layers', () => {}, { layers: 0 }],
    ['with another activation', (graph) => (node(graph, '0.wide').operator = 'FastGelu')],
    ['with another product', (graph) => (node(graph, '0.output.product').operator = 'MatMulInteger')],
    ['with another sum', (graph) => (node(graph, '1.sum').operator = 'Sub')],
    ['that normalises along another axis', (graph) => (node(graph, '0.attended').attributes['axis'] = 1)],
    ['that normalises along an axis without a number', (graph) => (node(graph, '0.attended').attributes['axis'] = {})],
    ['that leaves out a sum', (graph) => (node(graph, '0.sum').inputs[1] = 'embeddings')],
    ['that leaves out the sum after attention', (graph) => (node(graph, '1.attended.sum').inputs[1] = 'embeddings')],
    ['whose mask has another meaning', (graph) => (node(graph, 'mask').inputs[0] = 'token_type_ids')],
    ['whose mask is counted along the texts', (graph) => integers(graph, 'mask.axes', [0])],
    ['whose mask is counted along both axes', (graph) => integers(graph, 'mask.axes', [0, 1])],
    ['whose mask keeps its dimensions', (graph) => (node(graph, 'count').attributes['keepdims'] = 1)],
    ['whose mask says nothing of its dimensions', (graph) => delete node(graph, 'count').attributes['keepdims']],
    [
      'whose positions begin at 2',
      (graph) =>
        integers(
          graph,
          'all_places',
          Array.from({ length: longest }, (_, i) => i + 2),
        ),
    ],
    ['whose positions begin late', (graph) => integers(graph, 'places.start', [1])],
    ['whose positions are every second', (graph) => integers(graph, 'places.steps', [2])],
    ['whose positions are fewer than the rows of their table', (graph) => integers(graph, 'all_places', [0, 1, 2])],
    ['whose positions are counted along the texts', (graph) => (constant(graph, 'one').raw = bytesOf(INT64, [0]))],
    ['whose types are looked up by word', (graph) => (node(graph, 'type').inputs[1] = 'input_ids')],
    ['whose rows are columns', (graph) => (node(graph, 'type').attributes['axis'] = 1)],
    ['whose words and scales have different ids', (graph) => (node(graph, 'words.scales.rows').inputs[1] = 'token_type_ids')],
    ['whose matrix is widened to something else', (graph) => (node(graph, '0.wide.weight').attributes['to'] = FLOAT16)],
    ['whose matrix is of another type', (graph) => (constant(graph, '0.wide.weight.halves').type = 16)],
    ['whose matrix is turned', (graph) => void constant(graph, '0.wide.weight.halves').dims.reverse()],
    ['whose matrix has a third dimension', (graph) => void constant(graph, '0.wide.weight.halves').dims.push(1)],
    ['whose matrix is short of a number', (graph) => shorten(constant(graph, '0.wide.weight.halves'), 2)],
    ['whose matrix lies in another file', (graph) => (constant(graph, '0.wide.weight.halves').external = 'beside')],
    ['whose integers are cut', (graph) => shorten(constant(graph, 'places.axes'), 1)],
    ['whose bias is short', (graph) => Object.assign(constant(graph, '0.wide.bias'), { dims: [63], raw: new Uint8Array(63 * 4) })],
    ['whose shift is short', (graph) => Object.assign(constant(graph, '0.attended.shift'), { dims: [31], raw: new Uint8Array(31 * 4) })],
    ['whose words have one scale', (graph) => Object.assign(constant(graph, 'words.scales'), { dims: [1, 1], raw: new Uint8Array(2) })],
    ['that knows no types', (graph) => Object.assign(constant(graph, 'types.halves'), { dims: [0, 32], raw: new Uint8Array() })],
    [
      'that knows no words',
      (graph) => {
        Object.assign(constant(graph, 'words.bytes'), { dims: [0, 32], raw: new Uint8Array() });
        Object.assign(constant(graph, 'words.scales'), { dims: [0, 1], raw: new Uint8Array() });
      },
    ],
  ])('%s', async (_, change, shape = {}) => {
    const graph = tinyBert(shape, random(seed));
    change(graph);
    await expect(open(onnxBytes(graph))).resolves.toBeUndefined();
  });

  test('until it is as it was', async () => {
    await expect(open(onnxBytes(tinyBert({}, random(seed))))).resolves.toBeInstanceOf(Encoder);
  });
});

function shorten(tensor: { raw: Uint8Array }, by: number): void {
  tensor.raw = tensor.raw.subarray(0, tensor.raw.length - by);
}

test('thousands of damaged models, and one whose layers go in a circle, never end the process, and none is an error', () => {
  const script = fileURLToPath(new URL('./damaged-models.child.js', import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, String(seed), folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 100_000,
  });
  const lines = stdout.trimEnd().split('\n');
  console.log(lines[0]);
  expect({ status, signal, during: status === 0 ? '' : lines.at(-1), stderr }).toEqual({ status: 0, signal: null, during: '', stderr: '' });
  const { opened, refused } = JSON.parse(lines.at(-1) ?? '{}') as { opened: number; refused: number };
  expect(opened).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(1000);
}, 120_000);
