import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const length = (vector: readonly number[]): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

describe('POST /v1/embed', () => {
  it('answers as the contract says, and from the cache the second time', async () => {
    const first = await server.client.post('/v1/embed', { text: 'how to reset password' });
    expect(first.status).toBe(200);
    expect(first.json).toEqual({
      embedding: expect.any(Array),
      model: 'all-MiniLM-L6-v2',
      tokens: 4,
      cached: false,
      latency_ms: expect.any(Number),
    });
    expect(first.json.embedding).toHaveLength(384);
    expect(length(first.json.embedding)).toBeCloseTo(1, 4);
    const second = await server.client.post('/v1/embed', { text: 'how to reset password' });
    expect(second.json).toMatchObject({ cached: true, tokens: 4, embedding: first.json.embedding });
    expect((await server.client.get('/metrics')).text).toMatch(/fastembed_cache_hits_total\{level="l1"\} [1-9]/);
    expect((await server.client.get('/health')).json.cache_info.l1_hits).toBeGreaterThan(0);
  });

  it('echoes the model as it was asked for, and leaves the length when told', async () => {
    const full = 'sentence-transformers/all-MiniLM-L6-v2';
    const answer = await server.client.post('/v1/embed', { text: 'a longer text to embed', model: full, normalize: false });
    expect(answer.json.model).toBe(full);
    expect(Math.abs(length(answer.json.embedding) - 1)).toBeGreaterThan(0.01);
  });

  it('gives base64 or raw float32 to who asks', async () => {
    const floats = Float32Array.from((await server.client.post('/v1/embed', { text: 'bytes' })).json.embedding);
    const base64 = (await server.client.post('/v1/embed', { text: 'bytes', encoding_format: 'base64' })).json.embedding;
    expect(Buffer.from(String(base64), 'base64').equals(Buffer.from(floats.buffer))).toBe(true);
    const raw = await server.client.post('/v1/embed', { text: 'bytes' }, { accept: 'application/octet-stream' });
    expect(raw.bytes.equals(Buffer.from(floats.buffer))).toBe(true);
  });

  it('tells beside raw float32 how many texts were cut', async () => {
    const bytes = { accept: 'application/octet-stream' };
    const long = 'word '.repeat(300);
    const cut = [
      await server.client.post('/v1/embed', { text: long }, bytes),
      await server.client.post('/embed/batch', { model_name: 'all-MiniLM-L6-v2', texts: [long, 'short', `${long} and more`] }, bytes),
      await server.client.post('/v1/embeddings', { model: 'all-MiniLM-L6-v2', input: ['short', long] }, bytes),
      await server.client.post('/v1/embed', { text: 'short' }, bytes),
    ];
    expect(cut.map(({ headers }) => headers['x-truncated-count'])).toEqual(['1', '2', '1', undefined]);
  });

  it.each([
    ['application/octet-stream;q=0', 'application/json'],
    ['application/octet-stream-foo', 'application/json'],
    ['application/json, application/octet-stream', 'application/json'],
    ['application/json;q=0.5, application/octet-stream', 'application/octet-stream'],
  ])('takes Accept: %s at its word', async (accept, type) => {
    const { headers } = await server.client.post('/v1/embed', { text: 'bytes' }, { accept });
    expect(headers['content-type']).toMatch(new RegExp(`^${type}(;|$)`));
  });
});

describe('an index with a model', () => {
  it('embeds and keeps in one request, and searches by text', async () => {
    const { client } = server;
    const created = await client.post('/v1/index', { name: 'texts', metric: 'cosine', embedding: { model: 'all-MiniLM-L6-v2' } });
    expect([created.status, created.json.dimension, created.json.embedding]).toEqual([201, 384, { model: 'all-MiniLM-L6-v2' }]);
    const path = `/v1/index/${created.json.id}`;
    const texts = ['The cat sleeps on the sofa.', 'Stock prices fell sharply on Monday.', 'Water boils at one hundred degrees.'];
    const vectors: object[] = texts.map((text, i) => ({ id: `t${i}`, text, metadata: { i } }));
    vectors.push({ id: 'blank', text: ' ' }, { id: 'given', values: Array(384).fill(0.5), text: 'kept beside values' });
    const added = await client.post(`${path}/vectors`, { vectors });
    expect([added.status, added.json]).toEqual([
      201,
      {
        success: false,
        added_count: 4,
        failed_count: 1,
        errors: [{ position: 3, id: 'blank', error: expect.stringContaining('vectors[3].text') }],
      },
    ]);
    const found = await client.post(`${path}/search`, { text: 'a kitten takes a nap', k: 1 });
    expect(found.json.results).toEqual([
      { id: 't0', score: expect.any(Number), distance: expect.any(Number), metadata: { i: 0 }, text: texts[0] },
    ]);
    const many = await client.post(`${path}/search/batch`, { texts: ['market crash', 'temperature of steam'], k: 1 });
    expect(many.batch.map((hits) => hits[0]?.id)).toEqual(['t1', 't2']);
    expect((await client.get(`${path}/search?text=kitten&k=1`)).json.results[0]?.id).toBe('t0');
    expect((await client.get(`${path}/vectors/given`)).json.text).toBe('kept beside values');
    const put = await client.put(`${path}/vectors/t0`, { text: 'Shares rallied after the announcement.' });
    expect(put.json).toEqual({ id: 't0', created: false });
    expect((await client.post(`${path}/search`, { text: 'kitten', k: 3, filter: { i: 0 } })).json.results).toEqual([]);
    const patched = await client.patch(`${path}/vectors/t1`, { text: 'Our dog barks at night.' });
    expect([patched.json.text, patched.json.metadata]).toEqual(['Our dog barks at night.', { i: 1 }]);
    expect((await client.post(`${path}/search`, { text: 'a noisy puppy', k: 1 })).json.results[0]?.id).toBe('t1');
  });
});
