// Paths, methods, indexes and vectors that are not there.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServerWithOneVector, startWithOneVector } from './support/one-vector.js';

let server: ServerWithOneVector;
beforeAll(async () => {
  server = await startWithOneVector();
});
afterAll(() => server.close());
// Whatever was refused: nothing changed.
afterEach(() => server.expectUnchanged());

describe('what is not there', () => {
  it.each([
    ['GET', '/v1/index/00000000-0000-0000-0000-000000000000'],
    ['DELETE', '/v1/index/nope'],
    ['GET', '/v1/index/..%2F..%2Fetc'],
    ['POST', '/v1/index/nope/vectors', { vectors: [{ id: 'a', values: [1] }] }],
    ['POST', '/v1/index/nope/search', { vector: [1] }],
    ['POST', '/v1/index/nope/import', '{}'],
    ['GET', '/v1/index/nope/export'],
    ['GET', '/v1/index/INDEX/vectors/nope'],
    ['DELETE', '/v1/index/INDEX/vectors/nope'],
    ['PATCH', '/v1/index/INDEX/vectors/nope', { values: [1, 2, 3] }],
    ['GET', '/v2/index'],
    ['POST', '/v1/embed', { text: 'a', model: 'nope' }],
  ])('is a 404: %s %s', async (method, path, body?: unknown) => {
    const answer = await server.client.send(method, path.replace('INDEX', server.index), body);
    expect([answer.status, answer.json.error.code]).toEqual([404, 'not_found']);
  });

  it.each([
    ['/v1/indexes', 'did you mean /v1/index?'],
    ['/v1/index/INDEX/serch', 'did you mean /v1/index/INDEX/search?'],
    ['/no/such/thing', 'there are /v1/index, /v1/index/{index},'],
  ])('is told from what is there: %s', async (path, advice) => {
    const { status, json } = await server.client.get(path.replace('INDEX', server.index));
    const told = [status, json.error.message];
    expect(told).toEqual([404, expect.stringContaining(advice.replace('INDEX', server.index))]);
  });

  it('a path under another method is a 405 that names the methods it has', async () => {
    const answer = await server.client.put('/v1/index', {});
    expect([answer.status, answer.headers.allow, answer.json.error.message, answer.json.error.details]).toEqual([
      405,
      'POST, GET, HEAD',
      'method: expected POST or GET or HEAD for this path, got PUT',
      { field: 'method' },
    ]);
    expect((await server.client.get(`/v1/index/${server.index}/train`)).status).toBe(405);
    const root = await server.client.put('/', {});
    expect([root.status, root.headers.allow, root.json.error.code]).toEqual([405, 'POST, GET, HEAD', 'invalid_argument']);
  });
});
