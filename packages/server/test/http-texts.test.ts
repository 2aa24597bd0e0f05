import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_TEXT_LENGTH: '100' } });
});
afterAll(() => server.close());

const model = { dimension: 384, embedding: { model: 'all-MiniLM-L6-v2' } };
const plain = (): Promise<string> => makeIndex(server.client, { dimension: 2 });
const path = (index: string, rest: string): string => `/v1/index/${index}/${rest}`;
const textOf = async (index: string, id: string): Promise<unknown> => (await server.client.get(path(index, `vectors/${id}`))).json.text;

describe('a text beside values, in an index without a model', () => {
  it('is kept by every route that takes vectors, and answered by every one that reads them', async () => {
    const index = await plain();
    const { client } = server;
    const vector = (id: string, text: string) => ({ id, values: [1, 2], text });
    expect((await client.put(path(index, 'vectors/put'), { values: [1, 2], text: 'by PUT' })).status).toBe(200);
    expect(
      (await client.post(path(index, 'vectors'), { vectors: [vector('post', 'by POST'), vector('empty', '')] })).json['added_count'],
    ).toBe(2);
    expect((await client.post(path(index, 'import'), JSON.stringify(vector('import', 'by import')))).json.imported).toBe(1);
    const expected = { put: 'by PUT', post: 'by POST', empty: '', import: 'by import' };
    for (const [id, text] of Object.entries(expected)) expect([id, await textOf(index, id)]).toEqual([id, text]);
    const searched = await client.post(path(index, 'search'), { vector: [1, 2] });
    expect(Object.fromEntries(searched.json.results.map(({ id, text }) => [id, text]))).toEqual(expected);
    const { batch } = await client.post(path(index, 'search/batch'), { vectors: [[1, 2]] });
    expect(Object.fromEntries((batch[0] ?? []).map(({ id, text }) => [id, text]))).toEqual(expected);
    const lines = (await client.get(path(index, 'export'))).text.trimEnd().split('\n');
    expect(Object.fromEntries(lines.map((line) => JSON.parse(line)).map(({ id, text }) => [id, text]))).toEqual(expected);
  });

  it('is changed by PATCH, with and without values, and goes when the vector is put without it', async () => {
    const index = await plain();
    const { client } = server;
    const at = path(index, 'vectors/a');
    await client.put(at, { values: [1, 2], metadata: { m: 1 } });
    expect((await client.post(path(index, 'search'), { vector: [1, 2] })).json.results[0]).not.toHaveProperty('text');
    expect((await client.patch(at, { text: 'first' })).json).toEqual({ id: 'a', values: [1, 2], metadata: { m: 1 }, text: 'first' });
    expect((await client.post(path(index, 'search'), { vector: [1, 2] })).json.results[0]?.text).toBe('first');
    expect((await client.patch(at, { values: [3, 4] })).json).toEqual({ id: 'a', values: [3, 4], metadata: { m: 1 }, text: 'first' });
    expect((await client.patch(at, { values: [5, 6], text: 'second' })).json).toMatchObject({ values: [5, 6], text: 'second' });
    expect((await client.get(at)).json).toEqual({ id: 'a', values: [5, 6], metadata: { m: 1 }, text: 'second' });
    await client.put(at, { values: [5, 6] });
    expect((await client.get(at)).json).toEqual({ id: 'a', values: [5, 6], metadata: {} });
  });

  it('is there after a restart', async () => {
    const own = await startTestServer();
    const index = await makeIndex(own.client, { dimension: 1 });
    await own.client.put(path(index, 'vectors/a'), { values: [1], text: 'kept' });
    await own.stop();
    const again = await startTestServer({ dataDir: own.dataDir });
    expect((await again.client.post(path(index, 'search'), { vector: [1] })).json.results[0]?.text).toBe('kept');
    await again.close();
  });

  it('without values is refused by every route, which say what to do', async () => {
    const index = await plain();
    const { client } = server;
    const answers = [
      await client.put(path(index, 'vectors/a'), { text: 'alone' }),
      await client.post(path(index, 'vectors'), { vectors: [{ id: 'a', text: 'alone' }] }),
      await client.post(path(index, 'import'), JSON.stringify({ id: 'a', text: 'alone' })),
    ];
    for (const { status, json } of answers) {
      const message = json.errors?.[0]?.error ?? json.error.message;
      expect([status, message]).toEqual([
        400,
        expect.stringContaining('text: this index embeds nothing; send values, or make an index with'),
      ]);
    }
  });
});

describe.each([
  ['an index without a model', {}],
  ['an index with one', model],
])('a text in %s', (_, definition) => {
  it('has one bound on every route, with and without values', async () => {
    const dimension = 384;
    const index = await makeIndex(server.client, { dimension, ...definition });
    const { client } = server;
    const values = Array(dimension).fill(1);
    const [most, over] = ['😀'.repeat(100), '😀'.repeat(101)];
    await client.put(path(index, 'vectors/kept'), { values });
    const answers = async (text: string) => [
      await client.put(path(index, 'vectors/a'), { values, text }),
      await client.post(path(index, 'vectors'), { vectors: [{ id: 'b', values, text }] }),
      await client.post(path(index, 'import'), JSON.stringify({ id: 'c', values, text })),
      await client.patch(path(index, 'vectors/kept'), { text }),
      await client.patch(path(index, 'vectors/kept'), { values, text }),
    ];
    for (const { status, json } of await answers(over)) {
      const message = json.errors?.[0]?.error ?? json.error.message;
      expect([status, message]).toEqual([400, expect.stringContaining('text: expected at most 100 characters, got 101')]);
    }
    expect((await client.get(path(index, 'vectors'))).json.ids).toEqual(['kept']);
    for (const { status } of await answers(most)) expect([200, 201]).toContain(status);
    for (const id of ['a', 'b', 'c', 'kept']) expect(await textOf(index, id)).toBe(most);
  });
});

it('a text as long as a body may be is taken by PUT and PATCH as by POST', async () => {
  const own = await startTestServer({ env: { MAX_TEXT_LENGTH: '2000000' } });
  const index = await makeIndex(own.client, { dimension: 1 });
  const text = 'x'.repeat(2_000_000);
  expect((await own.client.put(path(index, 'vectors/a'), { values: [1], text })).status).toBe(200);
  expect((await own.client.patch(path(index, 'vectors/a'), { text: `${text.slice(1)}y` })).json.text).toHaveLength(2_000_000);
  expect((await own.client.patch(path(index, 'vectors/a'), { text: `${text}y` })).json.error.message).toContain(
    'text: expected at most 2000000',
  );
  await own.close();
});

it('an export of an index with a model, texts and all, goes into one without, and back', async () => {
  const { client } = server;
  const from = await makeIndex(client, model);
  const texts = ['one', 'two', 'three'].map((text, i) => ({ id: text, text, metadata: { i } }));
  const vectors = [...texts, { id: 'own', text: 'not embedded', values: Array(384).fill(0.5) }];
  expect((await client.post(path(from, 'vectors'), { vectors })).json['added_count']).toBe(4);
  const exported = await client.get(path(from, 'export'));
  for (const definition of [{ dimension: 384 }, model]) {
    const into = await makeIndex(client, definition);
    expect((await client.post(path(into, 'import'), exported.bytes)).json).toEqual({ done: true, imported: 4, failed: 0 });
    expect((await client.get(path(into, 'export'))).text).toBe(exported.text);
  }
});
