import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonProblem, runPython } from './support/python.js';
import { skipped } from './support/skipped.js';
import { startTestServer, type TestServer } from './support/server.js';
import { floatsOf, lengthOf } from './support/vectors.js';

const short = 'all-MiniLM-L6-v2';
const full = `sentence-transformers/${short}`;

let server: TestServer;
let openai: OpenAI;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_OPENAI_INPUTS: '64', MAX_OPENAI_TOKENS: '20000' } });
  openai = new OpenAI({ baseURL: `${server.http.url}/v1`, apiKey: 'unused', maxRetries: 0 });
});
afterAll(() => server.close());

const post = (body: object, headers = {}) => server.client.post('/v1/embeddings', body, headers);
const own = async (text: string) => (await server.client.post('/v1/embed', { text })).json.embedding;

describe('POST /v1/embeddings', () => {
  it('answers as OpenAI’s API does', async () => {
    const { status, json } = await post({ input: ['how to reset password', 'the cat'], model: full });
    expect([status, json]).toEqual([
      200,
      {
        object: 'list',
        data: [
          { object: 'embedding', index: 0, embedding: expect.any(Array) },
          { object: 'embedding', index: 1, embedding: expect.any(Array) },
        ],
        model: full,
        usage: { prompt_tokens: 6, total_tokens: 6 },
      },
    ]);
  });

  it('takes a text, texts, token ids and lists of them, and gives the same vector for the same thing', async () => {
    const [{ ids }] = (await tokens('the cat sleeps')) as [{ ids: number[] }];
    const expected = await own('the cat sleeps');
    for (const input of ['the cat sleeps', ['the cat sleeps'], ids, [ids], ids.slice(1, -1)]) {
      const { json } = await post({ input, model: short });
      const [first] = json['data'] as { embedding: number[] }[];
      expect([input, closeness(first?.embedding ?? [], expected)]).toEqual([input, expect.closeTo(1, 5)]);
      expect(json['usage']).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    }
  });

  it('shortens to dimensions, and brings to length 1 again', async () => {
    const whole = await own('shorter');
    const { json } = await post({ input: 'shorter', model: short, dimensions: 64 });
    const [first] = json['data'] as { embedding: number[] }[];
    const cut = first?.embedding ?? [];
    expect([cut.length, lengthOf(cut)]).toEqual([64, expect.closeTo(1, 5)]);
    expect(closeness(cut, whole.slice(0, 64))).toBeCloseTo(1, 5);
  });

  it('gives base64 of little-endian float32', async () => {
    const { json } = await post({ input: 'encoded', model: short, encoding_format: 'base64' });
    const [first] = json['data'] as { embedding: string }[];
    expect([...floatsOf(Buffer.from(first?.embedding ?? '', 'base64'))]).toEqual([...Float32Array.from(await own('encoded'))]);
  });

  it('ignores fields that it does not know, and null', async () => {
    const answer = await post({ input: 'x', model: short, user: 'u-1', dimensions: null, encoding_format: null, future: { a: 1 } });
    expect(answer.status).toBe(200);
  });

  it('ignores query parameters that it does not know, however often they come', async () => {
    expect((await server.client.get('/v1/models?x=1')).status).toBe(200);
    expect((await server.client.get('/v1/models?x=1&x=2')).status).toBe(200);
  });

  it('is bounded by tokens, not by characters: a text longer than the model reads is cut, and said to be', async () => {
    const { status, json } = await post({ input: ['short', 'word '.repeat(5000)], model: short });
    expect(status).toBe(200);
    expect(json['truncated']).toEqual([{ index: 1, dropped_tokens: 5000 - 254 }]);
    const refused = await post({ input: ['short', 'word '.repeat(5000)], model: short, truncate: false });
    expect([refused.status, refused.json.error]).toMatchObject([400, { param: 'input[1]' }]);
  });

  it('counts the tokens of a very long text at least, and says so', async () => {
    const input = 'word '.repeat(18_000);
    const { truncated } = (await post({ input, model: short })).json;
    const [{ dropped_tokens }] = truncated as [{ dropped_tokens: number }];
    expect(dropped_tokens).toBeGreaterThan(65_536 / 5 - 254);
    expect(dropped_tokens).toBeLessThan(18_000 - 254);
    const { message } = (await post({ input, model: short, truncate: false })).json.error;
    expect(message).toBe(
      `input has at least ${dropped_tokens + 254} tokens; the model reads 254 of a text, and truncate: false forbids to cut it`,
    );
  });

  it.each([
    ['model: required', 'model', { input: 'x' }],
    ['input: required', 'input', { model: short }],
    ['input: expected a text with a character to read, got an empty one', 'input', { model: short, input: '' }],
    ['input: expected at least one text, got an empty list', 'input', { model: short, input: [] }],
    ['input[0]: expected a text', 'input[0]', { model: short, input: [''] }],
    ['input[0]: expected token ids, got an empty list', 'input[0]', { model: short, input: [[]] }],
    ['input[0][1]: expected a token id', 'input[0][1]', { model: short, input: [[1, 'a']] }],
    ['input[0]: expected a token id', 'input[0]', { model: short, input: [-1] }],
    ['input', expect.stringContaining('input'), { model: short, input: [1e9] }],
    ['input: expected a text, token ids, or a list of either, got an object', 'input', { model: short, input: { a: 1 } }],
    ['input: expected a text, token ids, or a list of either, got 7', 'input', { model: short, input: 7 }],
    ['dimensions: ', 'dimensions', { model: short, input: 'x', dimensions: 0 }],
    ['dimensions: ', 'dimensions', { model: short, input: 'x', dimensions: 1000 }],
    ['encoding_format: ', 'encoding_format', { model: short, input: 'x', encoding_format: 'int8' }],
    ['input: expected at most 64 inputs in a request (MAX_OPENAI_INPUTS), got 65', 'input', { model: short, input: Array(65).fill('x') }],
    ['input: expected at most 20000 tokens', 'input', { model: short, input: Array(60).fill('word '.repeat(400)) }],
    ['input: expected at most 20000 tokens in a request (MAX_OPENAI_TOKENS)', 'input', { model: short, input: 'word '.repeat(20_001) }],
    ['input: expected at most 20000 tokens', 'input', { model: short, input: Array(20_001).fill(7) }],
  ])('says what is wrong in the body that its clients read: %s', async (message, param, body) => {
    const { status, json } = await post(body);
    expect([status, json]).toEqual([
      400,
      { error: { message: expect.stringContaining(message), type: 'invalid_request_error', param, code: null } },
    ]);
  });
});

