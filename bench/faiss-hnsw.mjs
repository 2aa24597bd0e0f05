// HNSW16, efSearch 64, over 30,000 x 384 in clusters, one query a call: one caller beside faiss-cpu on the same graph, two callers
// beside one, the time that building takes, and the recall of the graph that each side has built. Single queries take one thread on both sides.
import { startPeer } from './lib/faiss-peer.mjs';
import { compared, comparedHead, median, printTable } from './lib/table.mjs';
import { clustered, inFolder } from './lib/vectors.mjs';
import { Index } from '../packages/faiss/dist/src/index.js';

const [n, d, k, efSearch] = [30_000, 384, 10, 64];
const turns = 5;
const perTurn = 1000;

const vectors = clustered(n, d, 300, 2);
const queries = clustered(perTurn, d, 300, 2, 0.7);
const query = (i) => queries.subarray(i * d, (i + 1) * d);

async function build(threads) {
  const index = await Index.fromFactory(d, 'HNSW16', 'l2');
  const start = performance.now();
  await index.add(vectors, { threads });
  return { index, seconds: (performance.now() - start) / 1000 };
}

/** Queries a second when `callers` ask one after the other each. */
async function rate(index, callers) {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < perTurn) await index.search(query(next++), k, { efSearch });
    }),
  );
  return (perTurn * 1000) / (performance.now() - start);
}

/** The share of the nearest that was found. `labels(i)` gives those of query i. */
function recall(exact, labels) {
  let found = 0;
  for (let i = 0; i < perTurn; i++) {
    const wanted = new Set(exact.subarray(i * k, (i + 1) * k));
    for (const label of labels(i)) found += wanted.has(BigInt(label)) ? 1 : 0;
  }
  return found / (perTurn * k);
}

/** Recall of both graphs at several efSearch. */
async function recalls(index, peer) {
  const { labels: exact } = await index.search(queries, k, { exact: true });
  const rows = [];
  for (const ef of [16, 32, 64, 128, 256]) {
    await peer.set({ efSearch: ef });
    const ours = await index.search(queries, k, { efSearch: ef });
    const theirs = await peer.search({ k });
    rows.push([
      `recall@${k}, efSearch ${ef}`,
      recall(exact, (i) => ours.labels.subarray(i * k, (i + 1) * k)).toFixed(3),
      recall(exact, (i) => theirs.labels[i]).toFixed(3),
    ]);
  }
  return rows.map(([what, ours, theirs]) => [what, ours, theirs, (Number(ours) / Number(theirs)).toFixed(2), '-', 'shown']);
}

/** Largest products among vectors of log-normal lengths: as many candidates as a server keeps. */
async function recallOfProducts() {
  const rows = [];
  const [width, count] = [64, 10_000];
  const values = clustered(count, width, 1, 3, 1);
  const lengths = clustered(count, 1, 1, 4, 1);
  for (let i = 0; i < values.length; i++) values[i] *= Math.exp(lengths[Math.floor(i / width)]);
  const asked = clustered(100, width, 1, 5, 1);
  const index = await Index.fromFactory(width, 'HNSW32', 'ip');
  await index.add(values);
  for (const many of [10, 100, 500]) {
    const [exact, found] = await Promise.all([
      index.search(asked, many, { exact: true }),
      index.search(asked, many, { efSearch: Math.max(efSearch, 4 * many) }),
    ]);
    let same = 0;
    for (let i = 0; i < 100; i++) {
      const wanted = new Set(exact.labels.subarray(i * many, (i + 1) * many));
      for (const label of found.labels.subarray(i * many, (i + 1) * many)) same += wanted.has(label) ? 1 : 0;
    }
    rows.push([`recall@${many} of products, HNSW32`, (same / (100 * many)).toFixed(3), '', '', '-', 'shown']);
  }
  return rows;
}

await inFolder(async (folder) => {
  const peer = await startPeer();
  await peer.load({ path: await folder.write('vectors', vectors), d });
  await peer.queries({ path: await folder.write('queries', queries), d });
  const { index, seconds: alone } = await build(1);
  const peerAlone = await peer.build({ factory: 'HNSW16', threads: 1 });
  const recallRows = await recalls(index, peer);
  await index.write(folder.path('index'));
  await peer.read({ path: folder.path('index') });
  await peer.set({ efSearch });

  const times = { ours: [], peer: [] };
  const rates = { one: [], two: [] };
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < perTurn; i++) {
      const start = performance.now();
      await index.search(query(i), k, { efSearch });
      times.ours.push((performance.now() - start) * 1000);
    }
    times.peer.push(...(await peer.search({ k })).times);
    rates.one.push(await rate(index, 1));
    rates.two.push(await rate(index, 2));
  }
  const gain = median(rates.two) / median(rates.one);
  console.log(`HNSW16 efSearch ${efSearch}, ${n} x ${d} in clusters, one query a call, k = ${k}; peer ${peer.name}`);
  printTable(comparedHead, [
    compared('one caller, median', median(times.ours), median(times.peer), 1.3),
    [
      'two callers beside one',
      `${median(rates.two).toFixed(0)}/s`,
      `${median(rates.one).toFixed(0)}/s`,
      gain.toFixed(2),
      '>= 1.6',
      gain >= 1.6 ? 'ok' : 'missed',
    ],
    compared('build, one thread', alone, peerAlone.add, undefined, 's'),
    ...recallRows,
    ...(await recallOfProducts()),
  ]);
  peer.close();
});
