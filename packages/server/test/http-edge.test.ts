// The edge of HTTP: preflights, bodies that are empty or compressed, slashes, and errors that Node would answer by itself.
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, openRaw } from './support/raw-client.js';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { MAX_BODY_MB: '1', MAX_EMBED_BODY_MB: '1' } });
});
afterAll(() => server.close());

/** The whole answer to bytes that end in the connection being closed. */
async function raw(bytes: string): Promise<string> {
  const { received, closed } = await openRaw(server.http.url, bytes);
  await closed;
  return received();
}
const bodyOf = (answer: string): { error: { code: string; message: string; request_id: string } } =>
  JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('a preflight', () => {
  it('allows what SDKs send of themselves, and nothing that a page makes up', async () => {
    const keyed = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'k:t', CORS_ORIGINS: 'https://page.example' } });
    const sdks =
      'user-agent, x-stainless-lang, openai-beta, x-fern-language, x-goog-api-client, x-ms-client-request-id, idempotency-key, traceparent';
    const { status, headers } = await keyed.client.send('OPTIONS', '/v1/embeddings', undefined, {
      origin: 'https://page.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': `${sdks}, X-Evil, x-stainless-\u00e9`,
    });
    const allowed = String(headers['access-control-allow-headers']).split(', ');
    expect(status).toBe(204);
    expect(sdks.split(', ').filter((name) => !allowed.includes(name))).toEqual([]);
    expect(allowed).not.toContain('x-evil');
    await keyed.close();
  });
});

describe('an empty chunked body without a type is no body', () => {
  it.each([
    ['GET', '/v1/health', 200],
    ['GET', '/v1/index', 200],
    ['GET', '/v1/index/INDEX/search?vector=1,2&k=1', 200],
    ['GET', '/v1/index/INDEX/export', 200],
    ['POST', '/v1/index/INDEX/vectors/count', 200],
    ['POST', '/v1/index/INDEX/compact', 200],
    ['POST', '/v1/index/INDEX/import', 200],
    ['GET', '/v1/models', 200],
    ['GET', '/nope', 404],
    ['DELETE', '/v1/index/INDEX/vectors/nope', 404],
    ['POST', '/v1/index', 400],
    ['POST', '/v1/embeddings', 400],
    ['POST', '/tokenize', 400],
  ])('%s %s: %i', async (method, path, status) => {
    const index = await makeIndex(server.client, { dimension: 2 });
    const headers = { 'transfer-encoding': 'chunked', connection: 'close' };
    const answer = await raw(`${head(method, path.replace('INDEX', index), headers)}0\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === 400) expect(answer).toContain('body: expected a JSON object, got nothing');
  });

  it('and one with bytes and no type is a 415', async () => {
    const answer = await raw(`${head('POST', '/v1/index', { 'transfer-encoding': 'chunked', connection: 'close' })}2\r\n{}\r\n0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });
});

describe('a compressed body', () => {
  const codings = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['GZIP', gzipSync],
  ] as const;

  it.each(codings)('is decoded: %s', async (coding, compress) => {
    const index = await makeIndex(server.client, { dimension: 2 });
    const vectors = Array.from({ length: 5000 }, (_, i) => ({ id: `${i}`, values: [i, 1] }));
    const send = (path: string, body: string, headers = {}) =>
      server.client.post(`/v1/index/${index}/${path}`, compress(body), { 'content-encoding': coding, ...headers });
    expect((await send('vectors', JSON.stringify({ vectors }))).json).toMatchObject({ added_count: 5000 });
    expect((await send('search', '{"vector":[7,1],"k":1}')).json.results[0]?.id).toBe('7');
    const lines = vectors.map(({ id, values }) => JSON.stringify({ id: `line-${id}`, values })).join('\n');
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      expect((await send('import', lines, headers)).json).toEqual({ done: true, imported: 5000, failed: 0 });
    }
  });

  it('that is too large when decoded is a 413, and its client gets to read it', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, ' '));
    const post = (path: string) => server.client.post(path, bomb, { 'content-encoding': 'gzip' });
    const index = await makeIndex(server.client, { dimension: 2 });
    for (const path of ['/v1/index', '/v1/embed', `/v1/index/${index}/vectors`, `/v1/index/${index}/import`]) {
      const answer = await post(path);
      expect([path, answer.status, answer.json.error.code]).toEqual([path, 413, 'payload_too_large']);
    }
    expect((await server.client.get('/v1/health')).status).toBe(200);
  });

  it.each([
    ['of another coding', 'br', Buffer.from('{}'), 415],
    ['of two codings', 'gzip, gzip', gzipSync(gzipSync('{}')), 415],
    ['that is none', 'gzip', Buffer.from('{"name":"a"}'), 400],
    ['that is cut', 'gzip', gzipSync('{"name":"a","dimension":1}').subarray(0, 20), 400],
    ['that is no zlib', 'deflate', Buffer.from('{"name":"a"}'), 400],
  ])('%s is refused', async (_, coding, body, status) => {
    const index = await makeIndex(server.client, { dimension: 2 });
    for (const path of ['/v1/index', `/v1/index/${index}/import`]) {
      const answer = await server.client.post(path, body, { 'content-encoding': coding });
      expect([path, answer.status, answer.json.error.code]).toEqual([path, status, 'invalid_argument']);
      if (status === 415) expect(answer.headers['accept-encoding']).toBe('gzip, deflate');
      else expect(answer.json.error.message).toContain(`body: expected ${coding}`);
    }
  });
});

