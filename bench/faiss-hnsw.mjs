// HNSW16, efSearch 64, over 30,000 x 384 in clusters, one query a call: one caller beside faiss-cpu on the same graph, two callers
// beside one, and the time that building takes. Single queries take one thread on both sides, builds one and two.
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

await inFolder(async (folder) => {
  const peer = await startPeer();
  await peer.load({ path: await folder.write('vectors', vectors), d });
  await peer.queries({ path: await folder.write('queries', queries), d });
  const { index, seconds: alone } = await build(1);
  const peerAlone = await peer.build({ factory: 'HNSW16', threads: 1 });
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
  ]);
  peer.close();
});
