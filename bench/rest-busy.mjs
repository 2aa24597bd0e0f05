// Small searches on one index while 50 MB of JSON adds come into another: the time that a searcher waits, idle and busy.
// One searcher, at most one search every 4 ms, each timed from its sending to its parsed answer. The adds come from a process of their own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openClient, request } from './lib/client.mjs';
import { batches, corpus, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable, quantile } from './lib/table.mjs';

const everyMs = 4;
const [d, total] = [384, 50e6];
/** In full digits. */
const bytesPerVector = 7700;
const adderFile = fileURLToPath(new URL('./lib/adder.mjs', import.meta.url));

/** Searches in step until `over` is settled. @returns milliseconds of each */
async function searchUntil(client, asked, over) {
  const state = { going: true };
  const settled = over.finally(() => (state.going = false));
  const times = [];
  for (let i = 0; state.going; i++) {
    const start = performance.now();
    await client.ask(asked[i % asked.length]);
    const took = performance.now() - start;
    times.push(took);
    if (took < everyMs) await pause(everyMs - took);
  }
  await settled;
  return times;
}

const server = await startServer();
try {
  const client = await openClient(server.url);
  const make = async (factory) => (await client.post('/v1/index', { name: factory, dimension: d, metric: 'cosine', factory })).id;
  const small = await make('HNSW16');
  const known = corpus({ n: 1000, d, seed: 32 });
  for (const rows of batches(known)) await client.post(`/v1/index/${small}/vectors`, { vectors: rows });
  const asked = Array.from({ length: 100 }, (_, q) => request('POST', `/v1/index/${small}/search`, { vector: row(known, q), k: 10 }));

  for (const one of asked) await client.ask(one);
  const rows = [];
  const show = (what, times, most) => {
    rows.push(line(`${what}: p50`, median(times), {}), line(`${what}: p99`, quantile(times, 0.99), most === undefined ? {} : { most }));
    rows.push(line(`${what}: longest`, Math.max(...times), {}));
  };
  show('idle', await searchUntil(client, asked, pause(scaled(5000))));

  const count = scaled(total / bytesPerVector, 100);
  let megabytes = 0;
  for (const { what, factory, size, times: repeat } of [
    { what: '1,000 vectors a request into Flat', factory: 'Flat', size: 1000, times: 4 },
    { what: '1,000 vectors a request into HNSW16', factory: 'HNSW16', size: 1000, times: 2 },
    { what: 'one request of 50 MB into Flat', factory: 'Flat', size: count, times: 4 },
  ]) {
    const found = [];
    for (let turn = 0; turn < repeat; turn++) {
      const adder = fork(adderFile, [JSON.stringify({ url: server.url, id: await make(factory), count, size, d })]);
      const [bytes] = await once(adder, 'message');
      megabytes = bytes / 1e6;
      const added = once(adder, 'message');
      adder.send('add');
      found.push(...(await searchUntil(client, asked, added)));
      adder.send('end');
      await once(adder, 'exit');
    }
    show(what, found, 25);
  }
  console.log(`searches of ${known.n} x ${d} while ${megabytes.toFixed(0)} MB of JSON are added to another index; ${machine()}`);
  printTable(head, rows);
  client.close();
} finally {
  await server.stop();
}
