// null on a field that may be left out is the same as leaving it out, on every route.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const nothing = { normalize: null, precision: null, input_type: null, prompt_name: null, truncate: null, dimensions: null };
const { normalize: _, ...others } = nothing;
const own = { ...nothing, tenant_id: null, encoding_format: null };

it.each([
  ['/v1/embed', { text: 'a cat' }, { ...own, model: null }],
  ['/embed', { text: 'a cat', model_name: 'all-MiniLM-L6-v2' }, own],
  ['/embed/batch', { texts: ['a cat'], model_name: 'all-MiniLM-L6-v2' }, own],
  ['/v1/similarity', { texts: ['a cat', 'a dog'] }, { ...others, against: null, against_input_type: null, model: null }],
  ['/v1/embeddings', { input: 'a cat', model: 'all-MiniLM-L6-v2' }, { ...own, user: null }],
  ['/embed', { inputs: 'a cat' }, { ...nothing, model: null, truncation_direction: null }],
  ['/', { inputs: 'a cat' }, { ...nothing, model: null }],
  ['/tokenize', { inputs: 'a cat' }, { add_special_tokens: null, model: null }],
])('%s of %j', async (path, body, nulls) => {
  const [bare, with_] = [await server.client.post(path, body), await server.client.post(path, { ...body, ...nulls })];
  const withoutTimes = (text: string): string => text.replaceAll(/"[a-z_]*(ms|time|cached|seconds)[a-z_]*":[^,}]*/g, '');
  expect([with_.status, withoutTimes(with_.text)]).toEqual([200, withoutTimes(bare.text)]);
});

it('indexes, vectors and searches', async () => {
  const { client } = server;
  const options = {
    metric: null,
    M: null,
    ef_search: null,
    nlist: null,
    index_type: null,
    factory: null,
    embedding: null,
    tenant_id: null,
  };
  const made = await client.post('/v1/index', { name: 'x', dimension: 2, ...options });
  expect([made.status, made.json]).toMatchObject([201, { index_type: 'IndexFlatL2', dimension: 2 }]);
  const index = `/v1/index/${made.json.id}`;
  const vectors = [
    { id: 'a', values: [0, 1], metadata: null, text: null },
    { id: 'b', values: [1, 0], metadata: { kept: null } },
  ];
  expect((await client.post(`${index}/vectors`, { vectors })).status).toBe(201);
  const put = await client.put(`${index}/vectors/c`, { values: [1, 1], metadata: null, text: null });
  expect(put.status).toBeLessThan(300);
  expect((await client.get(`${index}/vectors/a`)).json).toMatchObject({ metadata: {} });
  expect((await client.get(`${index}/vectors/b`)).json).toMatchObject({ metadata: { kept: null } });
  const patched = await client.patch(`${index}/vectors/b`, { metadata: { kept: 1 }, values: null, text: null });
  expect(patched.json).toMatchObject({ metadata: { kept: 1 }, values: [1, 0] });
  const search = { vector: [0, 1], text: null, k: null, filter: null, max_distance: null, ef_search: null, nprobe: null };
  expect((await client.post(`${index}/search`, search)).json).toMatchObject({ results: [{ id: 'a' }, { id: 'c' }, { id: 'b' }] });
  const batch = { vectors: [[0, 1]], texts: null, k: null, filter: null };
  expect((await client.post(`${index}/search/batch`, batch)).json).toMatchObject({ results: [[{ id: 'a' }, { id: 'c' }, { id: 'b' }]] });
  expect((await client.post(`${index}/vectors/count`, { filter: null })).json).toMatchObject({ count: 3 });
  expect((await client.post(`${index}/vectors/delete`, { ids: ['a'], filter: null })).json).toMatchObject({ deleted_count: 1 });
  const neither = await client.post(`${index}/vectors/delete`, { ids: null, filter: null });
  expect([neither.status, neither.json.error.details]).toMatchObject([400, { field: 'ids' }]);
});

it('an index that embeds takes texts without values', async () => {
  const { json } = await server.client.post('/v1/index', { name: 'x', embedding: { model: 'all-MiniLM-L6-v2' }, dimension: null });
  const rows = { vectors: [{ id: 'a', text: 'a cat', values: null, metadata: null }] };
  expect((await server.client.post(`/v1/index/${json.id}/vectors`, rows)).status).toBe(201);
  const found = await server.client.post(`/v1/index/${json.id}/search`, { text: 'a cat', vector: null });
  expect(found.json).toMatchObject({ results: [{ id: 'a' }] });
  expect((await server.client.put(`/v1/index/${json.id}/vectors/b`, { text: 'a dog', values: null })).status).toBeLessThan(300);
});

it.each([
  ['/v1/embed', { text: null }, 'text'],
  ['/v1/index', { name: null, dimension: 2 }, 'name'],
  ['/v1/index', { name: 'x', embedding: { model: null } }, 'embedding.model'],
  ['/v1/embed', { text: 'x', no_such_field: null }, 'no_such_field'],
])('a field that is required, or that is not known, is refused all the same: %s %j', async (path, body, field) => {
  const { status, json } = await server.client.post(path, body);
  expect([status, json.error.details]).toMatchObject([400, { field }]);
});
