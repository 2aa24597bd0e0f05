import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';
import { floatsOf, lengthOf } from './support/vectors.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_BATCH_SIZE: '4', MAX_TEXT_LENGTH: '5000' } });
});
afterAll(() => server.close());

const embed = async (body: object, headers = {}) => {
  const { status, text, bytes } = await server.client.post('/embed', body, headers);
  return {
    status,
    bytes,
    get vectors(): number[][] {
      return JSON.parse(text);
    },
    get error(): { error: string; error_type: string } {
      return JSON.parse(text);
    },
  };
};
const own = async (text: string) => (await server.client.post('/v1/embed', { text })).json.embedding;

describe('POST /embed with inputs', () => {
  it('answers a list of vectors, for one text too', async () => {
    const one = await embed({ inputs: 'What is Deep Learning?' });
    expect([one.status, one.vectors]).toEqual([200, [await own('What is Deep Learning?')]]);
    const two = await embed({ inputs: ['first', 'second'] });
    expect(two.vectors).toEqual([await own('first'), await own('second')]);
  });

  it('answers at the root too, where Hugging Face’s client posts', async () => {
    const { status, text } = await server.client.post('/', { inputs: 'first', normalize: null, truncate: true });
    expect([status, JSON.parse(text)]).toEqual([200, [await own('first')]]);
    const refused = await server.client.post('/', { text: 'first' });
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      400,
      { error: expect.stringContaining('inputs: required'), error_type: 'Validation' },
    ]);
  });

  it('takes token ids', async () => {
    const [list] = JSON.parse((await server.client.post('/tokenize', { inputs: 'the cat sleeps' })).text) as { id: number }[][];
    const ids = list?.map(({ id }) => id);
    const expected = (await embed({ inputs: 'the cat sleeps' })).vectors;
    expect((await embed({ inputs: ids })).vectors).toEqual(expected);
    expect((await embed({ inputs: [ids, 'the cat sleeps'] })).vectors).toEqual([...expected, ...expected]);
  });

  it('normalises unless told otherwise, and shortens', async () => {
    const [plain] = (await embed({ inputs: 'x', normalize: false })).vectors;
    expect(Math.abs(lengthOf(plain ?? []) - 1)).toBeGreaterThan(0.01);
    const [short] = (await embed({ inputs: 'x', dimensions: 16 })).vectors;
    expect([short?.length, lengthOf(short ?? [])]).toEqual([16, expect.closeTo(1, 5)]);
  });

  it('gives bytes to who asks for them', async () => {
    const { bytes } = await embed({ inputs: ['first', 'second'] }, { accept: 'application/octet-stream' });
    expect(floatsOf(bytes)).toEqual(Float32Array.from([...(await own('first')), ...(await own('second'))]));
  });

  it('ignores fields that it does not know, and null', async () => {
    expect((await embed({ inputs: 'x', prompt_name: null, truncate: null, future: 1 })).status).toBe(200);
    expect((await embed({ inputs: 'x', truncation_direction: 'Right' })).status).toBe(200);
    // Hugging Face's client sends it, and reads numbers whatever it says.
    expect((await embed({ inputs: 'x', encoding_format: 'base64' })).vectors).toEqual([await own('x')]);
  });

  it('cuts long texts unless told not to', async () => {
    const long = 'word '.repeat(500);
    expect((await embed({ inputs: long })).status).toBe(200);
    const refused = await embed({ inputs: ['short', long], truncate: false });
    expect([refused.status, refused.error]).toEqual([413, { error: expect.stringContaining('inputs[1]'), error_type: 'Validation' }]);
  });

  it('cuts a text that is longer than any text may be elsewhere', async () => {
    const [long, short] = (await embed({ inputs: ['word '.repeat(20_000), 'word '.repeat(300)] })).vectors;
    expect(long).toEqual(short);
    for (const body of [{ truncate: true }, { truncate: null }]) {
      expect((await embed({ inputs: 'x'.repeat(5001), ...body })).status).toBe(200);
    }
  });

  it.each([
    ['inputs: expected a text with a character to read', 400, 'Empty', { inputs: '' }],
    ['inputs: expected 1 to 4 texts (MAX_BATCH_SIZE), got an empty list', 400, 'Empty', { inputs: [] }],
    ['inputs[1]: expected a text', 400, 'Empty', { inputs: ['a', ' '] }],
    ['inputs: expected 1 to 4 texts (MAX_BATCH_SIZE), got 5', 413, 'Validation', { inputs: Array(5).fill('a') }],
    ['inputs: expected at most 5000 characters, got 5001', 413, 'Validation', { inputs: 'x'.repeat(5001), truncate: false }],
    ['inputs: expected a text, token ids, or a list of either, got an object', 400, 'Validation', { inputs: { a: 1 } }],
    ['inputs[0][0]: expected a token id', 400, 'Validation', { inputs: [[1.5]] }],
    ['truncation_direction: expected "right"', 400, 'Validation', { inputs: 'x', truncation_direction: 'Left' }],
    ['normalize: expected true or false, got "yes"', 400, 'Validation', { inputs: 'x', normalize: 'yes' }],
  ])('says what is wrong in the body that its clients read: %s', async (message, status, type, body) => {
    const answer = await embed(body);
    expect([answer.status, answer.error]).toEqual([status, { error: expect.stringContaining(message), error_type: type }]);
  });
});

