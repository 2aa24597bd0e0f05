import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';
import { floatsOf, lengthOf } from './support/vectors.js';

const short = 'all-MiniLM-L6-v2';
const full = `sentence-transformers/${short}`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_BATCH_SIZE: '4', MAX_TEXT_LENGTH: '100', MAX_EMBED_BODY_MB: '1', REQUIRED_MODELS: full } });
});
afterAll(() => server.close());

const single = (body: object) => server.client.post('/embed', body);
const batch = (body: object) => server.client.post('/embed/batch', body);

describe('POST /embed with a model’s name', () => {
  it('answers as the contract says, 200 and not 201', async () => {
    const { status, json } = await single({ model_name: full, text: 'café 😀' });
    expect(status).toBe(200);
    expect(json).toEqual({
      embedding: expect.any(Array),
      model_name: full,
      dimension: 384,
      // Characters, not UTF-16 units.
      text_length: 6,
      processing_time_ms: expect.any(Number),
    });
    expect(json.embedding).toHaveLength(384);
    expect(lengthOf(json.embedding)).toBeCloseTo(1, 4);
    expect(String(json['processing_time_ms'])).toMatch(/^\d+(\.\d{1,2})?$/);
  });

  it('knows a model by the last part of its name, and echoes what it was asked by', async () => {
    const [a, b] = [await single({ model_name: short, text: 'one' }), await single({ model_name: full, text: 'one' })];
    expect([a.json['model_name'], b.json['model_name']]).toEqual([short, full]);
    expect(a.json.embedding).toEqual(b.json.embedding);
  });
});

describe('POST /embed/batch', () => {
  it('answers in the order of the texts, each vector that of its text alone', async () => {
    const texts = ['a first text', 'a much longer second text that pads the others', 'third'];
    const { status, json } = await batch({ model_name: short, texts });
    expect(status).toBe(200);
    expect(json).toEqual({
      embeddings: expect.any(Array),
      model_name: short,
      dimension: 384,
      count: 3,
      processing_time_ms: expect.any(Number),
    });
    for (const [position, text] of texts.entries()) {
      expect(json.embeddings[position]).toEqual((await single({ model_name: short, text })).json.embedding);
    }
  });

  it('answers the bytes alone to who asks for them, and says how to cut them', async () => {
    const body = { model_name: short, texts: ['x', 'y'], dimensions: 5 };
    const { json } = await batch(body);
    const raw = await server.client.post('/embed/batch', body, { accept: 'application/octet-stream' });
    expect(raw.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-vector-count': '2',
      'x-vector-dimension': '5',
    });
    expect(floatsOf(raw.bytes)).toEqual(Float32Array.from(json.embeddings.flat()));
    const base64 = await batch({ ...body, encoding_format: 'base64' });
    expect(base64.json.embeddings.map((text) => [...floatsOf(Buffer.from(String(text), 'base64'))])).toEqual(
      json.embeddings.map((values) => [...Float32Array.from(values)]),
    );
  });

  it('reports what was cut, and refuses instead when told to', async () => {
    const own = await startTestServer({ env: { MAX_TEXT_LENGTH: '8192' } });
    const long = 'word '.repeat(1000).trim();
    const cut = await own.client.post('/embed/batch', { model_name: short, texts: ['short', long] });
    expect(cut.json['truncated']).toEqual([{ index: 1, dropped_tokens: 1000 - 254 }]);
    const refused = await own.client.post('/embed/batch', { model_name: short, texts: ['short', long], truncate: false });
    expect([refused.status, refused.json.error.details['field']]).toEqual([400, 'texts[1]']);
    await own.close();
  });
});

describe('bad input is a 400 that names the field, the limit and what came', () => {
  const tooLong = 'x'.repeat(101);
  it.each([
    ['/embed', 'text: expected a text with a character to read, got an empty one', { model_name: short, text: '' }],
    ['/embed', 'text: expected a text with a character to read, got white space', { model_name: short, text: ' \n\t ' }],
    ['/embed', 'text: expected at most 100 characters, got 101', { model_name: short, text: tooLong }],
    ['/embed', 'text: expected a string, got 5', { model_name: short, text: 5 }],
    ['/embed', 'text: required', { model_name: short }],
    ['/embed', 'model_name: required', { text: 'x' }],
    ['/embed', 'model_name: expected a string of 1 to 256 characters, got ""', { model_name: '', text: 'x' }],
    ['/embed', 'texts: unknown field', { model_name: short, text: 'x', texts: ['x'] }],
    ['/embed', 'precision: expected one of "fp32", "int8", got "fp16"', { model_name: short, text: 'x', precision: 'fp16' }],
    ['/embed', 'dimensions: ', { model_name: short, text: 'x', dimensions: 385 }],
    ['/embed', 'dimensions: expected an integer of at least 1, got 0', { model_name: short, text: 'x', dimensions: 0 }],
    ['/embed', 'prompt', { model_name: short, text: 'x', prompt_name: 'nope' }],
    ['/embed/batch', 'texts: expected 1 to 4 texts (MAX_BATCH_SIZE), got an empty list', { model_name: short, texts: [] }],
    ['/embed/batch', 'texts: expected 1 to 4 texts (MAX_BATCH_SIZE), got 5', { model_name: short, texts: Array(5).fill('x') }],
    ['/embed/batch', 'texts: expected 1 to 4 texts (MAX_BATCH_SIZE), got 10000', { model_name: short, texts: Array(10_000).fill('x') }],
    ['/embed/batch', 'texts: expected an array, got "x"', { model_name: short, texts: 'x' }],
    ['/embed/batch', 'texts[1]: expected a text with a character to read, got an empty one', { model_name: short, texts: ['x', ''] }],
    ['/embed/batch', 'texts[1]: expected at most 100 characters, got 101', { model_name: short, texts: ['x', tooLong] }],
    ['/embed/batch', 'texts[1]: expected a string, got null', { model_name: short, texts: ['x', null] }],
  ])('%s: %s', async (path, message, body) => {
    const answer = await server.client.post(path, body);
    expect([answer.status, answer.json.error.code, answer.json.error.message]).toEqual([
      400,
      'invalid_argument',
      expect.stringContaining(message),
    ]);
  });

  it('takes as many texts and characters as it says, and no more', async () => {
    expect((await batch({ model_name: short, texts: Array(4).fill('x') })).status).toBe(200);
    expect((await single({ model_name: short, text: '😀'.repeat(100) })).status).toBe(200);
    expect((await single({ model_name: short, text: '😀'.repeat(101) })).status).toBe(400);
  });

  it('a model that is not known is a 404, one that may not be used a 400', async () => {
    const unknown = await single({ model_name: 'nobody/nothing', text: 'x' });
    expect([unknown.status, unknown.json.error.details['field']]).toEqual([404, 'model_name']);
    const own = await startTestServer({ env: { ALLOWED_MODELS: full } });
    const forbidden = await own.client.post('/embed', { model_name: 'BAAI/bge-small-en-v1.5', text: 'x' });
    expect([forbidden.status, forbidden.json.error.message]).toEqual([400, expect.stringContaining(full)]);
    await own.close();
  });

  it('a body over the bound is a 413', async () => {
    const answer = await single({ model_name: short, text: 'x'.repeat(1024 * 1024) });
    expect([answer.status, answer.json.error.code]).toEqual([413, 'payload_too_large']);
  });
});

