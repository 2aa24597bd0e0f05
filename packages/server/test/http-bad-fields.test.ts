// A mistake in a field of a body or a query: which one it is, what came and what is accepted.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServerWithOneVector, startWithOneVector } from './support/one-vector.js';

let server: ServerWithOneVector;
beforeAll(async () => {
  server = await startWithOneVector();
});
afterAll(() => server.close());
// Whatever was refused: nothing changed.
afterEach(() => server.expectUnchanged());

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const create = '/v1/index';
const vectors = '/v1/index/INDEX/vectors';
const search = '/v1/index/INDEX/search';

describe('a request with a mistake is a 400 that names the field', () => {
  it.each([
    // Not JSON.
    ['POST', create, '{"name": "x", "dimension": 3', 'body: not JSON'],
    ['POST', create, 'name=x', 'body: not JSON'],
    ['POST', create, '', 'body: expected a JSON object, got nothing'],
    ['POST', create, '[]', 'body: expected a JSON object, got an array'],
    ['POST', create, 'null', 'body: expected a JSON object'],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2,3]}', 'body: not JSON'],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2,3],}]}', 'body: not JSON'],
    // An index.
    ['POST', create, '{"dimension":3}', 'name: required'],
    ['POST', create, '{"name":"x"}', 'dimension: required'],
    ['POST', create, '{"name":5,"dimension":3}', 'name: expected a string of 1 to 256 characters, got 5'],
    ['POST', create, '{"name":"","dimension":3}', 'name: expected a string of 1 to 256 characters, got ""'],
    ['POST', create, '{"name":"x","dimension":"3"}', 'dimension: expected an integer of at least 1, got "3"'],
    ['POST', create, '{"name":"x","dimension":0}', 'dimension: expected an integer of at least 1, got 0'],
    ['POST', create, '{"name":"x","dimension":-4}', 'dimension:'],
    ['POST', create, '{"name":"x","dimension":2.5}', 'dimension:'],
    ['POST', create, '{"name":"x","dimension":1e9}', 'dimension: expected an integer of 1 to 65536, got 1000000000'],
    ['POST', create, '{"name":"x","dimension":null}', 'dimension:'],
    ['POST', create, '{"name":"x","dimension":3,"metric":"euclid"}', 'metric: expected one of "l2", "ip", "cosine", got "euclid"'],
    ['POST', create, '{"name":"x","dimension":3,"index_type":"IndexNope"}', 'index_type'],
    ['POST', create, '{"name":"x","dimension":3,"factory":"Nope,,"}', 'factory'],
    ['POST', create, '{"name":"x","dimension":3,"factory":"Flat","index_type":"IndexFlatL2"}', 'factory: came together with index_type'],
    ['POST', create, '{"name":"x","dimension":3,"dimensions":3}', 'dimensions: unknown field; accepted here: name, dimension'],
    ['POST', create, '{"name":"x","dimension":3,"__proto__":{}}', '__proto__: unknown field'],
    ['POST', create, '{"name":"x","dimension":3,"tenant_id":"../etc"}', 'tenant_id:'],
    ['POST', create, '{"name":"x","dimension":3,"tenant_id":7}', 'tenant_id:'],
    ['POST', create, '{"name":"x","embedding":{"model":"all-MiniLM-L6-v2"},"dimension":3}', 'dimension: the model'],
    ['POST', create, '{"name":"x","embedding":{"model":"all-MiniLM-L6-v2","pool":1}}', 'embedding.pool: unknown field'],
    // Vectors: the envelope.
    ['POST', vectors, '{}', 'vectors: required'],
    ['POST', vectors, '{"vectors":{}}', 'vectors: expected an array of {id, values, metadata?, text?}, got an object'],
    ['POST', vectors, '{"vectors":"abc"}', 'vectors: expected an array'],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2,3]}],"upsert":true}', 'upsert: unknown field'],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2,3]},{"id":"b","values":[1,2,3],"meta":{}}]}', 'vectors[1].meta: unknown field'],
    ['POST', vectors, '{"index":"other","vectors":[{"id":"a","values":[1,2,3]}]}', 'index: unknown field'],
    // Vectors: each of them bad.
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2]}]}', 'vectors[0].values: expected 3 values, the dimension of the index, got 2'],
    [
      'POST',
      vectors,
      '{"vectors":[{"id":"a","values":[1,2,NaN]}]}',
      'vectors[0].values[2]: expected a finite number that fits a float32, got NaN',
    ],
    [
      'POST',
      vectors,
      '{"vectors":[{"id":"a","values":[1,1e39,3]}]}',
      'vectors[0].values[1]: expected a finite number that fits a float32, got 1e39',
    ],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,null,3]}]}', 'vectors[0].values[1]'],
    ['POST', vectors, '{"vectors":[{"id":"a","values":["1","2","3"]}]}', 'vectors[0].values[0]'],
    ['POST', vectors, '{"vectors":[{"id":"a"}]}', 'vectors[0].values: required'],
    ['POST', vectors, '{"vectors":[{"values":[1,2,3]}]}', 'vectors[0].id: expected a string of 1 to 512 bytes, got nothing'],
    ['POST', vectors, '{"vectors":[{"id":17,"values":[1,2,3]}]}', 'vectors[0].id: expected a string of 1 to 512 bytes, got the number 17'],
    [
      'POST',
      vectors,
      '{"vectors":[{"id":"nul\\u0000","values":[1,2,3]}]}',
      'vectors[0].id: expected no control characters, got U+0000 at 3',
    ],
    [
      'POST',
      vectors,
      `{"vectors":[{"id":"${'i'.repeat(10_240)}","values":[1,2,3]}]}`,
      'vectors[0].id: expected at most 512 bytes, got 10240',
    ],
    [
      'POST',
      vectors,
      '{"vectors":[{"id":"a","values":[1,2,3],"metadata":[1]}]}',
      'vectors[0].metadata: expected an object, got an array of 1',
    ],
    ['POST', vectors, '{"vectors":[{"id":"a","values":[1,2,3],"metadata":"x"}]}', 'vectors[0].metadata: expected an object, got "x"'],
    [
      'POST',
      vectors,
      `{"vectors":[{"id":"a","values":[1,2,3],"metadata":{"x":"${'y'.repeat(41_000)}"}}]}`,
      'vectors[0].metadata: expected at most 40960 bytes',
    ],
    ['POST', vectors, '{"vectors":[{"id":"a","text":"hello"}]}', 'vectors[0].text: this index embeds nothing'],
    ['POST', vectors, '{"vectors":[null]}', 'vectors[0]: expected {id, values, metadata?, text?}, got null'],
    // Nesting.
    ['POST', vectors, `{"vectors":[{"id":"a","values":[1,2,3],"metadata":{"x":${nested(100)}}}]}`, 'levels of nesting'],
    ['POST', search, `{"vector":[1,2,3],"filter":{"x":${nested(100)}}}`, 'levels of nesting'],
    ['POST', create, `{"name":${nested(100_000)}}`, 'levels of nesting'],
    // Search.
    ['POST', search, '{}', 'vector: required'],
    ['POST', search, '{"vector":[1,2]}', 'vector: expected 3 values, the dimension of the index, got 2'],
    ['POST', search, '{"vector":[1,2,1e39]}', 'vector[2]: expected a finite number that fits a float32, got 1e39'],
    ['POST', search, '{"vector":[1,2,NaN]}', 'vector[2]'],
    ['POST', search, '{"vector":"1,2,3"}', 'vector: expected an array of numbers, got "1,2,3"'],
    ['POST', search, '{"vector":[1,2,3],"k":0}', 'k: expected an integer of at least 1, got 0'],
    ['POST', search, '{"vector":[1,2,3],"k":-1}', 'k: expected an integer of at least 1, got -1'],
    ['POST', search, '{"vector":[1,2,3],"k":1e9}', 'k: expected an integer of 1 to 10000, got 1000000000'],
    ['POST', search, '{"vector":[1,2,3],"k":1e400}', 'k: expected an integer of at least 1, got a number that no double holds'],
    ['POST', search, '{"vector":[1,2,3],"max_distance":-1e400}', 'max_distance: expected a number, got a number that no double holds'],
    ['POST', search, '{"vector":[1,2,3],"k":1.5}', 'k: expected an integer of at least 1, got 1.5'],
    ['POST', search, '{"vector":[1,2,3],"k":"5"}', 'k: expected an integer of at least 1, got "5"'],
    ['POST', search, '{"vector":null}', 'vector: required'],
    ['POST', search, '{"vector":[1,2,3],"k":{}}', 'k: expected an integer'],
    ['POST', search, '{"vector":[1,2,3],"topK":5}', 'topK: unknown field; accepted here: vector, text, k, filter'],
    ['POST', search, '{"vector":[1,2,3],"filter":[]}', 'filter'],
    ['POST', search, '{"vector":[1,2,3],"filter":{"$or":[{"a":1},{"year":{"$gtt":1}}]}}', 'filter.$or[1].year.$gtt'],
    ['POST', search, '{"vector":[1,2,3],"max_distance":"1"}', 'max_distance: expected a number, got "1"'],
    ['POST', search, '{"text":"hello"}', 'text: this index embeds nothing'],
    ['POST', search, '{"vector":[1,2,3],"text":"hello"}', 'vector: came together with text'],
    ['GET', `${search}?k=5`, undefined, 'vector: required'],
    ['GET', `${search}?vector=1,2,x`, undefined, 'vector: expected numbers with commas'],
    ['GET', `${search}?vector=1,2,3&k=five`, undefined, 'k: expected an integer of at least 1, got "five"'],
    ['GET', `${search}?vector=1,2,3&filter={`, undefined, 'filter: not JSON'],
    ['GET', `${search}?vector=1,2,3&limit=3`, undefined, 'limit: unknown query parameter; accepted here: vector'],
    ['GET', `${search}?vector=1,2,3&k=1&k=2`, undefined, 'k: expected once in the query'],
    ['POST', `${search}/batch`, '{"vectors":[[1,2,3],[1,2]]}', 'vectors[1]: expected 3 values'],
    ['POST', `${search}/batch`, '{"vectors":[[1,2,3],[1,"2",3]]}', 'vectors[1][1]: expected a finite number'],
    ['POST', `${search}/batch`, '{"vectors":[1,2,3]}', 'vectors[0]: expected an array of numbers, got 1'],
    ['POST', `${search}/batch`, '{}', 'vectors: expected either vectors or texts, got neither'],
    [
      'POST',
      `${search}/batch`,
      `{"vectors":[${Array(1001).fill('[1,2,3]').join(',')}]}`,
      'vectors: expected at most 1000 queries, got 1001',
    ],
    // Lists, counts, deletions.
    ['GET', `${vectors}?limit=0`, undefined, 'limit: expected an integer of at least 1, got 0'],
    ['GET', `${vectors}?limit=1000000`, undefined, 'limit: expected an integer of 1 to 1000, got 1000000'],
    ['GET', `${vectors}?cursor=nonsense`, undefined, 'cursor'],
    ['GET', `${create}?cursor=nonsense`, undefined, 'cursor'],
    ['GET', '/v1/index?limit=x', undefined, 'limit: expected an integer of at least 1, got "x"'],
    ['POST', `${vectors}/delete`, '{}', 'ids: expected either ids or filter, got neither'],
    ['POST', `${vectors}/delete`, '{"ids":["a"],"filter":{"a":1}}', 'ids: expected either ids or filter, got both'],
    ['POST', `${vectors}/delete`, '{"ids":["a",5]}', 'ids[1]: expected a string, got 5'],
    ['POST', `${vectors}/delete`, '{"ids":["kept",""]}', 'ids[1]: expected a string of 1 to 512 bytes, got an empty one'],
    ['POST', `${vectors}/delete`, '{"filter":{"a":{"$in":1}}}', 'filter.a.$in'],
    ['POST', `${vectors}/count`, '{"filter":5}', 'filter'],
    // One vector.
    ['PUT', `${vectors}/kept`, '{}', 'values: required'],
    ['PUT', `${vectors}/kept`, '{"values":[1,2]}', 'values: expected 3 values'],
    ['PUT', `${vectors}/kept`, '{"values":[1,2,3],"metadata":5}', 'metadata: expected an object, got 5'],
    ['PUT', `${vectors}/kept`, '{"values":[1,2,3],"id":"other"}', 'id: unknown field'],
    ['PUT', `${vectors}/a%00b`, '{"values":[1,2,3]}', 'id: expected no control characters'],
    ['PUT', `${vectors}/${'i'.repeat(10_240)}`, '{"values":[1,2,3]}', 'id: expected at most 512 bytes, got 10240'],
    ['PATCH', `${vectors}/kept`, '{}', 'body: nothing to change'],
    ['PATCH', `${vectors}/kept`, '{"metadata":[]}', 'metadata: expected an object'],
    ['GET', `${vectors}/kept?encoding_format=hex`, undefined, 'encoding_format: expected "float" or "base64", got "hex"'],
    ['GET', `${vectors}/%ZZ`, undefined, 'id: expected UTF-8 in valid percent-encoding, got "%ZZ"'],
    ['GET', `${vectors}/kept?encoding=hex`, undefined, 'encoding: unknown query parameter; accepted here: encoding_format'],
    ['DELETE', `${vectors}/kept?force=1`, undefined, 'force: unknown query parameter'],
    // Files.
    ['POST', '/v1/index/INDEX/import?format=csv', 'a,b', 'format: expected one of jsonl, npy, fvecs, got "csv"'],
    ['POST', '/v1/index/INDEX/import?format=npy', 'nonsense', 'npy'],
    ['POST', '/v1/index/INDEX/import', 'nonsense\n', 'line 1: not JSON'],
    ['GET', '/v1/index/INDEX/export?format=csv', undefined, 'format: expected one of'],
    // Embeddings.
    ['POST', '/v1/embed', '{}', 'text: required'],
    ['POST', '/v1/embed', '{"text":5}', 'text: expected a string, got 5'],
    ['POST', '/v1/embed', '{"text":"  "}', 'text: expected a text with a character to read'],
    ['POST', '/v1/embed', '{"text":"a","normalise":true}', 'normalise: unknown field'],
    ['POST', '/v1/embed', '{"text":"a","encoding":"base64"}', 'dimensions, encoding_format'],
    ['POST', '/v1/embed', '{"text":"a","normalize":"yes"}', 'normalize: expected true or false, got "yes"'],
    ['POST', '/v1/embed', `{"text":"${'x'.repeat(9000)}"}`, 'text: expected at most 8192 characters, got 9000'],
  ])('%s %s (%#)', async (method, path, body, message) => {
    const answer = await server.client.send(method, path.replace('INDEX', server.index), body);
    expect(answer.json.error).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
      request_id: expect.any(String),
    });
    expect(answer.status).toBe(400);
    expect(answer.headers['x-request-id']).toBe(answer.json.error.request_id || answer.headers['x-request-id']);
  });

  it('a query that is no list of numbers is named as it came', async () => {
    const answer = await server.client.get(`/v1/index/${server.index}/search?vector=1,two,3`);
    const message = 'vector: expected numbers with commas between them, as 0.1,0.2,0.3, got "two"';
    expect([answer.status, answer.json.error.message]).toEqual([400, message]);
  });
});
