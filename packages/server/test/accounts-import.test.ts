import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './support/server.js';

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-tiers-'));
  const tiersFile = join(folder, 'tiers.yaml');
  await writeFile(tiersFile, 'free: {per_month: 20000, per_minute: 60, cache_hit: 0.1}\n');
  server = await startTestServer({ env: { TIERS_FILE: tiersFile } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('an import of texts on an account', () => {
  it('keeps what the minute has room for, and waits for the next one in place of failing', async () => {
    const key = String((await server.client.post('/v1/users', { email: 'one@example.com', tier: 'free' })).json['key']);
    const client = server.as({ 'x-api-key': key });
    const { json } = await client.post('/v1/index', { name: 'x', metric: 'cosine', embedding: { model: 'all-MiniLM-L6-v2' } });
    const lines = Array.from({ length: 70 }, (_, at) => JSON.stringify({ id: `t${at}`, text: `text ${at}` })).join('\n');
    const headers = { 'x-api-key': key, 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' };
    const sent = request(`${server.http.url}/v1/index/${json.id}/import`, { method: 'POST', headers });
    sent.end(lines);
    const [response] = await once(sent, 'response');
    let progress = '';
    for await (const chunk of response) {
      progress += String(chunk);
      if (progress.includes('"imported":60')) break;
    }
    sent.destroy();
    expect(progress).not.toContain('error');
    expect((await client.post(`/v1/index/${json.id}/vectors/count`)).json['count']).toBe(60);
    expect((await client.get('/v1/usage')).json['usage']).toMatchObject([{ requests: 1, embeddings: 60 }]);
  });
});
