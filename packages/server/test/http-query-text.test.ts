import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
let index: string;

beforeAll(async () => {
  server = await startTestServer();
  index = await makeIndex(server.client);
  await server.client.put(`/v1/index/${index}/vectors/caf%C3%A9`, { values: [1, 2, 3] });
});
afterAll(() => server.close());

const at = (path: string): string => path.replace('{index}', index);

describe('what is not UTF-8 in a URL', () => {
  it.each([
    ['GET', '/v1/index/{index}/search?text=caf%E9', 'text'],
    ['GET', '/v1/index/{index}/search?vector=1,2,3&k=%E9', 'k'],
    ['GET', '/v1/index/{index}/search?vector=1,2,3&filter=%7B%22a%22%3A%22%E9%22%7D', 'filter'],
    ['GET', '/v1/index/{index}/search?vector=1,2,3&%E9=1', '%E9'],
    ['GET', '/v1/index/{index}/vectors?cursor=%E9', 'cursor'],
    ['GET', '/v1/index/{index}/vectors?cursor=%ZZ', 'cursor'],
    ['GET', '/v1/index?tenant_id=%E9', 'tenant_id'],
    ['GET', '/v1/index?cursor=%FF', 'cursor'],
    ['GET', '/v1/keys?user=%E9', 'user'],
    ['POST', '/v1/index/{index}/import?id_prefix=%E9', 'id_prefix'],
    ['GET', '/v1/index/{index}/export?format=%E9', 'format'],
    ['GET', '/v1/index/{index}/vectors/caf%E9', 'id'],
    ['GET', '/v1/index/{index}/vectors/%ED%A0%80', 'id'],
    ['DELETE', '/v1/index/{index}/vectors/a%ZZ', 'id'],
    ['GET', '/v1/index/caf%E9', 'index'],
    ['GET', '/v1/users/%E9', 'user'],
    ['DELETE', '/v1/keys/%E9', 'key'],
  ])('is refused and named: %s %s', async (method, path, field) => {
    const { status, json } = await server.client.send(method, at(path));
    expect([status, json.error.code, json.error.details]).toEqual([400, 'invalid_argument', { field }]);
    expect(json.error.message).toContain(`${field}: expected UTF-8`);
  });

  it('is refused in the words of the service whose path it is', async () => {
    const { status, json } = await server.client.get('/v1/models/a/%E9');
    expect([status, json.error]).toMatchObject([400, { param: 'model' }]);
  });

  it('is refused when a vector is written: no id is its own spelling', async () => {
    const { status } = await server.client.put(at('/v1/index/{index}/vectors/caf%E9'), { values: [1, 2, 3] });
    expect(status).toBe(400);
    expect((await server.client.get(at('/v1/index/{index}/vectors'))).json.ids).toEqual(['café']);
  });
});

describe('a query', () => {
  it('is read as forms write it: + is a space, %2B is a plus, empty parts are nothing', async () => {
    const { json } = await server.client.get(at('/v1/index/{index}/search?&&vector=1,2,3&k=1&filter=%7B%22a%22:%22b+c%2B%22%7D&'));
    expect(json).toEqual({ results: [] });
    expect((await server.client.get(at('/v1/index/{index}/search?vector=1,2,3'))).json.results[0]?.id).toBe('café');
  });
});

describe('two values for one field', () => {
  const search = '/v1/index/{index}/search';
  it.each([
    ['k', '?k=2', { vector: [1, 2, 3], k: 1 }],
    ['vector', '?vector=1,2,3', { vector: [1, 2, 3] }],
    ['filter', '?filter=%7B%7D', { vector: [1, 2, 3], filter: {} }],
    ['max_distance', '?max_distance=1', { vector: [1, 2, 3], max_distance: 2 }],
    ['ef_search', '?ef_search=1', { vector: [1, 2, 3], ef_search: 2 }],
    ['nprobe', '?nprobe=1', { vector: [1, 2, 3], nprobe: 2 }],
    ['tenant_id', '?tenant_id=a', { vector: [1, 2, 3], tenant_id: 'b' }],
  ])('in query and body are refused: %s', async (field, query, body) => {
    const { status, json } = await server.client.send('GET', at(search) + query, body);
    expect([status, json.error.details]).toEqual([400, { field }]);
    expect(json.error.message).toBe(`${field}: expected once, got it in the query and in the body; send one of the two`);
  });

  it('in a query are refused, of fields that every route has too', async () => {
    for (const [path, field] of [
      [`${search}?vector=1,2,3&k=1&k=2`, 'k'],
      ['/v1/index?limit=1&limit=2', 'limit'],
      ['/v1/index?tenant_id=a&tenant_id=b', 'tenant_id'],
    ] as const) {
      const { status, json } = await server.client.get(at(path));
      expect([status, json.error.details]).toEqual([400, { field }]);
    }
  });

  it('from query and body are taken together where they are of different fields', async () => {
    const { status, json } = await server.client.send('GET', `${at(search)}?k=1`, { vector: [1, 2, 3] });
    expect([status, json.results.length]).toEqual([200, 1]);
  });
});
