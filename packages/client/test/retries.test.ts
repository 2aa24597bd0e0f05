import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Retry, VoisinClient, VoisinError } from '../src/index.js';
import { type Fault, type Relay, type Seen, startRelay } from './support/relay.js';
import { startVoisin, type Voisin } from './support/voisin.js';

let server: Voisin;
beforeAll(async () => {
  server = await startVoisin();
});
afterAll(() => server.stop());

const relays: Relay[] = [];
async function through(
  faultOf: (count: number, seen: Seen) => Fault | undefined,
  options = {},
): Promise<{ voisin: VoisinClient; relay: Relay }> {
  const relay = await startRelay(server.url, faultOf);
  relays.push(relay);
  return { relay, voisin: new VoisinClient({ url: relay.url, ...options }) };
}
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
});

const full: Fault = {
  status: 503,
  headers: { 'retry-after': '0' },
  body: '{"error":{"code":"unavailable","message":"full","request_id":"r"}}',
};

it('comes back to a full server, and tells the caller', async () => {
  const { voisin, relay } = await through((count) => (count < 3 ? full : undefined));
  const retries: Retry[] = [];
  await voisin.embed('patience', {}, { onRetry: (retry) => retries.push(retry) });
  expect(relay.seen).toHaveLength(4);
  expect(retries.map(({ attempt, error }) => [attempt, error.code, error.status])).toEqual([
    [1, 'unavailable', 503],
    [2, 'unavailable', 503],
    [3, 'unavailable', 503],
  ]);
});

it('throws the refusal itself when patience is at its end', async () => {
  const { voisin, relay } = await through(() => full, { retries: 2 });
  await expect(voisin.embed('x')).rejects.toMatchObject({ code: 'unavailable', message: 'full', requestId: 'r' });
  expect(relay.seen).toHaveLength(3);
  await expect(voisin.embed('x', {}, { retries: 0 })).rejects.toMatchObject({ code: 'unavailable' });
  expect(relay.seen).toHaveLength(4);
});

it('does not wait two weeks for a quota', async () => {
  const quota: Fault = {
    status: 429,
    headers: { 'retry-after': '1209600' },
    body: '{"error":{"code":"quota_exceeded","message":"20000 of 20000 used"}}',
  };
  const { voisin, relay } = await through(() => quota);
  await expect(voisin.embed('x')).rejects.toMatchObject({ code: 'quota_exceeded', details: { retryAfterSeconds: 1_209_600 } });
  expect(relay.seen).toHaveLength(1);
});

it('ends a wait when the caller’s signal does', async () => {
  const { voisin } = await through(() => ({ ...full, headers: { 'retry-after': '50' } }));
  const caller = new AbortController();
  const reason = new Error('enough');
  const call = { signal: caller.signal, onRetry: () => caller.abort(reason) };
  await expect(voisin.embed('x', {}, call)).rejects.toBe(reason);
  // A request of many ends when one of its parts does, whatever the others wait for.
  const { voisin: other } = await through((_, { body }) =>
    body.includes('bad') ? { status: 400 } : { ...full, headers: { 'retry-after': '50' } },
  );
  const batch = other.embedBatch(['good', 'bad'], {}, { batchSize: 1, concurrency: 2 });
  await expect(batch).rejects.toMatchObject({ code: 'invalid_argument' });
});

it('sends a read again whose connection broke, or whose answer got lost', async () => {
  for (const fault of ['cut', 'lose-answer'] as const) {
    const { voisin, relay } = await through((count) => (count === 0 ? fault : undefined));
    expect((await voisin.embed('a broken connection')).embedding).toHaveLength(384);
    expect(relay.seen).toHaveLength(2);
  }
});

it('makes no second index when an answer got lost', async () => {
  const { voisin, relay } = await through((count) => (count === 0 ? 'lose-answer' : undefined));
  const definition = { name: 'lost', dimension: 2 };
  await expect(voisin.createIndex(definition)).rejects.toMatchObject({ code: 'unavailable', status: undefined });
  expect(relay.seen).toHaveLength(1);
  const names: string[] = [];
  for await (const { name } of voisin.listIndexes()) names.push(name);
  expect(names).toEqual(['lost']);
});

it('keeps the order of many texts although requests of them are refused, cut and lost', async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `order ${i}`);
  const calm = await new VoisinClient({ url: server.url }).embedBatch(texts);
  const faults: (Fault | undefined)[] = ['cut', full, 'lose-answer', undefined, full, full, undefined, 'cut'];
  const { voisin } = await through((count) => faults[count]);
  const { embeddings } = await voisin.embedBatch(texts, {}, { batchSize: 5, concurrency: 4 });
  expect(embeddings).toEqual(calm.embeddings);
});

