// POST /v1/embed over HTTP beside a bare onnxruntime-node loop (tokenizer, run, pooling) with the same threads: one client, texts that no
// cache knows, the two by turns in one run. The bare loop runs with ONNX Runtime's own defaults.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';
import { openClient, request } from './lib/client.mjs';
import { startServer } from './lib/server.mjs';

// Read when the library loads: without it, ONNX Runtime reports its use to its maker.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

const ROUNDS = Number(process.argv[2] ?? 10);
const CALLS = 25;
const threads = Math.min(2, availableParallelism());
const model = (file) => fileURLToPath(new URL(`../models/all-MiniLM-L6-v2/${file}`, import.meta.url));
const json = async (file) => JSON.parse(await readFile(model(file), 'utf8'));

const words = 'time year people way day man thing woman life child world school state family student group country problem'.split(' ');
let serial = 0;
/** Every text is new, in the order of its words. */
function text(count) {
  let state = ++serial;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return words[state % words.length];
  }).join(' ');
}

async function bareLoop() {
  const tokenizer = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
  const session = await InferenceSession.create(model('onnx/model_compact.onnx'), { intraOpNumThreads: threads, interOpNumThreads: 1 });
  return async (input) => {
    const { ids } = tokenizer.encode(input);
    const tensor = (values) => new Tensor('int64', values, [1, ids.length]);
    const { last_hidden_state: hidden } = await session.run({
      input_ids: tensor(BigInt64Array.from(ids, BigInt)),
      attention_mask: tensor(new BigInt64Array(ids.length).fill(1n)),
      token_type_ids: tensor(new BigInt64Array(ids.length)),
    });
    const pooled = new Float32Array(384);
    for (let i = 0; i < hidden.data.length; i++) pooled[i % 384] += hidden.data[i];
    const length = Math.hypot(...pooled);
    return pooled.map((value) => value / length);
  };
}

async function measure(call, count, times) {
  for (let i = 0; i < CALLS; i++) {
    const input = text(count);
    const began = performance.now();
    await call(input);
    times.push(performance.now() - began);
  }
}

const percentile = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)];
const shown = (times) => [0.5, 0.95, 0.99].map((share) => percentile(times, share).toFixed(2).padStart(7)).join('');

const server = await startServer();
try {
  const client = await openClient(server.url);
  const ours = (input) => client.ask(request('POST', '/v1/embed', { text: input }));
  const bare = await bareLoop();
  const report = (line) => process.stdout.write(`${line}\n`);
  report(`${threads} threads, ${ROUNDS * CALLS} calls each, milliseconds; bar: p50 at most 1.1 x bare + 0.5`);
  report('words  over HTTP p50    p95    p99   bare p50    p95    p99      bar');
  for (const count of [5, 20, 50]) {
    await measure(ours, count, []);
    await measure(bare, count, []);
    const times = { ours: [], bare: [] };
    for (let round = 0; round < ROUNDS; round++) {
      await measure(ours, count, times.ours);
      await measure(bare, count, times.bare);
    }
    const bar = 1.1 * percentile(times.bare, 0.5) + 0.5;
    const verdict = percentile(times.ours, 0.5) <= bar ? 'held' : 'missed';
    report(`${String(count).padStart(5)}      ${shown(times.ours)}    ${shown(times.bare)}  ${bar.toFixed(2).padStart(7)} ${verdict}`);
  }
  client.close();
} finally {
  await server.stop();
}
