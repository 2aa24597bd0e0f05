import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { requestId } from './request-id.js';
import { systemMetrics } from './system-metrics.js';

const everyone = (): boolean => true;

function capture(level = 'info') {
  const lines: string[] = [];
  const log = createLogger({ logLevel: level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

describe('the log', () => {
  test('is one JSON object a line, with level by name and an ISO time', () => {
    const { log, lines } = capture();
    log.info({ http: 'http://127.0.0.1:1' }, 'listening');
    log.debug('not this one');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      msg: 'listening',
      http: 'http://127.0.0.1:1',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('never holds a key, a vector, a text or a query', () => {
    const { log, lines } = capture();
    const secret = 'seekrit';
    log.info({
      apiKeys: [{ key: secret }],
      key: secret,
      body: { vector: [0.25], values: [0.25], text: secret },
      headers: { authorization: secret, 'x-api-key': secret },
      raw: { headers: { authorization: secret, 'x-api-key': secret } },
      req: { id: 'r1', method: 'GET', url: '/v1/index/x/search?vector=0.25', headers: { 'x-api-key': secret } },
      res: { statusCode: 200 },
    });
    expect(lines.join()).not.toContain(secret);
    expect(lines.join()).not.toContain('0.25');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      req: { id: 'r1', method: 'GET', path: '/v1/index/x/search' },
      res: { status: 200 },
    });
  });

  test('an error comes with its cause', () => {
    const { log, lines } = capture();
    log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    expect(lines.join()).toContain('inner');
  });
});

test("a request keeps the caller's id when it is harmless, and gets one otherwise", () => {
  expect(requestId('abc-1.2_3')).toBe('abc-1.2_3');
  for (const bad of [undefined, '', 'a b', 'x'.repeat(65), 'a\nb', 7, ['a', 'b']]) expect(requestId(bad)).toMatch(/^[0-9a-f-]{36}$/);
  expect(requestId()).not.toBe(requestId());
});

describe('metrics', () => {
  test('count requests by method, route and status, and time them by route', async () => {
    const metrics = createMetrics();
    metrics.observeRequest({ method: 'GET', route: '/v1/index/:id', status: 200, seconds: 0.0004 });
    metrics.observeRequest({ method: 'GET', route: '/v1/index/:id', status: 404, seconds: 0.003 });
    const text = await metrics.text(everyone);
    expect(text).toContain('voisin_http_requests_total{method="GET",route="/v1/index/:id",status="404"} 1');
    expect(text).toContain('voisin_http_request_duration_seconds_bucket{le="0.0005",method="GET",route="/v1/index/:id"} 1');
    expect(text).toContain('voisin_http_request_duration_seconds_count{method="GET",route="/v1/index/:id"} 2');
  });

  test("keep fastembed's names", async () => {
    const metrics = createMetrics();
    metrics.observeEmbedRequest(200, 0.004);
    metrics.observeInference(0.003);
    metrics.watchCache(() => ({ cacheHits: { l1: 3, l2: 0 }, cacheMisses: 5, l2: 'down', l2Faults: { failures: 2 } }));
    const text = await metrics.text(everyone);
    expect(text).toContain('fastembed_requests_total{status="200"} 1');
    expect(text).toContain('fastembed_request_latency_seconds_count 1');
    expect(text).toContain('fastembed_inference_latency_seconds_count 1');
    expect(text).toContain('fastembed_cache_hits_total{level="l1"} 3');
    // A counter that shows 0 from the start lets a rate() see the first event.
    expect(text).toContain('fastembed_cache_hits_total{level="l2"} 0');
    expect(text).toContain('voisin_cache_misses_total 5');
    expect(text).toContain('voisin_cache_l2_up 0');
    expect(text).toContain('voisin_cache_l2_faults_total{kind="failures"} 2');
  });

  test('ask for index sizes and queue lengths at each scrape, and forget indexes that went', async () => {
    const metrics = createMetrics();
    let sizes = [{ tenant: 't', id: 'a', vectors: 7, deadRows: 2, memoryBytes: 1024 }];
    let waiting = 3;
    metrics.watchIndexes(() => sizes);
    metrics.watchQueue('writes', () => waiting);
    const first = await metrics.text(everyone);
    expect(first).toContain('voisin_index_vectors{tenant="t",index="a"} 7');
    expect(first).toContain('voisin_index_dead_rows{tenant="t",index="a"} 2');
    expect(first).toContain('voisin_index_memory_bytes{tenant="t",index="a"} 1024');
    expect(first).toContain('voisin_queue_length{queue="writes"} 3');
    expect(await metrics.text((tenant) => tenant !== 't')).not.toContain('index="a"');
    sizes = [];
    waiting = 0;
    const second = await metrics.text(everyone);
    expect(second).not.toContain('index="a"');
    expect(second).toContain('voisin_queue_length{queue="writes"} 0');
  });

  test('tell of the event loop and the process, and two servers do not mix', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.observeEmbedRequest(200, 0.01);
    expect(await one.text(everyone)).toMatch(/nodejs_eventloop_lag_p99_seconds \d/);
    expect(await one.text(everyone)).toContain('process_resident_memory_bytes');
    expect(await one.text(everyone)).toContain('fastembed_requests_total{status="200"} 1');
    expect(await other.text(everyone)).not.toContain('fastembed_requests_total{status="200"}');
    expect(one.contentType).toContain('text/plain');
  });
});

test('the machine is read in the units of the contract', async () => {
  const read = systemMetrics(tmpdir());
  const reading = await read();
  expect(Object.keys(reading)).toEqual([
    'cpu_percent',
    'memory_percent',
    'memory_used_mb',
    'memory_total_mb',
    'disk_percent',
    'disk_used_gb',
    'disk_total_gb',
  ]);
  for (const name of ['cpu_percent', 'memory_percent', 'disk_percent'] as const)
    expect(reading[name]).toSatisfy((value: number) => value >= 0 && value <= 100);
  expect(reading.memory_used_mb).toBeGreaterThan(0);
  expect(reading.memory_used_mb).toBeLessThan(reading.memory_total_mb);
  expect(reading.disk_used_gb).toBeLessThanOrEqual(reading.disk_total_gb);
});
