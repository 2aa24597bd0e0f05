import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { RateLimitError } from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HttpClient } from './support/http-client.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

const model = 'all-MiniLM-L6-v2';

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-tiers-'));
  const file = join(folder, 'tiers.yaml');
  await writeFile(
    file,
    'minute: {per_month: 1000, per_minute: 3}\nmonth: {per_month: 3, per_minute: 1000}\nbulk: {per_month: 400, per_minute: 1000}\n',
  );
  server = await startTestServer({ env: { HOST: '0.0.0.0', TIERS_FILE: file } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

let users = 0;
async function keyOf(tier: string): Promise<string> {
  const { text } = await server.context.account.administration.createUser({ email: `user-${++users}@example.com`, tier });
  return text;
}

const clientOf = (key: string): HttpClient => server.as({ authorization: `Bearer ${key}` });

it('a limit a minute counts texts, whatever the dialect, and is a 429 in each', async () => {
  const client = clientOf(await keyOf('minute'));
  const first = await client.post('/embed/batch', { model_name: model, texts: ['one', 'two'] });
  expect([first.status, first.headers['x-ratelimit-limit'], first.headers['x-ratelimit-remaining']]).toEqual([200, '3', '1']);
  expect((await client.post('/v1/similarity', { texts: ['three'] })).status).toBe(200);
  const refused = [
    await client.post('/v1/embed', { text: 'four' }),
    await client.post('/embed', { model_name: model, text: 'four' }),
    await client.post('/embed', { inputs: 'four' }),
    await client.post('/v1/embeddings', { model, input: 'four' }),
  ];
  for (const { status, headers } of refused) {
    expect([status, headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]).toEqual([429, '3', '0']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(headers['x-ratelimit-reset']).toMatch(/^\d+$/);
  }
  const [own, batch, tei, openAi] = refused.map(({ text }): Record<string, unknown> => JSON.parse(text));
  for (const body of [own, batch]) expect(body).toMatchObject({ error: { code: 'rate_limited' } });
  expect(tei).toEqual({ error: expect.any(String), error_type: 'Overloaded' });
  expect(openAi).toEqual({ error: { message: expect.any(String), type: 'requests', param: null, code: 'rate_limit_exceeded' } });
});

it('OpenAI’s client throws its own error for a used up month, and does not count what was refused', async () => {
  const apiKey = await keyOf('month');
  const client = new OpenAI({ baseURL: `${server.http.url}/v1`, apiKey, maxRetries: 0 });
  const before: unknown = await client.embeddings.create({ model, input: ['a', 'b', 'c', 'd'] }).catch((error: unknown) => error);
  expect(before).toBeInstanceOf(RateLimitError);
  expect(before).toMatchObject({ code: 'insufficient_quota', type: 'insufficient_quota' });
  expect((await client.embeddings.create({ model, input: ['of a month 1', 'of a month 2', 'of a month 3'] })).data).toHaveLength(3);
  await expect(client.embeddings.create({ model, input: 'of a month 4' })).rejects.toBeInstanceOf(RateLimitError);
});

it('a comparison of two kinds of texts is one request: there is room for all of it, or it costs nothing', async () => {
  const client = clientOf(await keyOf('month'));
  const compare = (texts: string[], against: string[]) =>
    client.post('/v1/similarity', { texts, against, input_type: 'query', against_input_type: 'document' });
  const refused = await compare(['left 1', 'left 2'], ['right 1', 'right 2']);
  expect([refused.status, refused.json.error.code]).toEqual([429, 'quota_exceeded']);
  expect((await client.get('/v1/usage')).json['usage']).toEqual([]);
  expect((await compare(['left 1', 'left 2'], ['right 1'])).status).toBe(200);
  const { json } = await client.get('/v1/usage');
  expect(json['usage']).toEqual([expect.objectContaining({ requests: 1, embeddings: 3, cache_hits: 0, tokens: 6, counted: 3 })]);
});

it('many texts that an index embeds are one request too', async () => {
  const client = clientOf(await keyOf('bulk'));
  const index = await makeIndex(client, { dimension: undefined, embedding: { model } });
  const add = (count: number) =>
    client.post(`/v1/index/${index}/vectors`, { vectors: Array.from({ length: count }, (_, i) => ({ id: `${i}`, text: `kept ${i}` })) });
  const refused = await add(401);
  expect([refused.status, refused.json.error.code]).toEqual([429, 'quota_exceeded']);
  expect((await client.get('/v1/usage')).json['usage']).toEqual([]);
  expect((await add(300)).status).toBe(201);
  expect((await client.get('/v1/usage')).json['usage']).toEqual([expect.objectContaining({ requests: 1, embeddings: 300, counted: 300 })]);
});

it('bad input costs nothing', async () => {
  const client = clientOf(await keyOf('month'));
  for (const body of [
    { model, input: '' },
    { model: 'nobody/nothing', input: 'x' },
    { model, input: 'x', dimensions: 9999 },
  ]) {
    expect((await client.post('/v1/embeddings', body)).status).toBeGreaterThanOrEqual(400);
  }
  expect((await client.post('/v1/embeddings', { model, input: ['costs 1', 'costs 2', 'costs 3'] })).status).toBe(200);
});

it.each([
  ['POST', '/v1/embed'],
  ['POST', '/v1/similarity'],
  ['POST', '/embed'],
  ['POST', '/embed/batch'],
  ['GET', '/models'],
  ['GET', '/models/x'],
  ['POST', '/v1/embeddings'],
  ['GET', '/v1/models'],
  ['GET', '/v1/models/x'],
  ['POST', '/tokenize'],
  ['GET', '/info'],
  ['GET', '/metrics'],
])('%s %s needs a key', async (method, path) => {
  const { status, headers } = await server.client.send(method, path, method === 'POST' ? {} : undefined);
  expect([status, headers['www-authenticate']]).toEqual([401, expect.stringContaining('Bearer')]);
});
