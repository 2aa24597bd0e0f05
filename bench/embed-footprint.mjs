// From the start of the process to the first embedding; memory with one model, idle and after 20,000 requests of mixed lengths.
import { setTimeout as pause } from 'node:timers/promises';
import { openClient, request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { underLoad } from './lib/load.mjs';
import { textOf } from './lib/mini-lm.mjs';
import { childrenOf, memoryOf } from './lib/memory.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';
import { random } from './lib/vectors.mjs';

const starts = scaled(5, 2);
const requests = scaled(20_000, 100);
const warmUp = scaled(2000, 50);

const LEAVE_SECONDS = 60;

/** Resolves when it is so; the processes for a crowd stay for half a minute after it. */
async function left(isSo) {
  for (const began = performance.now(); !isSo();) {
    if (performance.now() - began > LEAVE_SECONDS * 1000) throw new Error(`the crowd's processes were there after ${LEAVE_SECONDS} s`);
    await pause(500);
  }
}

const rows = [];
const times = [];
for (let i = 0; i < starts; i++) {
  const began = performance.now();
  const server = await startServer();
  const client = await openClient(server.url);
  await client.post('/v1/embed', { text: 'how to reset password' });
  times.push((performance.now() - began) / 1000);
  client.close();
  await server.stop();
}
rows.push(line(`start to the first embedding, median of ${starts}`, median(times), { most: 1.2, unit: 's' }));

const server = await startServer();
try {
  const client = await openClient(server.url);
  await client.post('/v1/embed', { text: 'how to reset password' });
  client.close();
  const uniform = random(7);
  let serial = 0;
  /** Mostly short, some long, a few past what the model reads. */
  const length = () => {
    const [kind, share] = [uniform(), uniform()];
    return Math.ceil(kind < 0.7 ? 1 + 9 * share : kind < 0.95 ? 10 + 30 * share : kind < 0.995 ? 40 + 160 * share : 200 + 400 * share);
  };
  const next = () => request('POST', '/v1/embed', { text: `${serial} ${textOf(length(), serial++)}` });
  const send = (count) => underLoad({ url: server.url, clients: 16, count }, next);
  const idle = memoryOf(server.pid);
  await send(warmUp);
  const warm = memoryOf(server.pid);
  await send(requests - warmUp);
  const crowded = memoryOf(server.pid);
  const processes = childrenOf(server.pid).length;
  await left(() => childrenOf(server.pid).length === 1);
  const after = memoryOf(server.pid);
  const memory = (what, { pss }, bars = {}) => rows.push(line(what, pss, { unit: 'MB', digits: 0, ...bars }));
  memory('one model, idle', idle, { most: 300 });
  memory(`after ${warmUp} requests of 16 clients`, warm);
  memory(`after ${requests}, ${processes} inference processes`, crowded);
  // L1 is full by then, and the processes that came for the crowd have left.
  memory(`after ${requests}, the crowd has left`, after, { beside: idle.pss, besideName: 'idle', most: 1.1 * idle.pss });
  // Of Node's own 50 MB each process on the machine that runs it has a share: fewer of them, more of it here.
  rows.push(line('the same, without pages of files', after.own, { beside: idle.own, besideName: 'idle', unit: 'MB', digits: 0 }));
  rows.push(line('the same, by resident sets added up', after.rss, { beside: idle.rss, besideName: 'idle', unit: 'MB', digits: 0 }));
  console.log(`footprint with one model; memory is proportional (PSS); ${machine()}`);
  printTable(head, rows);
} finally {
  await server.stop();
}