it('embeds more texts than the server’s queue holds', async () => {
  const narrow = await startVoisin({ MAX_EMBED_QUEUE: '8' });
  try {
    const voisin = new VoisinClient({ url: narrow.url, retries: 50 });
    // So narrow a queue lets through a request or so a second: refusals are told to wait that long.
    const texts = Array.from({ length: 32 }, (_, i) => `queued ${i}`);
    const waits: number[] = [];
    const callers = [0, 1, 2, 3].map((caller) =>
      voisin.embedBatch(
        texts.map((text) => `${text} by ${caller}`),
        {},
        { batchSize: 8, concurrency: 4, onRetry: ({ waitMs }) => waits.push(waitMs) },
      ),
    );
    for (const { embeddings } of await Promise.all(callers)) expect(embeddings.every((vector) => vector.length === 384)).toBe(true);
    expect(waits.length).toBeGreaterThan(0);
  } finally {
    await narrow.stop();
  }
}, 120_000);

it('gives up on a server that does not answer in time', async () => {
  const { voisin, relay } = await through(() => ({ status: 200, headers: { 'content-length': '10' }, body: '{' }), { timeoutMs: 50 });
  await expect(voisin.embed('x')).rejects.toMatchObject({
    code: 'deadline_exceeded',
    status: undefined,
    message: expect.stringMatching(/50 ms/),
  });
  expect(relay.seen).toHaveLength(1);
});

it('bears a deadline that is none', async () => {
  const { voisin } = await through(() => undefined, { timeoutMs: Infinity, longestWaitMs: Infinity });
  expect(await voisin.health()).toMatchObject({ status: 'ok' });
});

it('says that nobody listens, and where', async () => {
  const { relay } = await through(() => undefined);
  await relay.stop();
  relays.length = 0;
  const voisin = new VoisinClient({ url: relay.url, retries: 0 });
  await expect(voisin.health()).rejects.toMatchObject({
    code: 'unavailable',
    status: undefined,
    message: expect.stringMatching(/GET \/v1\/health: no answer from http:\/\/127\.0\.0\.1:\d+ \(.*ECONNREFUSED/),
  });
});

it('says that an answer is none of Voisin’s', async () => {
  const { voisin } = await through(() => ({ status: 200, body: '<html>' }));
  await expect(voisin.health()).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/no JSON/) });
});

it.each([
  [204, '', 'expected a JSON object in the answer, got nothing'],
  [200, '', 'expected a JSON object in the answer, got nothing'],
  [200, 'null', 'expected a JSON object in the answer, got null'],
  [200, '"welcome"', 'expected a JSON object in the answer, got "welcome"'],
  [200, '{}', 'expected'],
])('says so too when the answer is %i with the body %j', async (status, body, message) => {
  const { voisin } = await through(() => ({ status, body }));
  const calls = [
    () => voisin.embed('x'),
    () => voisin.embedBatch(['x', 'y'], {}, { batchSize: 1 }),
    () => voisin.models(),
    () => voisin.listIndexes().next(),
    () => voisin.listKeys().next(),
    () => voisin.usage().next(),
    () => voisin.index('i').ids().next(),
    () => voisin.index('i').get('a'),
    () => voisin.index('i').search([1]),
    () => voisin.index('i').searchBatch([[1]]),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error, String(call)).toBeInstanceOf(VoisinError);
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining(message) });
  }
});

it('sends through the fetch that it was given', async () => {
  const asked: string[] = [];
  const own: typeof fetch = (input, init) => {
    asked.push(`${init?.method} ${String(input)}`);
    return fetch(input, init);
  };
  await new VoisinClient({ url: server.url, fetch: own }).health();
  expect(asked).toEqual([`GET ${server.url}/v1/health`]);
});

it('speaks to a server behind a path, with its key', async () => {
  const { voisin, relay } = await through(() => ({ status: 200, body: '{"status":"ok"}' }));
  expect(await voisin.health()).toEqual({ status: 'ok' });
  const behind = new VoisinClient({ url: `${relay.url}/voisin/`, key: 'fe_1_secret' });
  await behind.health();
  expect(relay.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
    ['/v1/health', undefined],
    ['/voisin/v1/health', 'Bearer fe_1_secret'],
  ]);
});
