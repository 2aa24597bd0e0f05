import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json', 'x-api-key': 'test-key-1' };

describe('the examples of the contract, as printed', () => {
  it('make, fill, search and empty an index with curl’s requests', async () => {
    const { client, dataDir } = server;
    const created = await client.post(
      '/v1/index',
      '{ "name": "my-index", "dimension": 4, "index_type": "IndexFlatL2", "tenant_id": "tenant-1" }',
      json,
    );
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      name: 'my-index',
      dimension: 4,
      index_type: 'IndexFlatL2',
      tenant_id: 'tenant-1',
      vector_count: 0,
      metric: 'l2',
    });
    const id = String(created.json.id);
    expect(existsSync(join(dataDir, 'tenant-1', id))).toBe(true);

    const vector = { id: 'vec1', values: [0.1, 0.2, 0.3, 0.4], metadata: { source: 'document-1', timestamp: 1_645_023_489 } };
    const added = await client.post(`/v1/index/${id}/vectors`, { vectors: [vector, { id: 'vec2', values: [1, 1, 1, 1] }] }, json);
    expect([added.status, added.json]).toEqual([201, { success: true, added_count: 2, failed_count: 0 }]);

    const body = { vector: [0.1, 0.2, 0.3, 0.4], k: 10, filter: { source: 'document-1' } };
    const found = await client.get(`/v1/index/${id}/search`, body, json);
    expect(found.status).toBe(200);
    expect(found.json).toEqual({ results: [{ id: 'vec1', score: 1, distance: 0, metadata: vector.metadata }] });

    expect((await client.delete(`/v1/index/${id}/vectors/vec1`)).status).toBe(204);
    expect((await client.delete(`/v1/index/${id}/vectors/vec1`)).status).toBe(404);
    expect((await client.get(`/v1/index/${id}/search`, { vector: [0.1, 0.2, 0.3, 0.4] })).json.results).toMatchObject([{ id: 'vec2' }]);
    expect((await client.get(`/v1/index/${id}`)).json).toEqual({ ...created.json, vector_count: 1 });
    expect((await client.delete(`/v1/index/${id}`)).status).toBe(204);
    expect((await client.delete(`/v1/index/${id}`)).status).toBe(404);
    expect((await client.get(`/v1/index/${id}`)).status).toBe(404);
  });

  it('name the default tenant and type when the body names none', async () => {
    const { json: created } = await server.client.post('/v1/index', { name: 'plain', dimension: 2 });
    expect(created).toMatchObject({ tenant_id: 'default', index_type: 'IndexFlatL2', metric: 'l2', state: 'ready' });
  });
});