describe('a body with inputs that cannot be read whole is refused as TEI does, at either address', () => {
  it.each([
    ['broken', '{"inputs":"a",}', 400, 'body: not JSON'],
    ['broken behind other fields', '{"truncate":true,"inputs":["a"', 400, 'body: not JSON'],
    ['broken and large', `{"inputs":["${'a'.repeat(300_000)}"],}`, 400, 'body: not JSON'],
    ['too long a list', `{"inputs":[${'"a",'.repeat(100_000)}"a"]}`, 413, 'inputs: expected at most 4 items (MAX_BATCH_SIZE)'],
  ])('%s', async (_what, body, expected, message) => {
    for (const path of ['/embed', '/']) {
      const { status, text } = await server.client.post(path, body);
      const refused = { error: expect.stringContaining(message), error_type: 'Validation' };
      expect([path, status, JSON.parse(text)]).toEqual([path, expected, refused]);
    }
  });

  it('and one of the other API in our own words', async () => {
    const { status, json } = await server.client.post('/embed', '{"model_name":"inputs","text":"a",}');
    expect([status, json.error.code, json.error.details]).toEqual([400, 'invalid_argument', undefined]);
  });
});

describe('POST /tokenize', () => {
  const tokenize = async (body: object) => {
    const { status, text } = await server.client.post('/tokenize', body);
    return { status, lists: JSON.parse(text) };
  };

  it('shows the tokens of each text, with and without the special ones', async () => {
    const { status, lists } = await tokenize({ inputs: ['Hello world', 'embeddings'] });
    expect(status).toBe(200);
    expect(lists[0]).toEqual([
      { id: 101, text: '[CLS]', special: true, start: null, stop: null },
      { id: 7592, text: 'Hello', special: false, start: 0, stop: 5 },
      { id: 2088, text: 'world', special: false, start: 6, stop: 11 },
      { id: 102, text: '[SEP]', special: true, start: null, stop: null },
    ]);
    expect(lists[1].slice(1, -1).map(({ text }: { text: string }) => text)).toEqual(['em', 'bed', 'ding', 's']);
    const bare = await tokenize({ inputs: 'hello world', add_special_tokens: false });
    expect(bare.lists).toEqual([[expect.objectContaining({ id: 7592 }), expect.objectContaining({ id: 2088 })]]);
  });

  it('shows where the text has each token, also one that is unknown or a special token’s name', async () => {
    const { lists } = await tokenize({ inputs: 'Café 🍣\u0000 ［SEP］[SEP] ﬁx', add_special_tokens: false });
    expect(lists[0].map(({ text, special, start, stop }: Record<string, unknown>) => [text, special, start, stop])).toEqual([
      ['Café', false, 0, 4],
      ['🍣', false, 5, 6],
      ['［', false, 8, 9],
      ['SEP', false, 9, 12],
      ['］', false, 12, 13],
      ['[SEP]', false, 13, 18],
      ['ﬁ', false, 19, 20],
      ['x', false, 20, 21],
    ]);
  });

  it('shows many tokens while other requests are answered', async () => {
    // The event loop is never held: something else has its turns between pieces of this work.
    let turns = 0;
    let open = true;
    const count = (): void => {
      turns++;
      if (open) setImmediate(count);
    };
    const answer = tokenize({ inputs: Array(4).fill('a b, '.repeat(1000)) });
    count();
    const { lists } = await answer;
    open = false;
    expect(lists.map((list: unknown[]) => list.length)).toEqual([3002, 3002, 3002, 3002]);
    expect(turns).toBeGreaterThan(10);
  });

  it('refuses what is no text', async () => {
    expect((await tokenize({ inputs: [[1, 2]] })).lists).toEqual({
      error: 'inputs[0]: expected a text, got token ids',
      error_type: 'Validation',
    });
    expect((await tokenize({ inputs: Array(5).fill('x') })).status).toBe(413);
  });
});

it('GET /info says the model and the limits', async () => {
  const { status, json } = await server.client.get('/info');
  expect([status, json]).toMatchObject([
    200,
    {
      model_id: 'sentence-transformers/all-MiniLM-L6-v2',
      model_dtype: 'float32',
      model_type: { embedding: { pooling: 'mean', dim: 384 } },
      max_input_length: 256,
      max_client_batch_size: 4,
      auto_truncate: true,
      version: expect.any(String),
    },
  ]);
});
