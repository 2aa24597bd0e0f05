import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../src/embedding/testing.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';
import { lengthOf } from './support/vectors.js';

const model = 'all-MiniLM-L6-v2';

/** With the model loaded and its processes stopped: what is asked now waits until `go`. */
async function startStopped(
  env: Readonly<Record<string, string>>,
): Promise<{ server: TestServer; go: () => void; close: () => Promise<void> }> {
  const server = await startTestServer({ env: { THREAD_POOL_WORKERS: '1', ...env } });
  await server.client.post('/v1/embed', { text: 'loads the model' });
  const { workers } = server.context.embedding.stats();
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => workers.forEach((pid) => void process.kill(pid, name));
  signal('SIGSTOP');
  const go = (): void => signal('SIGCONT');
  const close = async (): Promise<void> => {
    go();
    await server.close();
  };
  return { server, go, close };
}

describe('POST /v1/embed refuses with a 400 that names the field', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { MAX_TEXT_LENGTH: '50' } });
  });
  afterAll(() => server.close());

  it.each([
    ['text: required', {}],
    ['text: expected a string, got null', { text: null }],
    ['text: expected a string, got an array of 1', { text: ['x'] }],
    ['text: expected a text with a character to read, got an empty one', { text: '' }],
    ['text: expected a text with a character to read, got white space', { text: ' \t\n\u00a0\u3000' }],
    ['text: expected at most 50 characters, got 51', { text: 'x'.repeat(51) }],
    ['text: expected at most 50 characters, got 1000000', { text: 'x'.repeat(1_000_000) }],
    ['texts: unknown field', { text: 'x', texts: ['x'] }],
    ['normalize: expected true or false, got "yes"', { text: 'x', normalize: 'yes' }],
    ['precision: expected one of "fp32", "int8"', { text: 'x', precision: 'fp16' }],
    ['input_type: expected one of "query", "document"', { text: 'x', input_type: 'passage' }],
    ['prompt_name: expected a string of 1 to 256 characters', { text: 'x', prompt_name: '' }],
    ['truncate: expected true or false, got 1', { text: 'x', truncate: 1 }],
    ['dimensions: expected an integer of at least 1, got 0', { text: 'x', dimensions: 0 }],
    ['dimensions: expected an integer of at least 1, got 1.5', { text: 'x', dimensions: 1.5 }],
    ['encoding_format: expected "float" or "base64", got "hex"', { text: 'x', encoding_format: 'hex' }],
    ['model: expected a string of 1 to 256 characters', { text: 'x', model: 'm'.repeat(257) }],
  ])('%s', async (message, body) => {
    const { status, json } = await server.client.post('/v1/embed', body);
    expect([status, json.error.code, json.error.message]).toEqual([400, 'invalid_argument', expect.stringContaining(message)]);
  });

  it('takes the longest text there may be, and what no one can read but a model', async () => {
    for (const text of ['x'.repeat(50), '😀'.repeat(50), '\u0000', '\u200b', '￿']) {
      const { status, json } = await server.client.post('/v1/embed', { text });
      expect([text, status]).toEqual([text, 200]);
      expect(lengthOf(json.embedding)).toBeCloseTo(1, 4);
    }
  });
});

it('more texts than any setting lets pass are refused by the route’s own limit', async () => {
  const server = await startTestServer();
  const texts = Array(100_001).fill('x');
  const batch = await server.client.post('/embed/batch', { model_name: model, texts });
  expect([batch.status, batch.json.error.message, batch.json.error.details]).toEqual([
    400,
    'texts: expected at most 32 items (MAX_BATCH_SIZE), got 100001',
    { field: 'texts', limit: 32 },
  ]);
  const search = await server.client.post(`/v1/index/${await makeIndex(server.client)}/search/batch`, { texts });
  expect([search.status, search.json.error.message]).toEqual([400, 'texts: expected at most 1000 items (MAX_QUERY_BATCH), got 100001']);
  const openAi = await server.client.post('/v1/embeddings', { model, input: texts });
  expect([openAi.status, openAi.json.error.message]).toEqual([400, 'input: expected at most 2048 items (MAX_OPENAI_INPUTS), got 100001']);
  await server.close();
});

