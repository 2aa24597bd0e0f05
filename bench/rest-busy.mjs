// Small searches on one index while 50 MB of JSON adds come into another: the time that a searcher waits, idle and busy.
// A search is due every 4 ms; one that has to wait for the one before it is timed from when it was due. The adds come from another thread.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openClient, request } from './lib/client.mjs';
import { batches, corpus, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable, quantile } from './lib/table.mjs';

const everyMs = 4;
const [d, total] = [384, 50e6];
/** In full digits. */
const bytesPerVector = 7700;

if (isMainThread) await main();
else await addWhenTold(workerData);

/** The thread that adds: makes its requests, says so, and sends them at each word from the main thread. */
async function addWhenTold({ url, id, count, size }) {
  const client = await openClient(url);
  const vectors = corpus({ n: count, d, seed: 31 });
  const requests = [...batches(vectors, { size })].map((rows) => request('POST', `/v1/index/${id}/vectors`, { vectors: rows }));
  parentPort.on('message', async (word) => {
    if (word === 'end') {
      client.close();
      parentPort.close();
      return;
    }
    for (const one of requests) await client.ask(one);
    parentPort.postMessage('added');
  });
  parentPort.postMessage(requests.reduce((sum, { bytes }) => sum + bytes.length, 0));
}

/** Searches in step until `over` is settled. @returns milliseconds of each */
async function searchUntil(client, asked, over) {
  let going = true;
  const settled = over.finally(() => (going = false));
  const times = [];
  let due = performance.now();
  for (let i = 0; going; i++) {
    const now = performance.now();
    if (now < due) await pause(due - now);
    // A timer that rings late is the client's fault; an answer that comes after the next search was due is the server's.
    const start = now > due ? due : performance.now();
    await client.ask(asked[i % asked.length]);
    times.push(performance.now() - start);
    due = Math.max(due, start) + everyMs;
  }
  await settled;
  return times;
}

async function main() {
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
        const worker = new Worker(new URL(import.meta.url), { workerData: { url: server.url, id: await make(factory), count, size } });
        const [bytes] = await once(worker, 'message');
        megabytes = bytes / 1e6;
        const added = once(worker, 'message');
        worker.postMessage('add');
        found.push(...(await searchUntil(client, asked, added)));
        worker.postMessage('end');
        await once(worker, 'exit');
      }
      show(what, found, 25);
    }
    console.log(`searches of ${known.n} x ${d} while ${megabytes.toFixed(0)} MB of JSON are added to another index; ${machine()}`);
    printTable(head, rows);
    client.close();
  } finally {
    await server.stop();
  }
}
