// What 100,000 x 384 in a Flat index take: memory of the server process, disk at rest, the start to the first answered search; and an empty start.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient, request } from './lib/client.mjs';
import { batches, corpus, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';

const emptyStarts = 5;
const vectors = corpus({ n: scaled(100_000), seed: 41 });
const raw = vectors.values.byteLength / 1e6;
const memoryBar = 1.3 * raw + 200;

/** Memory of one process that is its own, in MB: neither shared nor files. */
function rssAnon(pid) {
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (found === null) throw new Error('this system does not tell RssAnon');
  return (Number(found[1]) * 1024) / 1e6;
}

/** The same of its inference processes. */
function rssOfChildren(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + rssAnon(child), 0);
}

/** Bytes of all files below a folder, as they say (du --apparent-size), in MB. */
function diskOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1e6;
}

const rows = [];
const memory = (what, pid) => {
  rows.push(line(`memory ${what}: the server`, rssAnon(pid), { most: memoryBar, unit: 'MB', digits: 0 }));
  rows.push(line(`memory ${what}: with inference processes`, rssAnon(pid) + rssOfChildren(pid), { unit: 'MB', digits: 0 }));
};

const dataDir = await mkdtemp(join(tmpdir(), 'voisin-bench-'));
try {
  const first = await startServer({ dataDir });
  let search;
  try {
    const client = await openClient(first.url);
    const { id } = await client.post('/v1/index', { name: 'bench', dimension: vectors.d, metric: 'cosine', factory: 'Flat' });
    for (const batch of batches(vectors, { metadata: (i) => ({ n: i }) })) await client.post(`/v1/index/${id}/vectors`, { vectors: batch });
    search = request('POST', `/v1/index/${id}/search`, { vector: row(vectors, 0), k: 10 });
    await client.ask(search);
    memory('after loading', first.pid);
    client.close();
  } finally {
    await first.stop();
  }
  rows.push(line('disk at rest', diskOf(dataDir), { most: 2.2 * raw, unit: 'MB', digits: 0 }));

  const began = performance.now();
  const second = await startServer({ dataDir });
  try {
    const client = await openClient(second.url);
    const { results } = await client.ask(search);
    const milliseconds = performance.now() - began;
    if (results.length !== 10 || results[0].id !== 'v0') throw new Error('the restarted server does not find what was added');
    memory('after a restart and a search', second.pid);
    rows.push(line('start to the first answered search', milliseconds / 1000, { most: 2, unit: 's' }));
    client.close();
  } finally {
    await second.stop();
  }

  const starts = [];
  for (let i = 0; i < emptyStarts; i++) {
    const empty = await startServer();
    starts.push(empty.startedMs / 1000);
    await empty.stop();
  }
  rows.push(line(`empty start to /v1/health, median of ${emptyStarts}`, median(starts), { most: 1, unit: 's' }));
  console.log(`footprint of ${vectors.n} x ${vectors.d} in Flat (raw: ${raw.toFixed(1)} MB; files are in the page cache); ${machine()}`);
  printTable(head, rows);
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