it('every control character is a text like another, or a 400 that says why', async () => {
  const characters = Array.from({ length: 0x20 }, (_, code) => String.fromCodePoint(code));
  for (const character of [...characters, '\u007f', '\ufffe', '\u202e']) {
    const alone = await single({ model_name: short, text: character });
    expect([200, 400]).toContain(alone.status);
    const within = await single({ model_name: short, text: `a${character}b` });
    expect([character, within.status]).toEqual([character, 200]);
    expect(lengthOf(within.json.embedding)).toBeCloseTo(1, 4);
  }
});

describe('GET /models', () => {
  it('lists what is required, in memory and allowed', async () => {
    await single({ model_name: short, text: 'loads it' });
    const { status, json } = await server.client.get('/models');
    expect([status, json]).toEqual([200, { required_models: [full], cached_models: [full], allowed_models: [full] }]);
  });

  it.each([full, encodeURIComponent(full), short])('GET /models/%s looks at one', async (name) => {
    await single({ model_name: short, text: 'loads it' });
    const { status, json } = await server.client.get(`/models/${name}`);
    expect([status, json]).toEqual([
      200,
      {
        model_name: decodeURIComponent(name),
        is_cached: true,
        load_time: expect.any(Number),
        loaded_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        last_used: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    ]);
  });

  it('says is_cached: false of one that is not known', async () => {
    const { status, json } = await server.client.get('/models/nobody/knows/it');
    expect([status, json]).toEqual([
      200,
      { model_name: 'nobody/knows/it', is_cached: false, load_time: null, loaded_at: null, last_used: null },
    ]);
  });
});

describe('GET /metrics', () => {
  it('answers JSON to who asks for it by name, and counts requests and embeddings', async () => {
    const read = async () => (await server.client.get('/metrics', undefined, { accept: 'application/json' })).json;
    const before = await read();
    await batch({ model_name: short, texts: ['counted one', 'counted two', 'counted three'] });
    const after = await read();
    expect(after).toMatchObject({ uptime_seconds: expect.any(Number), cache_info: expect.any(Object) });
    expect(Number(after['total_requests']) - Number(before['total_requests'])).toBe(1);
    expect(Number(after['total_embeddings']) - Number(before['total_embeddings'])).toBe(3);
    expect(after['models']).toEqual([expect.objectContaining({ model_name: full, load_time: expect.any(Number) })]);
    expect(after['processing_time_ms']).toEqual({
      mean: expect.any(Number),
      p50: expect.any(Number),
      p95: expect.any(Number),
      p99: expect.any(Number),
    });
  });

  it('answers Prometheus’s text to everyone else', async () => {
    for (const accept of [
      undefined,
      '*/*',
      'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'text/html,application/xhtml+xml',
      'application/json;q=0, */*',
    ]) {
      const { headers, text } = await server.client.get('/metrics', undefined, accept === undefined ? {} : { accept });
      expect(headers['content-type']).toContain('text/plain');
      expect(text).toMatch(/^fastembed_requests_total\{status="200"\} [1-9]/m);
    }
  });

  it('is a 403 when metrics are off', async () => {
    const own = await startTestServer({ env: { ENABLE_METRICS: 'false' } });
    for (const accept of ['*/*', 'application/json']) {
      expect((await own.client.get('/metrics', undefined, { accept })).status).toBe(403);
    }
    await own.close();
  });
});

it('GET /health is the union of the contracts', async () => {
  const { status, json } = await server.client.get('/health');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    status: 'healthy',
    version: expect.any(String),
    uptime_seconds: expect.any(Number),
    cache_info: { cached_models: [full], num_cached: 1, max_cached: 5, max_cached_models: 5, cache_ttl: 3600 },
    l2: 'off',
    projects: [],
  });
});