it('a body with more fields than any request has is refused before they are made', async () => {
  const server = await startTestServer();
  const fields = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 1]));
  const openAi = await server.client.post('/v1/embeddings', { ...fields, model, input: 'x' });
  expect([openAi.status, openAi.json.error]).toMatchObject([
    400,
    { message: 'k10000: expected at most 10000 fields, objects and lists in a body beside its vectors, got more' },
  ]);
  await server.close();
});

it('gives a text the same vector by every route, alone and among others', async () => {
  const server = await startTestServer();
  const { client } = server;
  const text = 'the same everywhere';
  const { embedding } = (await client.post('/v1/embed', { text })).json;
  const others = ['a', 'a much longer text than the others of its batch, with many words', text];
  expect((await client.post('/embed', { model_name: model, text })).json.embedding).toEqual(embedding);
  expect((await client.post('/embed/batch', { model_name: model, texts: others })).json.embeddings[2]).toEqual(embedding);
  expect(JSON.parse((await client.post('/embed', { inputs: others })).text)[2]).toEqual(embedding);
  const { data } = JSON.parse((await client.post('/v1/embeddings', { model, input: others })).text);
  expect(data[2].embedding).toEqual(embedding);
  await server.close();
});

it('int8 is near to fp32, is remembered apart from it, and too depends on the text alone', async () => {
  const server = await startTestServer();
  const text = 'a text in two precisions';
  const embed = async (precision: string) => (await server.client.post('/v1/embed', { text, precision })).json;
  const [exact, fast] = [await embed('fp32'), await embed('int8')];
  expect([exact['cached'], fast['cached'], (await embed('int8'))['cached']]).toEqual([false, false, true]);
  expect(fast.embedding).not.toEqual(exact.embedding);
  expect(fast.embedding.reduce((sum, value, i) => sum + value * (exact.embedding[i] ?? 0), 0)).toBeGreaterThan(0.97);
  await server.close();
  const again = await startTestServer();
  const { text: body } = await again.client.post('/v1/embeddings', {
    model,
    input: ['x', text, 'a longer one beside it'],
    precision: 'int8',
  });
  expect(JSON.parse(body).data[1].embedding).toEqual(fast.embedding);
  await again.close();
});

it('a thousand texts in one request of OpenAI’s come back in their order', async () => {
  const server = await startTestServer();
  const input = Array.from({ length: 1000 }, (_, i) => `text ${i % 250}`);
  const { status, bytes } = await server.client.post('/v1/embeddings', { model, input }, { accept: 'application/octet-stream' });
  expect([status, bytes.length]).toEqual([200, 1000 * 384 * 4]);
  const row = (i: number): string => bytes.subarray(i * 1536, (i + 1) * 1536).toString('hex');
  for (let i = 0; i < 250; i++) for (const again of [250, 500, 750]) expect(row(i + again)).toBe(row(i));
  expect(new Set(Array.from({ length: 250 }, (_, i) => row(i))).size).toBe(250);
  await server.close();
});