describe('a slash at the end', () => {
  it.each(['/v1/models', '/v1/index', '/models', '/v1/health', '/docs', '/info'])('of %s changes nothing', async (path) => {
    const [without, withSlash] = [await server.client.get(path), await server.client.get(`${path}/`)];
    expect([withSlash.status, Object.keys(withSlash.headers)]).toEqual([without.status, Object.keys(without.headers)]);
    expect((await server.client.get(`${path}/?x=`)).status).toBe((await server.client.get(`${path}?x=`)).status);
  });

  it('is none of a request that changes something', async () => {
    const index = await makeIndex(server.client, { dimension: 2 });
    expect((await server.client.delete(`/v1/index/${index}/`)).status).toBe(404);
    expect((await server.client.get(`/v1/index/${index}/`)).json.id).toBe(index);
  });
});

describe('a path that is not there', () => {
  const openAi = {
    error: { message: expect.stringContaining('no route'), type: 'invalid_request_error', param: null, code: 'unknown_url' },
  };
  const tei = { error: expect.stringContaining('no route'), error_type: 'Validation' };
  const own = { error: { code: 'not_found', message: expect.stringContaining('no route'), request_id: expect.any(String) } };

  it.each([
    ['POST', '/v1/embedding', openAi],
    ['POST', '/v1/embeddings/', openAi],
    ['POST', '/v1/embeddings/x', openAi],
    ['POST', '/embeddings', openAi],
    ['POST', '/openai/v1/embeddings', openAi],
    ['GET', '/v1/model', openAi],
    ['POST', '/v1/chat/completions', openAi],
    ['POST', '/v1/responses', openAi],
    ['POST', '/tokenise', tei],
    ['POST', '/tokenize/', tei],
    ['POST', '/rerank', tei],
    ['POST', '/embed_sparse', tei],
    ['GET', '/v1/indexes', own],
    ['GET', '/v1/index/a/info', own],
    ['POST', '/v1/embed/tokenize', own],
    ['GET', '/no/such/thing', own],
  ])('has the body of the service whose client asks: %s %s', async (method, path, body) => {
    const answer = await server.client.send(method, path, method === 'POST' ? {} : undefined);
    expect([answer.status, answer.json]).toEqual([404, body]);
  });

  it('has it also where the key is missing', async () => {
    const keyed = await startTestServer({ env: { FAISS_PROXY_API_KEYS: 'k:t' } });
    const answer = await keyed.client.post('/v1/embedding', {});
    expect([answer.status, answer.json.error]).toEqual([
      401,
      expect.objectContaining({ type: 'invalid_request_error', code: 'invalid_api_key' }),
    ]);
    await keyed.close();
  });
});

describe('what Node would answer by itself has a body of ours', () => {
  it.each([
    ['417', head('POST', '/v1/index', { expect: 'something' }), 'expect: expected 100-continue or none, got \\"something\\"'],
    ['400', 'GET /v1/health HTTP/1.1\r\n\r\n', 'host: HTTP/1.1 requires the header'],
    ['400', 'GET /v1/index HTTP/1.1\r\nConnection: close\r\n\r\n', 'host: HTTP/1.1 requires the header'],
    ['431', head('GET', '/v1/health', { x: 'x'.repeat(70_000) }), 'headers: expected at most 65536 bytes'],
    ['400', 'this is not HTTP\r\n\r\n', 'request: expected HTTP/1.1'],
    ['400', head('POST', '/v1/index', { 'content-length': 'x' }), 'request: expected HTTP/1.1'],
    ['405', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 'method: expected one of the routes'],
  ])('%s', async (status, bytes, message) => {
    const { received, closed, socket } = await openRaw(server.http.url, bytes);
    await Promise.race([closed, new Promise((resolve) => void socket.once('end', resolve))]);
    socket.destroy();
    const answer = received();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*content-type: application/json`, 'i'));
    expect(answer).toContain(message);
    expect(bodyOf(answer).error).toMatchObject({ code: 'invalid_argument', request_id: expect.stringMatching(/./) });
  });

  it('in the way of the service whose route it is', async () => {
    expect(await raw(head('POST', '/v1/embeddings', { expect: 'x' }))).toContain('"type":"invalid_request_error"');
    expect(await raw(head('POST', '/tokenize', { expect: 'x' }))).toContain('"error_type":"Validation"');
  });

  it('a request of HTTP/1.0 needs no Host', async () => {
    expect(await raw('GET /v1/health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
