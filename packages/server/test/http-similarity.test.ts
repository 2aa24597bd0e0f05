import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';
import { floatsOf } from './support/vectors.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_BATCH_SIZE: '3' } });
});
afterAll(() => server.close());

const compare = (body: object, headers = {}) => server.client.post('/v1/similarity', body, headers);

it('gives the cosine of each text with each of the others', async () => {
  const texts = ['a cat', 'the stock market'];
  const against = ['a kitten', 'shares fell', 'a train'];
  const { status, json } = await compare({ texts, against });
  expect([status, json]).toEqual([
    200,
    { similarities: expect.any(Array), model: 'all-MiniLM-L6-v2', tokens: expect.any(Number), latency_ms: expect.any(Number) },
  ]);
  const embed = async (text: string) => (await server.client.post('/v1/embed', { text })).json.embedding;
  for (const [row, text] of texts.entries()) {
    for (const [column, other] of against.entries()) {
      const [a, b] = [await embed(text), await embed(other)];
      const cosine = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
      expect(rows(json)[row]?.[column]).toBeCloseTo(cosine, 5);
    }
  }
  expect(rows(json)[0]?.[0]).toBeGreaterThan(rows(json)[0]?.[1] ?? 1);
  expect(rows(json)[1]?.[1]).toBeGreaterThan(rows(json)[1]?.[0] ?? 1);
});

const rows = (json: Readonly<Record<string, unknown>>): number[][] => json['similarities'] as number[][];

it('compares texts with themselves when nothing else came', async () => {
  const { json } = await compare({ texts: ['one', 'two', 'three'] });
  const table = rows(json);
  for (let i = 0; i < 3; i++) {
    expect(table[i]?.[i]).toBeCloseTo(1, 5);
    for (let j = 0; j < 3; j++) expect(table[i]?.[j]).toBeCloseTo(table[j]?.[i] ?? 0, 5);
  }
});

it('tells which texts of either side were cut', async () => {
  const long = (words: number): string => 'word '.repeat(words);
  const body = { texts: ['short', long(300)], against: [long(400), 'short', long(500)] };
  const cut = {
    truncated: [{ index: 1, dropped_tokens: 46 }],
    against_truncated: [
      { index: 0, dropped_tokens: 146 },
      { index: 2, dropped_tokens: 246 },
    ],
  };
  expect((await compare(body)).json).toMatchObject(cut);
  expect((await compare({ ...body, against_input_type: 'query' })).json).toMatchObject(cut);
  const { json } = await compare({ texts: body.texts });
  expect([json['truncated'], json['against_truncated']]).toEqual([cut.truncated, undefined]);
  const bytes = await compare(body, { accept: 'application/octet-stream' });
  expect(bytes.headers['x-truncated-count']).toBe('3');
  const refused = await compare({ ...body, truncate: false });
  expect([refused.status, refused.json.error.details]).toMatchObject([400, { field: 'texts[1]' }]);
});

it('gives rows of float32 to who asks for bytes', async () => {
  const { json } = await compare({ texts: ['one', 'two'], against: ['three'] });
  const raw = await compare({ texts: ['one', 'two'], against: ['three'] }, { accept: 'application/octet-stream' });
  expect(floatsOf(raw.bytes)).toEqual(Float32Array.from(rows(json).flat()));
});

it.each([
  ['texts: expected 1 to 3 texts (MAX_BATCH_SIZE), got an empty list', { texts: [] }],
  ['texts: expected 1 to 3 texts (MAX_BATCH_SIZE), got 4', { texts: ['a', 'b', 'c', 'd'] }],
  ['against: expected 1 to 3 texts (MAX_BATCH_SIZE), got an empty list', { texts: ['a'], against: [] }],
  ['against[1]: expected a text with a character to read, got white space', { texts: ['a'], against: ['b', ' '] }],
  ['normalize: unknown field', { texts: ['a'], normalize: false }],
  ['texts: required', {}],
])('refuses: %s', async (message, body) => {
  const answer = await compare(body);
  expect([answer.status, answer.json.error.message]).toEqual([400, expect.stringContaining(message)]);
});
