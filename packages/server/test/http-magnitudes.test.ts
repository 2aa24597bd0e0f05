// Values whose distances would be no finite numbers are refused wherever vectors come in, with the place and the limit; no answer holds null.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex, startTestServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(['l2', 'ip'])('an index with the metric %s', (metric) => {
  it.each(['3e38', '-2e19'])('refuses %s on every route, and says from where to where values go', async (large) => {
    const index = await makeIndex(server.client, { dimension: 2, metric });
    const route = (rest: string): string => `/v1/index/${index}/${rest}`;
    await server.client.put(route('vectors/kept'), { values: [1, 2] });
    const ways = [
      ['POST', route('vectors'), `{"vectors":[{"id":"a","values":[0,${large}]}]}`],
      ['PUT', route('vectors/a'), `{"values":[0,${large}]}`],
      ['PATCH', route('vectors/kept'), `{"values":[0,${large}]}`],
      ['POST', route('import'), `{"id":"a","values":[0,${large}]}\n`],
      ['POST', route('search'), `{"vector":[0,${large}]}`],
      ['GET', route(`search?vector=0,${large}`), undefined],
      ['POST', route('search/batch'), `{"vectors":[[0,1],[0,${large}]]}`],
    ];
    for (const [method = '', path = '', body] of ways) {
      const { status, text } = await server.client.send(method, path, body);
      expect([method, path, status]).toEqual([method, path, 400]);
      expect(text).toMatch(/value 1 is .* takes values from -6\.5e\+18 to 6\.5e\+18/);
    }
    expect((await server.client.get(route('export'))).text.trim().split('\n')).toHaveLength(1);
  });

  it('answers numbers, in their order, for the largest values that it takes', async () => {
    const index = await makeIndex(server.client, { dimension: 1, metric });
    await server.client.post(`/v1/index/${index}/vectors`, {
      vectors: [
        { id: 'far', values: [-9.1e18] },
        { id: 'near', values: [9e18] },
        { id: 'tiny', values: [1e-45] },
      ],
    });
    const { json } = await server.client.post(`/v1/index/${index}/search`, { vector: [9.1e18], k: 3 });
    const results: { id: string; distance: number | null; score: number | null }[] = json.results;
    expect(results.map(({ id }) => id)).toEqual(['near', 'tiny', 'far']);
    expect(results.every(({ distance, score }) => Number.isFinite(distance) && Number.isFinite(score))).toBe(true);
  });
});

it('a cosine index takes every finite vector but zero', async () => {
  const index = await makeIndex(server.client, { dimension: 2, metric: 'cosine' });
  const vectors = [[3e38, 3e38], [1e-45, 0], [-3e38, 1]].map((values, at) => ({ id: String(at), values })); // prettier-ignore
  await server.client.post(`/v1/index/${index}/vectors`, { vectors });
  for (const { id, values } of vectors) {
    const { json } = await server.client.post(`/v1/index/${index}/search`, { vector: values, k: 3, max_distance: 0 });
    expect(json.results.map((hit: { id: string }) => hit.id)).toEqual([id]);
  }
});
