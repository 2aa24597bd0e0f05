// Messages that are refused before a field is looked at: bodies that are too large or no JSON, headers, and what is no HTTP.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServerWithOneVector, startWithOneVector } from './support/one-vector.js';

let server: ServerWithOneVector;
beforeAll(async () => {
  server = await startWithOneVector({ MAX_BODY_MB: '2', MAX_EMBED_BODY_MB: '1' });
});
afterAll(() => server.close());
// Whatever was refused: nothing changed.
afterEach(() => server.expectUnchanged());

describe('a body', () => {
  it('over the limit is a 413, announced or not, and the connection goes on', async () => {
    const body = `{"vectors":[{"id":"a","values":[${'1,'.repeat(1_500_000)}1]}]}`;
    const announced = await server.client.post(`/v1/index/${server.index}/vectors`, body);
    expect([announced.status, announced.json.error.code]).toEqual([413, 'payload_too_large']);
    expect(announced.json.error.message).toBe(`body: expected at most 2097152 bytes, got ${body.length}`);
    const chunked = await server.client.post(`/v1/index/${server.index}/vectors`, body, {
      'transfer-encoding': 'chunked',
    });
    expect([chunked.status, chunked.json.error.code]).toEqual([413, 'payload_too_large']);
    expect((await server.client.post('/v1/embed', `{"text":"${'x'.repeat(1_100_000)}"}`)).status).toBe(413);
  });

  it('of another content type is a 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
      const answer = await server.client.post('/v1/index', '{"name":"x","dimension":3}', { 'content-type': type });
      expect([type, answer.status, answer.json.error.message]).toEqual([
        type,
        415,
        expect.stringContaining('content-type: expected application/json'),
      ]);
    }
    expect(
      (
        await server.client.post(
          `/v1/index/${server.index}/search`,
          { vector: [1, 2, 3] },
          { 'content-type': 'application/json; charset=utf-8' },
        )
      ).status,
    ).toBe(200);
  });

  it('that does not come may be of any type', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'nonsense']) {
      for (const length of [{}, { 'content-length': '0' }]) {
        const headers = { 'content-type': type, ...length };
        const answers = await Promise.all(
          ['/health', '/metrics', '/v1/models', `/v1/index/${server.index}`].map((path) => server.client.get(path, undefined, headers)),
        );
        expect([headers, answers.map(({ status }) => status)]).toEqual([headers, [200, 200, 200, 200]]);
      }
      const posted = await server.client.post('/v1/index', undefined, { 'content-type': type, 'content-length': '0' });
      expect([posted.status, posted.json.error.message]).toEqual([400, 'body: expected a JSON object, got nothing']);
    }
  });

  it('that no route takes is not looked at', async () => {
    for (const [type, body] of [
      ['text/plain', 'hello'],
      ['application/json', '{"broken'],
    ]) {
      const unknown = await server.client.post('/nowhere', body, { 'content-type': type });
      expect([type, unknown.status, unknown.json.error.code]).toEqual([type, 404, 'not_found']);
      expect((await server.client.post('/info', body, { 'content-type': type })).status).toBe(405);
    }
  });

  it('may begin with a byte order mark', async () => {
    expect((await server.client.post(`/v1/index/${server.index}/search`, '\uFEFF{"vector":[1,2,3]}')).status).toBe(200);
  });

  it('that is compressed in a way that is not known is a 415 too', async () => {
    const answer = await server.client.post('/v1/index', '{}', { 'content-encoding': 'br' });
    expect([answer.status, answer.json.error.message]).toEqual([415, 'content-encoding: expected one of gzip, deflate or none, got "br"']);
    const search = `/v1/index/${server.index}/search`;
    expect((await server.client.post(search, { vector: [1, 2, 3] }, { 'content-encoding': 'Identity' })).status).toBe(200);
  });

  it('that is large and bad is refused the same way', async () => {
    const filler = Array.from({ length: 40_000 }, (_, i) => `{"id":"f${i}","values":[1,2]}`).join(',');
    const unknown = await server.client.post(`/v1/index/${server.index}/vectors`, `{"vectors":[${filler},{"id":"x","valves":[1]}]}`);
    expect([unknown.status, unknown.json.error.message]).toEqual([400, expect.stringContaining('vectors[40000].valves: unknown field')]);
    const bad = await server.client.post(`/v1/index/${server.index}/vectors`, `{"vectors":[${filler}]}`);
    expect([bad.status, bad.json.failed_count, bad.json.errors.length]).toEqual([400, 40_000, 1000]);
    const broken = await server.client.post(`/v1/index/${server.index}/vectors`, `{"vectors":[${filler}`);
    expect([broken.status, broken.json.error.message]).toEqual([400, expect.stringContaining('body: not JSON')]);
  });
});

describe('what is no HTTP', () => {
  it('or has headers without end, is refused in the same words', async () => {
    const answer = await server.client.get('/v1/health', undefined, { 'x-long': 'x'.repeat(70_000) });
    expect([answer.status, answer.json.error.code]).toEqual([431, 'invalid_argument']);
  });

  it('is answered in the same words', async () => {
    const socket = connect(server.http.port, '127.0.0.1');
    socket.write('NONSENSE\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request[^]*"code":"invalid_argument"/);
  });
});