it.each([
  ['GET', '/v1/embeddings', 405, 'method: expected POST for this path, got GET', 'method'],
  ['PUT', '/v1/embeddings', 405, 'method: expected POST for this path, got PUT', 'method'],
  ['DELETE', '/v1/models/a/b', 405, 'method: expected GET or HEAD for this path, got DELETE', 'method'],
  ['GET', '/v1/models/%ZZ', 400, 'model: expected UTF-8 in valid percent-encoding, got "%ZZ"', 'model'],
])('says what no route takes in OpenAI’s body too: %s %s', async (method, path, expected, message, param) => {
  const { status, json } = await server.client.send(method, path);
  expect([status, json]).toEqual([expected, { error: { message, type: 'invalid_request_error', param, code: null } }]);
});

describe('the official npm client', () => {
  it('reads embeddings, which it asks for in base64 by itself', async () => {
    const { data, model, usage } = await openai.embeddings.create({ input: ['the cat', 'the dog'], model: short });
    expect([model, usage]).toEqual([short, { prompt_tokens: 4, total_tokens: 4 }]);
    expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 384],
      [1, 384],
    ]);
    expect(closeness(data[1]?.embedding ?? [], await own('the dog'))).toBeCloseTo(1, 5);
  });

  it('reads floats, token ids and dimensions', async () => {
    const { data } = await openai.embeddings.create({
      input: [[101, 1996, 4937, 102]],
      model: short,
      dimensions: 8,
      encoding_format: 'float',
    });
    expect(data[0]?.embedding).toHaveLength(8);
  });

  it('lists models, and looks at one', async () => {
    const list = await openai.models.list();
    expect(list.data.map(({ id, object }) => [id, object])).toEqual([[full, 'model']]);
    expect(await openai.models.retrieve(full)).toMatchObject({ id: full, object: 'model', owned_by: 'sentence-transformers' });
  });

  it('throws its own errors', async () => {
    const unknown: unknown = await openai.embeddings.create({ input: 'x', model: 'text-embedding-3-small' }).catch((e: unknown) => e);
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'invalid_request_error' });
    expect(unknown instanceof APIError ? unknown.requestID : undefined).toMatch(/\S/);
    await expect(openai.embeddings.create({ input: '', model: short })).rejects.toBeInstanceOf(BadRequestError);
    await expect(openai.models.retrieve('nobody/nothing')).rejects.toBeInstanceOf(NotFoundError);
  });

  it('sends its key, and is told when it is wrong', async () => {
    const keyed = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'sk-right:team' } });
    const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${keyed.http.url}/v1`, apiKey, maxRetries: 0 });
    expect((await clientOf('sk-right').embeddings.create({ input: 'x', model: short })).data).toHaveLength(1);
    const wrong: unknown = await clientOf('sk-wrong')
      .embeddings.create({ input: 'x', model: short })
      .catch((e: unknown) => e);
    expect(wrong).toBeInstanceOf(AuthenticationError);
    expect(wrong).toMatchObject({ code: 'invalid_api_key' });
    await keyed.close();
  });
});

it('a page may send what OpenAI’s client adds to each request, and nothing else that it makes up', async () => {
  const keyed = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'sk-right:team', CORS_ORIGINS: 'https://page.example' } });
  const asked = 'authorization, content-type, x-stainless-os, x-stainless-retry-count, openai-project, x-evil';
  const { status, headers } = await keyed.client.send('OPTIONS', '/v1/embeddings', undefined, {
    origin: 'https://page.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': asked,
  });
  const allowed = String(headers['access-control-allow-headers']).split(', ');
  expect(status).toBe(204);
  expect(asked.split(', ').filter((name) => !allowed.includes(name))).toEqual(['x-evil']);
  await keyed.close();
});

const problem = await pythonProblem('openai-client');

describe.skipIf(problem !== undefined)(`the official Python client${skipped(problem)}`, () => {
  it('reads embeddings, models and errors', async () => {
    const answer = await runPython('openai-client', 'openai_client.py', server.http.url, short);
    expect(JSON.parse(answer)).toEqual({
      lengths: [384, 384],
      indexes: [0, 1],
      close: true,
      tokens: 4,
      model: short,
      short: 16,
      token_ids: 384,
      models: [full],
      retrieved: full,
      unknown: ['NotFoundError', 404, 'model_not_found', 'model'],
      empty: ['BadRequestError', 400, null, 'input'],
    });
  }, 300_000);
});

async function tokens(text: string): Promise<{ ids: number[] }[]> {
  const { text: body } = await server.client.post('/tokenize', { inputs: text });
  const lists: { id: number }[][] = JSON.parse(body);
  return lists.map((list) => ({ ids: list.map(({ id }) => id) }));
}

function closeness(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0) / (lengthOf(a) * lengthOf(b));
}
