// Flat L2 over 100,000 x 384, one query a call: through the addon, and faiss-cpu. Turns of both in one run, for the machine may be noisy.
// Single queries take one thread in faiss-cpu; ours takes what is free, so both one thread and all cores are shown.
import { startPeer } from './lib/faiss-peer.mjs';
import { compared, comparedHead, median, printTable } from './lib/table.mjs';
import { clustered, inFolder } from './lib/vectors.mjs';
import { Index } from '../packages/faiss/dist/src/index.js';

const [n, d, k] = [100_000, 384, 10];
const turns = Number(process.argv[2] ?? 7);

await inFolder(async (folder) => {
  const vectors = clustered(n, d, 200, 1);
  const queries = clustered(20, d, 200, 1, 0.7);
  const peer = await startPeer();
  await peer.load({ path: await folder.write('vectors', vectors), d });
  await peer.queries({ path: await folder.write('queries', queries), d });
  await peer.build({ factory: 'Flat' });
  const index = await Index.fromFactory(d, 'Flat', 'l2');
  await index.add(vectors);

  const ours = [];
  const theirs = [];
  for (let turn = 0; turn < turns; turn++) {
    for (let q = 0; q < queries.length / d; q++) {
      const query = queries.subarray(q * d, (q + 1) * d);
      const start = performance.now();
      await index.search(query, k);
      ours.push((performance.now() - start) * 1000);
    }
    theirs.push(...(await peer.search({ k })).times);
  }
  console.log(`flat L2, ${n} x ${d}, one query, k = ${k}; peer ${peer.name}`);
  printTable(comparedHead, [compared('median', median(ours), median(theirs), 1.15)]);
  peer.close();
});
