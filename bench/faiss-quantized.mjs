// IVF256,PQ48 with nprobe 16, and SQ8, over 50,000 x 384: one query a call, one thread on both sides, the same index.
import { startPeer } from './lib/faiss-peer.mjs';
import { compared, comparedHead, median, printTable } from './lib/table.mjs';
import { clustered, inFolder } from './lib/vectors.mjs';
import { Index } from '../packages/faiss/dist/src/index.js';

const [n, d, k, train] = [50_000, 384, 10, 20_000];
const kinds = [
  { factory: 'IVF256,PQ48np', set: { nprobe: 16 } },
  { factory: 'SQ8', set: {} },
  { factory: 'IVF256,SQ8', set: { nprobe: 16 } },
];
const wanted = process.argv.slice(2);

await inFolder(async (folder) => {
  const vectors = clustered(n, d, 300, 4);
  const queries = clustered(100, d, 300, 4, 0.7);
  const peer = await startPeer();
  await peer.queries({ path: await folder.write('queries', queries), d });
  const rows = [];
  for (const { factory, set } of kinds.filter(({ factory: name }) => wanted.length === 0 || wanted.includes(name))) {
    const index = await Index.fromFactory(d, factory, 'l2');
    const start = performance.now();
    await index.train(vectors.subarray(0, train * d));
    const trained = performance.now();
    await index.add(vectors);
    console.log(
      `${factory}: trained in ${((trained - start) / 1000).toFixed(1)} s, added in ${((performance.now() - trained) / 1000).toFixed(1)} s`,
    );
    await index.write(folder.path('index'));
    await peer.read({ path: folder.path('index') });
    await peer.set(set);
    const [ours, theirs] = [[], []];
    let same = 0;
    for (let turn = 0; turn < 5; turn++) {
      const labels = [];
      for (let i = 0; i < queries.length / d; i++) {
        const from = performance.now();
        const result = await index.search(queries.subarray(i * d, (i + 1) * d), k, set);
        ours.push((performance.now() - from) * 1000);
        labels.push(Array.from(result.labels, Number));
      }
      const answer = await peer.search({ k });
      theirs.push(...answer.times);
      same = labels.flat().filter((label, i) => label === answer.labels.flat()[i]).length / labels.flat().length;
    }
    rows.push(compared(`${factory} ${JSON.stringify(set)}, labels equal ${(same * 100).toFixed(1)}%`, median(ours), median(theirs)));
    await index.release();
  }
  console.log(`${n} x ${d} in clusters, one query a call, k = ${k}; peer ${peer.name}`);
  printTable(comparedHead, rows);
  peer.close();
});
