// A process with nothing but tokenizer, onnxruntime-node with its defaults, pooling and normalisation: what there is to be lost to a server.
import { readFile } from 'node:fs/promises';
import { Tokenizer } from 'tokenizers';
import { freshTexts, modelFile } from './mini-lm.mjs';

// Read when the library loads: without it, ONNX Runtime reports its use to its maker.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

const threads = Number(process.argv[2]);
const json = async (file) => JSON.parse(await readFile(modelFile(file), 'utf8'));
const tokenizer = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
const session = await InferenceSession.create(modelFile('onnx/model_compact.onnx'), { intraOpNumThreads: threads, interOpNumThreads: 1 });
const d = 384;

/** Vectors of a batch, padded to its longest text. */
async function embed(texts) {
  const rows = texts.map((text) => tokenizer.encode(text).ids);
  const width = Math.max(...rows.map((ids) => ids.length));
  const size = rows.length * width;
  const [ids, mask] = [new BigInt64Array(size), new BigInt64Array(size)];
  for (const [row, tokens] of rows.entries()) {
    for (const [at, id] of tokens.entries()) ids[row * width + at] = BigInt(id);
    mask.fill(1n, row * width, row * width + tokens.length);
  }
  const tensor = (values) => new Tensor('int64', values, [rows.length, width]);
  const { last_hidden_state: hidden } = await session.run({
    input_ids: tensor(ids),
    attention_mask: tensor(mask),
    token_type_ids: tensor(new BigInt64Array(size)),
  });
  return rows.map((tokens, row) => pooled(hidden.data, row * width, tokens.length));
}

function pooled(hidden, start, length) {
  const sum = new Float32Array(d);
  for (let token = start; token < start + length; token++) {
    for (let j = 0; j < d; j++) sum[j] += hidden[token * d + j];
  }
  let square = 0;
  for (let j = 0; j < d; j++) square += sum[j] * sum[j];
  const scale = 1 / Math.sqrt(square);
  for (let j = 0; j < d; j++) sum[j] *= scale;
  return sum;
}

let series = Number(process.argv[3]);
const work = {
  async vector({ text }) {
    return Array.from((await embed([text]))[0]);
  },
  /** Milliseconds of each of `count` single texts, one after the other. */
  async times({ words, count }) {
    const texts = freshTexts(words, series++);
    const times = [];
    for (let i = 0; i < count; i++) {
      const { value } = texts.next();
      const began = performance.now();
      await embed([value]);
      times.push(performance.now() - began);
    }
    return times;
  },
  /** Texts a second over `ms` milliseconds, `batch` texts at a time. */
  async rate({ words, batch, ms }) {
    const texts = freshTexts(words, series++);
    const began = performance.now();
    let done = 0;
    while (performance.now() - began < ms) {
      await embed(Array.from({ length: batch }, () => texts.next().value));
      done += batch;
    }
    return (done * 1000) / (performance.now() - began);
  },
};

process.on('message', async ({ name, ...about }) => process.send(await work[name](about)));
process.send('ready');
