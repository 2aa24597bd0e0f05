import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';

const bundled = fileURLToPath(new URL('../../../../models/all-MiniLM-L6-v2', import.meta.url));

let models: string;
let server: TestServer;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'voisin-models-'));
  const directory = join(models, 'owner', 'prompted');
  await cp(bundled, directory, { recursive: true });
  const prompts = { query: 'query: ', document: 'passage: ' };
  await writeFile(join(directory, 'config_sentence_transformers.json'), JSON.stringify({ prompts }));
  server = await startTestServer({ env: { MODELS_DIR: models } });
});
afterAll(async () => {
  await server.close();
  await rm(models, { recursive: true });
});

const model = 'owner/prompted';
const own = async (body: object) => (await server.client.post('/v1/embed', { model, ...body })).json.embedding;

it('input_type and prompt_name put the model’s own prompt before the text, in every dialect', async () => {
  const asQuery = await own({ text: 'query: how tall is it' });
  const asDocument = await own({ text: 'passage: how tall is it' });
  expect(asQuery).not.toEqual(asDocument);
  const text = 'how tall is it';
  expect(await own({ text, input_type: 'query' })).toEqual(asQuery);
  expect(await own({ text, input_type: 'document' })).toEqual(asDocument);
  expect(await own({ text, input_type: 'document', prompt_name: 'query' })).toEqual(asQuery);
  const { client } = server;
  const batch = await client.post('/embed/batch', { model_name: model, texts: [text], input_type: 'query' });
  expect(batch.json.embeddings).toEqual([asQuery]);
  const tei = await client.post('/embed', { model, inputs: text, prompt_name: 'document' });
  expect(JSON.parse(tei.text)).toEqual([asDocument]);
  const openAi = await client.post('/v1/embeddings', { model, input: text, input_type: 'document' });
  expect(JSON.parse(openAi.text).data[0].embedding).toEqual(asDocument);
});

it('the two sides of a comparison may have prompts of their own', async () => {
  const [left, right] = [await own({ text: 'query: a' }), await own({ text: 'passage: b' })];
  const cosine = left.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0);
  const body = { model, texts: ['a'], against: ['b'], input_type: 'query', against_input_type: 'document' };
  const { text } = await server.client.post('/v1/similarity', body);
  const [[similarity]] = JSON.parse(text).similarities;
  expect(similarity).toBeCloseTo(cosine, 5);
  const itself = await server.client.post('/v1/similarity', {
    model,
    texts: ['a', 'b'],
    input_type: 'query',
    against_input_type: 'document',
  });
  expect(JSON.parse(itself.text).similarities[0][1]).toBeCloseTo(cosine, 5);
});

it('a prompt that the model’s files lack is a 400 that lists those they have', async () => {
  const { status, json } = await server.client.post('/v1/embed', { model, text: 'x', prompt_name: 'nope' });
  expect([status, json.error.message]).toEqual([400, expect.stringContaining('query')]);
});

it('the models of the folder are listed beside the bundled one', async () => {
  const { text } = await server.client.get('/v1/models');
  const ids: string[] = JSON.parse(text).data.map(({ id }: { id: string }) => id);
  expect(ids.toSorted()).toEqual(['owner/prompted', 'sentence-transformers/all-MiniLM-L6-v2']);
  const allowed = (await server.client.get('/models')).json['allowed_models'];
  expect([...(allowed as string[])].toSorted()).toEqual(ids.toSorted());
});

it('the words of Cohere’s and NVIDIA’s clients mean the same through OpenAI’s dialect', async () => {
  const [asQuery, asDocument] = [await own({ text: 'query: how tall is it' }), await own({ text: 'passage: how tall is it' })];
  const text = 'how tall is it';
  const ask = (input_type: string) => server.client.post('/v1/embeddings', { model, input: text, input_type });
  const embedded = async (input_type: string) => JSON.parse((await ask(input_type)).text).data[0].embedding;
  for (const word of ['query', 'search_query']) expect(await embedded(word)).toEqual(asQuery);
  for (const word of ['document', 'search_document', 'passage']) expect(await embedded(word)).toEqual(asDocument);
  for (const word of ['classification', 'clustering']) expect(await embedded(word)).toEqual(await own({ text }));
  expect((await ask('image')).json.error.message).toContain('"search_query"');
});

it('truncate END cuts a long text, NONE refuses it, and another word is refused by name', async () => {
  const input = 'word '.repeat(300);
  const ask = (truncate: unknown) => server.client.post('/v1/embeddings', { model, input, truncate });
  for (const truncate of ['END', true, null]) expect((await ask(truncate)).json).toMatchObject({ truncated: [{ index: 0 }] });
  for (const truncate of ['NONE', false]) {
    const { status, json } = await ask(truncate);
    expect([status, json.error.message]).toEqual([400, expect.stringContaining('at least 300 tokens')]);
  }
  const { status, json } = await ask('START');
  const error = { param: 'truncate', message: expect.stringMatching(/"END".*"NONE".*got "START"/) };
  expect([status, json]).toMatchObject([400, { error }]);
});
