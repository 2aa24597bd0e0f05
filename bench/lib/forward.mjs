// A process with nothing but one forward pass of the bundled model: by our encoder, or by onnxruntime-node with its defaults.
import { Encoder } from '../../packages/encoder/dist/src/index.js';
import { modelFile } from './mini-lm.mjs';

process.env['ORT_DISABLE_TELEMETRY'] = '1';
const [engine, precision] = process.argv.slice(2, 4);
const threads = Number(process.argv[4]);
const file = modelFile(precision === 'int8' ? 'onnx/model_int8.onnx' : 'onnx/model_compact.onnx');
const engines = { encoder: openEncoder, onnxruntime: openRuntime };

async function openEncoder() {
  const encoder = await Encoder.open(file, { threads });
  if (encoder === undefined) return undefined;
  return (texts, tokens) => encoder.run(idsOf(texts, tokens), new Int32Array(texts).fill(tokens));
}

async function openRuntime() {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  // Its dynamic int8 takes one text at a time, so that a vector depends on its text alone.
  const together = precision === 'int8' ? 1 : Infinity;
  return async (texts, tokens) => {
    for (let first = 0; first < texts; first += together) {
      const rows = Math.min(together, texts);
      const tensor = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [rows, tokens]);
      const ids = idsOf(rows, tokens);
      await session.run({ input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)), token_type_ids: tensor(ids.map(() => 0)) });
    }
  };
}

/** Other ids at each call, since the word table is read too. */
let next = 1000;
function idsOf(texts, tokens) {
  return Int32Array.from({ length: texts * tokens }, () => (next = 1000 + ((next * 31 + 7) % 20_000)));
}

const run = await engines[engine]();
process.on('message', async ({ texts, tokens, count }) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await run(texts, tokens);
    times.push(performance.now() - began);
  }
  process.send(times);
});
process.send(run === undefined ? 'none' : 'ready');
