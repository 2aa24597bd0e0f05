// Opens small models with bytes altered, cut, added or moved, and computes with those that open. Runs in a process of its own and says what it
// is about to do, so that a crash names its cause.
import { writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Encoder } from '../src/index.js';
import { random } from './random.test-help.js';
import { onnxBytes, tinyBert, tinyMatrices, type TinyGraph } from './tiny-bert.test-help.js';

const [seed = '', folder = ''] = process.argv.slice(2);
const { below, ids } = random(Number(seed));
const say = (line: string): void => void writeSync(1, `${line}\n`);
say(`seed ${seed}`);

const models = [
  onnxBytes(tinyBert({ layers: 1 }, random(1))),
  onnxBytes(tinyBert({ layers: 2, matrices: 'float32', words: 'float32' }, random(2))),
  onnxBytes(tinyBert({ layers: 1, hidden: 64, int8: tinyMatrices }, random(3))),
];
/** The nodes come first: most of the damage goes there. */
const nodeBytes = 2000;

function damaged(model: Buffer): { bytes: Buffer; how: string } {
  const place = () => below(below(5) === 0 ? model.length : nodeBytes);
  const at = place();
  const how = ['altered', 'altered twice', 'one bit', 'cut', 'out', 'in', 'doubled'][below(7)] ?? '';
  const bytes = Buffer.from(model);
  if (how === 'cut') return { bytes: bytes.subarray(0, at), how: `${how} ${at}` };
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  const length = 1 + below(20);
  if (how === 'out') return { bytes: Buffer.concat([head, tail.subarray(length)]), how: `${how} ${at} ${length}` };
  if (how === 'in') return { bytes: Buffer.concat([head, Buffer.alloc(length, below(256)), tail]), how: `${how} ${at} ${length}` };
  if (how === 'doubled') return { bytes: Buffer.concat([head, tail.subarray(0, length), tail]), how: `${how} ${at} ${length}` };
  bytes[at] = how === 'one bit' ? (bytes[at] ?? 0) ^ (1 << below(8)) : below(256);
  if (how === 'altered twice') bytes[place()] = below(256);
  return { bytes, how: `${how} ${at}` };
}

/** The first layer takes what the last one makes. */
function closeCircle({ nodes }: TinyGraph): void {
  for (const node of nodes.values()) node.inputs = node.inputs.map((input) => (input === 'embeddings' ? 'last_hidden_state' : input));
}

const tally = { opened: 0, refused: 0 };
const file = join(folder, 'damaged.onnx');
const endless = tinyBert({}, random(1));
closeCircle(endless);
await writeFile(file, onnxBytes(endless));
say('layers in a circle');
if ((await Encoder.open(file, { threads: 1 })) !== undefined) throw new Error('a model whose layers go in a circle was opened');
for (let round = 0; round < 3000; round++) {
  const { bytes, how } = damaged(models[round % models.length] ?? Buffer.alloc(0));
  say(`round ${round}: ${how}`);
  await writeFile(file, bytes);
  const encoder = await Encoder.open(file, { threads: 1 });
  if (encoder === undefined) {
    tally.refused++;
    continue;
  }
  tally.opened++;
  if (encoder.vocabulary > 0 && encoder.longest > 0) encoder.run(ids(encoder.longest, encoder.vocabulary), Int32Array.of(encoder.longest));
}
say(JSON.stringify(tally));
