import { expect, it } from 'vitest';
import { startTestServer } from './support/server.js';

const body = { model_name: 'all-MiniLM-L6-v2', text: 'once more' };

it('an address has RATE_LIMIT_REQUESTS a minute for the routes of the batch contract, counted exactly', async () => {
  const server = await startTestServer({ env: { ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_REQUESTS: '5' } });
  const started = Date.now();
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.client.post('/embed', body)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(15);
  for (const { headers, json } of refused) {
    expect(json.error.code).toBe('rate_limited');
    expect(json.error.message).toContain('RATE_LIMIT_REQUESTS');
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0' });
    const seconds = Number(headers['retry-after']);
    expect(seconds > 0 && seconds <= 60).toBe(true);
    // Seconds since 1970, as for the limits of keys.
    expect(Math.abs(Number(headers['x-ratelimit-reset']) - (started / 1000 + 60))).toBeLessThan(60);
  }
  // All of the contract's routes share the count; the others have none.
  for (const path of ['/models', '/models/x']) expect((await server.client.get(path)).status).toBe(429);
  expect((await server.client.post('/embed/batch', {})).status).toBe(429);
  const tei = await server.client.post('/embed', { inputs: 'x' });
  expect([tei.status, tei.headers['retry-after']]).toEqual([429, expect.any(String)]);
  for (const path of ['/health', '/metrics', '/v1/models']) expect((await server.client.get(path)).status).toBe(200);
  expect((await server.client.post('/v1/embed', { text: 'x' })).status).toBe(200);
  await server.close();
});

it('a proxy that is trusted names the address, and no one else does', async () => {
  const env = { ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_REQUESTS: '1' };
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const trusting = await startTestServer({ env: { ...env, TRUSTED_PROXIES: 'loopback' } });
  const statuses = [];
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) {
    statuses.push((await trusting.client.get('/models', undefined, from(address))).status);
  }
  expect(statuses).toEqual([200, 429, 200]);
  await trusting.close();
  const wary = await startTestServer({ env });
  expect((await wary.client.get('/models', undefined, from('192.0.2.1'))).status).toBe(200);
  expect((await wary.client.get('/models', undefined, from('192.0.2.2'))).status).toBe(429);
  await wary.close();
});

it('there is no limit by address unless it is turned on', async () => {
  const server = await startTestServer({ env: { RATE_LIMIT_REQUESTS: '1' } });
  for (let i = 0; i < 3; i++) {
    const { status, headers } = await server.client.get('/models');
    expect([status, headers['x-ratelimit-limit']]).toEqual([200, undefined]);
  }
  await server.close();
});