describe('search', () => {
  let index: string;
  beforeAll(async () => {
    index = await makeIndex(server.client, { dimension: 2 });
    const vectors = [0, 1, 2, 3, 4].map((n) => ({ id: `v${n}`, values: [n, 0], metadata: { n, kind: n % 2 === 0 ? 'even' : 'odd' } }));
    await server.client.post(`/v1/index/${index}/vectors`, { vectors });
  });
  const ids = (response: { json: { results: { id: string }[] } }): string[] => response.json.results.map(({ id }) => id);

  it('answers POST, GET with a body and GET with a query alike', async () => {
    const path = `/v1/index/${index}/search`;
    const body = { vector: [0.25, 0], k: 2, filter: { kind: 'even' } };
    const query = new URLSearchParams({ vector: '0.25,0', k: '2', filter: JSON.stringify(body.filter) });
    const answers = [
      await server.client.post(path, body),
      await server.client.get(path, body),
      await server.client.get(`${path}?${query}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers[1]?.text).toBe(answers[0]?.text);
    expect(answers[2]?.text).toBe(answers[0]?.text);
    expect(answers[0]?.json.results).toEqual([
      { id: 'v0', score: 0.9411765, distance: 0.0625, metadata: { n: 0, kind: 'even' } },
      { id: 'v2', score: 0.24615385, distance: 3.0625, metadata: { n: 2, kind: 'even' } },
    ]);
  });

  it('takes ten by default, and what there is when k is more', async () => {
    expect(ids(await server.client.post(`/v1/index/${index}/search`, { vector: [0, 0] }))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
    expect(ids(await server.client.post(`/v1/index/${index}/search`, { vector: [0, 0], k: 10_000 }))).toHaveLength(5);
  });

  it('keeps what lies within max_distance', async () => {
    expect(ids(await server.client.post(`/v1/index/${index}/search`, { vector: [0, 0], max_distance: 4 }))).toEqual(['v0', 'v1', 'v2']);
    expect(ids(await server.client.get(`/v1/index/${index}/search?vector=0,0&max_distance=-1`))).toEqual([]);
  });

  it('answers many vectors in one request', async () => {
    const { status, batch } = await server.client.post(`/v1/index/${index}/search/batch`, {
      vectors: [
        [0, 0],
        [4, 0],
      ],
      k: 1,
    });
    expect(status).toBe(200);
    expect(batch.map((hits) => hits.map(({ id }) => id))).toEqual([['v0'], ['v4']]);
    expect((await server.client.post(`/v1/index/${index}/search/batch`, { vectors: [] })).json).toEqual({ results: [] });
  });

  it.each([
    ['ip', [2, 0], { score: 8, distance: 8 }],
    ['cosine', [2, 0], { score: 1, distance: 0 }],
    ['l2', [4, 0], { score: 1, distance: 0 }],
  ])('scores %s as the contract says', async (metric, vector, expected) => {
    const other = await makeIndex(server.client, { dimension: 2, metric });
    await server.client.post(`/v1/index/${other}/vectors`, {
      vectors: [
        { id: 'far', values: [-1, 0] },
        { id: 'near', values: [4, 0] },
      ],
    });
    const { json: answer } = await server.client.post(`/v1/index/${other}/search`, { vector });
    expect(answer.results[0]).toMatchObject({ id: 'near', ...expected });
  });

  it('leaves metadata that look like hits as they came', async () => {
    const other = await makeIndex(server.client, { dimension: 1 });
    const metadata = { results: [{ score: 0.1234567890123, distance: 1e-20 }] };
    await server.client.post(`/v1/index/${other}/vectors`, { vectors: [{ id: 'a', values: [1], metadata }] });
    expect((await server.client.post(`/v1/index/${other}/search`, { vector: [1] })).json.results[0]?.metadata).toEqual(metadata);
  });
});

describe('lists', () => {
  it('of indexes come in pages, in the order of creation', async () => {
    const own = await startTestServer();
    const made = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) made.push(await makeIndex(own.client, { name }));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await own.client.get(`/v1/index?limit=2${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(page.status).toBe(200);
      seen.push(...page.json.indexes.map(({ id }: { id: string }) => id));
      cursor = page.json.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(made);
    await own.close();
  });

  it('of ids come in pages and name each once', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    const expected = Array.from({ length: 25 }, (_, i) => `id-${i}`);
    await server.client.post(`/v1/index/${index}/vectors`, { vectors: expected.map((id, i) => ({ id, values: [i] })) });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await server.client.get(`/v1/index/${index}/vectors?limit=10${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.json.ids);
      cursor = page.json.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(expected);
  });
});

describe('looking after an index', () => {
  it('statistics, training and compaction answer with its state', async () => {
    const index = await makeIndex(server.client, { dimension: 1 });
    await server.client.post(`/v1/index/${index}/vectors`, {
      vectors: [
        { id: 'a', values: [1] },
        { id: 'b', values: [2] },
      ],
    });
    await server.client.delete(`/v1/index/${index}/vectors/a`);
    const stats = await server.client.get(`/v1/index/${index}/stats`);
    expect(stats.json).toMatchObject({ vector_count: 1, dead_rows: 1, state: 'ready', serving: 'IndexFlatL2' });
    expect(stats.json.disk_bytes).toBeGreaterThan(0);
    const compacted = await server.client.post(`/v1/index/${index}/compact`);
    expect([compacted.status, compacted.json.vector_count]).toEqual([200, 1]);
    expect((await server.client.get(`/v1/index/${index}/stats`)).json.dead_rows).toBe(0);
    expect((await server.client.post(`/v1/index/${index}/train`, {})).status).toBeLessThan(500);
  });
});

describe('health and numbers', () => {
  it('are as the contracts say', async () => {
    expect((await server.client.get('/v1/health')).json).toMatchObject({
      status: 'ok',
      uptime: expect.any(Number),
      uptime_seconds: expect.any(Number),
    });
    expect((await server.client.get('/health')).json).toMatchObject({
      status: 'healthy',
      l2: 'off',
      cache_info: expect.any(Object),
      projects: [],
    });
    const { json: metrics } = await server.client.get('/v1/metrics');
    const names = ['cpu_percent', 'memory_percent', 'memory_used_mb', 'memory_total_mb', 'disk_percent', 'disk_used_gb', 'disk_total_gb'];
    for (const name of names) expect(metrics.system[name], name).toEqual(expect.any(Number));
    expect(metrics.uptime).toEqual(expect.any(Number));
    const prometheus = await server.client.get('/metrics');
    expect(prometheus.headers['content-type']).toContain('text/plain');
    expect(prometheus.text).toContain('voisin_http_requests_total{method="GET",route="/v1/health",status="200"}');
  });
});