it('past REQUEST_TIMEOUT every dialect says 504 its own way, and the work is dropped', async () => {
  const { server, go, close } = await startStopped({ REQUEST_TIMEOUT: '1' });
  const { client } = server;
  const answers = await Promise.all([
    client.post('/v1/embed', { text: 'one' }),
    client.post('/embed/batch', { model_name: model, texts: ['two', 'three'] }),
    client.post('/v1/embeddings', { model, input: 'four' }),
    client.post('/embed', { inputs: 'five' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([504, 504, 504, 504]);
  const [own, , openAi, tei] = answers.map(({ text }): Record<string, unknown> => JSON.parse(text));
  expect(own).toMatchObject({ error: { code: 'deadline_exceeded', message: expect.stringContaining('REQUEST_TIMEOUT') } });
  expect(openAi).toEqual({
    error: { message: expect.stringContaining('REQUEST_TIMEOUT'), type: 'server_error', param: null, code: 'timeout' },
  });
  expect(tei).toEqual({ error: expect.stringContaining('REQUEST_TIMEOUT'), error_type: 'Overloaded' });
  expect(server.context.embedding.stats().queued).toBe(0);
  go();
  expect((await client.post('/v1/embed', { text: 'one' })).status).toBe(200);
  await close();
});

it('the texts of a client that leaves are never embedded', async () => {
  const { server, go, close } = await startStopped({});
  const { embedding } = server.context;
  // One runs, so that the others wait.
  const running = server.client.post('/v1/embed', { text: 'runs' });
  await until(() => embedding.stats().inFlight === 1, 'one runs');
  const body = JSON.stringify({ model_name: model, texts: ['never', 'ever', 'embedded'] });
  const socket = connect(server.http.port, '127.0.0.1');
  socket.write(
    `POST /embed/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => embedding.stats().queued === 3, 'three wait');
  socket.destroy();
  await until(() => embedding.stats().queued === 0, 'nobody waits');
  go();
  expect((await running).status).toBe(200);
  for (const text of ['never', 'ever', 'embedded']) expect((await server.client.post('/v1/embed', { text })).json['cached']).toBe(false);
  await close();
});

it('a full queue is a 503 with Retry-After at once, said in every dialect', async () => {
  const { server, go, close } = await startStopped({ MAX_EMBED_QUEUE: '4' });
  const { client, context } = server;
  const waiting = ['a', 'b', 'c', 'd'].map((text) => client.post('/v1/embed', { text }));
  await until(() => context.embedding.stats().queued + context.embedding.stats().inFlight === 4, 'four are under way');
  const own = await client.post('/v1/embed', { text: 'e' });
  const openAi = await client.post('/v1/embeddings', { model, input: 'f' });
  const tei = await client.post('/embed', { inputs: 'g' });
  for (const { status, headers } of [own, openAi, tei]) {
    expect([status, Number(headers['retry-after']) >= 1]).toEqual([503, true]);
  }
  expect(own.json.error.code).toBe('unavailable');
  expect(openAi.json.error).toMatchObject({ type: 'server_error', code: 'unavailable' });
  expect(JSON.parse(tei.text)).toMatchObject({ error_type: 'Overloaded' });
  // Batches have a place of their own, twice as large.
  const batch = (name: string) =>
    client.post('/embed/batch', { model_name: model, texts: ['1', '2', '3', '4'].map((text) => `${name}${text}`) });
  const batches = [batch('h'), batch('i')];
  await until(() => context.embedding.stats().queued + context.embedding.stats().inFlight === 12, 'twelve are under way');
  expect((await batch('j')).status).toBe(503);
  // What is remembered needs no queue.
  expect((await client.post('/v1/embed', { text: 'loads the model' })).json['cached']).toBe(true);
  go();
  expect((await Promise.all([...waiting, ...batches])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  await close();
});

it('nobody notices that an inference process was killed in the middle', async () => {
  const { server } = await startStopped({});
  const [pid = 0] = server.context.embedding.stats().workers;
  const texts = Array.from({ length: 20 }, (_, i) => `survives ${i}`);
  const asked = texts.map((text) => server.client.post('/v1/embed', { text }));
  await until(() => server.context.embedding.stats().inFlight > 0, 'one runs');
  process.kill(pid, 'SIGKILL');
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual(texts.map(() => 200));
  expect(server.context.embedding.stats().restarts).toBe(1);
  expect((await server.client.get('/metrics')).text).toMatch(/^voisin_inference_restarts_total 1$/m);
  await server.close();
});
