// Known texts: from memory and from Redis inside the server, over HTTP with 16 clients, and with a key whose hash is bcrypt.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openClient, request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { underLoad } from './lib/load.mjs';
import { textOf } from './lib/mini-lm.mjs';
import { startRedis } from './lib/redis.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { main, startServer } from './lib/server.mjs';
import { median, printTable, quantile } from './lib/table.mjs';

const known = scaled(500, 20);
const lookUps = scaled(5000, 100);
/** The compiler of V8 takes a few thousand calls to be done. */
const warmUp = scaled(4000, 100);
const texts = Array.from({ length: known }, (_, i) => textOf(20, i));
const asked = texts.map((text) => request('POST', '/v1/embed', { text }));
const rows = [];

const server = await startServer();
try {
  const client = await openClient(server.url);
  await insideTheServer(client, 'L1 hit', 0.05);
  client.close();
  await overHttp(server.url);
} finally {
  await server.stop();
}
await fromRedis();
await withKeys();
console.log(`texts of 20 words that a cache knows; ${machine()}`);
printTable(head, rows);

/**
 * Asks everything once, so that it is known, then again and again: `latency_ms` of the answers is the server's own time. Redis may be passed over
 * when it is slow, so that hits are counted, not taken for granted.
 */
async function insideTheServer(client, what, most) {
  for (const one of asked) await client.ask(one);
  const times = [];
  for (let i = -warmUp; i < lookUps; i++) {
    const { cached, latency_ms: milliseconds } = await client.ask(asked[(i + warmUp) % known]);
    if (cached && i >= 0) times.push(milliseconds);
  }
  if (times.length < lookUps / 2) throw new Error(`${what}: only ${times.length} of ${lookUps} texts were known`);
  rows.push(line(`${what} inside the server: p50`, median(times), { most, digits: 3 }));
  rows.push(line(`${what} inside the server: p99`, quantile(times, 0.99), { digits: 3 }));
  rows.push(line(`${what}: of known texts`, (100 * times.length) / lookUps, { unit: '%' }));
}

/** The clients read the answers and do not parse them: they share the cores with the server. */
async function overHttp(url) {
  const base64 = texts.map((text) => request('POST', '/v1/embed', { text, encoding_format: 'base64' }));
  const rate = async (requests, ms) => {
    let at = 0;
    return (await underLoad({ url, clients: 16, ms, parse: false }, () => requests[at++ % known])).rate;
  };
  for (const requests of [asked, base64]) await rate(requests, scaled(1000, 100));
  rows.push(line('L1 hits over HTTP, 16 clients', await rate(asked, scaled(5000, 300)), { least: 5000, unit: '/s', digits: 0 }));
  rows.push(line('the same as base64', await rate(base64, scaled(5000, 300)), { unit: '/s', digits: 0 }));
}

/** Without L1 every known text is read from Redis. */
async function fromRedis() {
  const redis = await startRedis();
  if (redis === undefined) {
    console.log('L2: not measured, there is no redis-server (apt-get install redis-server)');
    return;
  }
  const behind = await startServer({ env: { REDIS_URL: redis.url, CACHE_L1_ENTRIES: '0' } });
  try {
    const client = await openClient(behind.url);
    await insideTheServer(client, 'L2 hit', 0.8);
    client.close();
  } finally {
    await behind.stop();
    await redis.stop();
  }
}

/** One server, two keys by turns: one from the environment, compared by digest, and one of the accounts, hashed with bcrypt and metered. */
async function withKeys() {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-bench-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'users', 'create', 'bench@example.com', '--tier', 'scale'], {
      env: { ...process.env, FAISS_DATA_DIR: folder },
    });
    const [hashed] = /\bfe_\w+_[\w-]+/.exec(stdout) ?? [];
    if (hashed === undefined) throw new Error(`voisin users create printed no key: ${stdout}`);
    const own = await startServer({ dataDir: folder, env: { FAISS_PROXY_API_KEYS: 'k-bench:bench' } });
    try {
      const client = await openClient(own.url);
      await compareKeys(client, { plain: 'k-bench', hashed });
      client.close();
    } finally {
      await own.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A list of indexes costs nothing but the key; a text that is known costs an account its metering too. */
async function compareKeys(client, { plain, hashed }) {
  const by = (key) => ({ Authorization: `Bearer ${key}` });
  const list = (key) => request('GET', '/v1/index?limit=1', undefined, by(key));
  const embed = (key) => request('POST', '/v1/embed', { text: texts[0] }, by(key));
  const timed = async (one) => {
    const began = performance.now();
    await client.ask(one);
    return performance.now() - began;
  };
  await client.ask(list(plain));
  rows.push(line('first request with a bcrypt-checked key', await timed(list(hashed)), {}));
  // Tiers have a limit a minute: so many stay under that of the scale tier.
  const turns = scaled(40, 4);
  for (const [what, make, bar] of [
    ['every other: p50', list, 0.05],
    ['L1 hit, metered: p50', embed, undefined],
  ]) {
    const sides = [
      { one: make(plain), times: [] },
      { one: make(hashed), times: [] },
    ];
    for (let turn = -1; turn < turns; turn++) {
      for (const { one, times } of sides) {
        for (let i = 0; i < 100; i++) {
          const time = await timed(one);
          if (turn >= 0) times.push(time);
        }
      }
    }
    const [beside, ours] = sides.map(({ times }) => median(times));
    rows.push(line(what, ours, { beside, besideName: 'plain key', digits: 3, ...(bar === undefined ? {} : { most: beside + bar }) }));
  }
}
